"""One decode step by hand, with coefficients of round numbers, and what must hold whatever the coefficients are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from greenai_infra.footprint import inference
from greenai_infra.footprint.host_power import host_power_w
from greenai_infra.footprint.inference import Chip, Coefficients, ServedModel, Traffic, serve
from greenai_infra.footprint.model_shape import NO_WINDOW, shaped_model

# A dense model of 10e9 weights in 16 bits with 1 MB of cache a token, on a chip of 1,000 GB/s, 100 TFLOPS and 500 W.
DENSE = ServedModel(10e9, 10e9, 10e9, 1.0, 40, 5000, 0.0, 1e6, 1e6, NO_WINDOW, 0.0, 2.0)
CHIP = Chip(500.0, 100e12, 1000e9)
SHORT = Traffic(100, 200, 10)
KNOWN = Coefficients(0.8, 0.5, 0.5, 0.5, 2.0, 0.05, 0.1, 0.2, 0.01, 0.3, 0.4, 0.5)
FIT = {
    "roof_sharpness": 8.0,  # so sharp that the smooth maximum is the maximum to a millionth here
    "expert_spread": 1.0,
    "state_mb_per_layer": 2.0,
    "all_reduce_ms_per_log2_chips": 0.01,
    "all_reduce_ms_per_mega_value": 0.5,
    "sequence_ms_per_100k_vocabulary": 0.0,
}


def step(model: ServedModel = DENSE, traffic: Traffic = SHORT, chips: int = 1) -> inference.Serving:
    return serve(model, traffic, CHIP, chips, KNOWN, FIT)


def test_a_decode_step_by_hand() -> None:
    # weights 20e9 B / (1e12 x 0.8)                             25.000 ms   (compute: 2e11 / (1e14 x 0.5) = 4 ms)
    # cache   1e6 x (100 + 100) x 10 B / (1e12 x 0.5)            4.000 ms
    # overhead 2 + 40 x 0.05 + 10 x 0.01                         4.100 ms
    # prefill 2 x 10e9 x 100 x 10 / 200 / (1e14 x 0.5)           2.000 ms
    found = step()

    assert found.decode_step_s == pytest.approx(0.0331)
    assert found.step_s == pytest.approx(0.0351)
    assert found.requests_per_second == pytest.approx(10 / (0.0351 * 200))


def test_power_and_joules_by_hand() -> None:
    # memory busy 22e9 B / 1e12 / 0.0351 s = 62.68 %, compute (2e11 + 1e11) FLOP / 1e14 / 0.0351 s = 8.547 %:
    # 500 W x (0.3 + 0.4 x 0.6268^0.7 + 0.5 x 0.08547) = 500 x (0.3 + 0.28841 + 0.042735)
    found = step()

    assert found.chip_power_w == pytest.approx(500 * (0.3 + 0.4 * 0.62678**0.7 + 0.5 * 0.08547), rel=1e-4)
    assert inference.j_per_output_token(found, Traffic(100, 200, 10), 1) == pytest.approx(
        found.chip_power_w * 0.0351 / 10
    )
    assert inference.answer_ms(found, Traffic(100, 200, 10)) == pytest.approx(7020.0)


def test_more_chips_share_the_work_and_pay_for_joining() -> None:
    # On 4: 25 / 4 + 4 / 4 + 4.1 + 40 x (0.01 x 2 + 0.5 x 10 x 5000 / 1e6) = 6.25 + 1 + 4.1 + 1.8 ms.
    assert step(chips=4).decode_step_s == pytest.approx(0.01315)


def test_a_batch_reads_the_experts_that_it_touches() -> None:
    # 100e9 weights, 10e9 active, a tenth of the experts a token: experts hold 90e9 / 0.9 = 100e9, none is always read,
    # so at least a fifth of the active weights is taken to be. 2 tokens touch 1 - 0.9^2 = 19 % of the experts.
    moe = ServedModel(100e9, 10e9, 10e9, 0.1, 40, 5000, 0.0, 0.0, 0.0, NO_WINDOW, 0.0, 1.0)

    assert inference.weight_bytes_read(moe, 2.0, FIT) == pytest.approx(0.19 * 100e9 + 2e9)
    assert inference.weight_bytes_read(moe, 1e6, FIT) == pytest.approx(102e9)
    assert inference.weight_bytes_read(DENSE, 500.0, FIT) == 20e9


def test_a_window_bounds_the_cache_of_its_layers() -> None:
    # Half of the bytes stop growing at 1,000 tokens.
    model = DENSE._replace(kv_bytes_past_window=0.5e6, window_tokens=1000.0)

    assert inference.kv_bytes(model, 800.0) == pytest.approx(800e6)
    assert inference.kv_bytes(model, 5000.0) == pytest.approx(0.5e6 * 5000 + 0.5e6 * 1000)


def test_recurrent_layers_hold_a_state_whatever_the_length() -> None:
    model = DENSE._replace(kv_bytes_per_token=0.0, kv_bytes_past_window=0.0, state_layers=20.0)

    assert inference.cache_bytes_read(model, Traffic(10, 10, 8), FIT) == 20 * 2e6 * 8
    assert inference.cache_bytes_read(model, Traffic(9000, 900, 8), FIT) == 20 * 2e6 * 8


def test_what_a_prefix_cache_holds_is_not_computed_but_kept() -> None:
    whole, cached = Traffic(1000, 200, 10), Traffic(100, 200, 10, cached_tokens=900)

    assert step(traffic=cached).step_s < step(traffic=whole).step_s
    assert inference.memory_gb(DENSE, cached) == inference.memory_gb(DENSE, whole)


def test_weights_cache_and_headroom_must_fit_together() -> None:
    # (20 GB + 1 MB x 300 tokens x 10 requests) x 1.25.
    assert inference.memory_gb(DENSE, Traffic(100, 200, 10)) == pytest.approx(1.25 * 23)


def test_arrays_give_what_single_values_give() -> None:
    batches = np.array([1.0, 8.0, 64.0])
    together = step(traffic=Traffic(100, 200, batches))

    for i, batch in enumerate(batches):
        alone = step(traffic=Traffic(100, 200, float(batch)))
        assert together.step_s[i] == pytest.approx(alone.step_s)
        assert together.chip_power_w[i] == pytest.approx(alone.chip_power_w)


@pytest.mark.parametrize("architecture", ["dense", "moe", "hybrid", "hybrid-moe"])
@pytest.mark.parametrize("engine", ["hf-transformers", "vllm-0.5", "vllm-0.11"])
@pytest.mark.parametrize("chip_class", ["ampere", "hopper", "blackwell", "other"])
def test_what_must_hold_for_every_fit(architecture: str, engine: str, chip_class: str) -> None:
    known = inference.coefficients(engine, chip_class, "bf16")
    active = 4e9 if "moe" in architecture else 30e9
    model = shaped_model(30e9, active, architecture, 2.0)

    def joules(of: ServedModel, traffic: Traffic) -> float:
        return float(inference.j_per_output_token(serve(of, traffic, CHIP, 4, known), traffic, 4))

    batches = [2.0**power for power in range(11)]
    for small, large in pairwise(batches):  # energy a token does not rise with the batch
        assert joules(model, Traffic(200, 400, large)) <= joules(model, Traffic(200, 400, small)) * (1 + 1e-9)
    for short, long in pairwise([10, 50, 100, 500, 1000, 5000]):  # more output tokens never cost less
        assert long * joules(model, Traffic(200, long, 32)) >= short * joules(model, Traffic(200, short, 32))
    if architecture == "dense":  # a bigger dense model never costs less
        sizes = [shaped_model(size, size, "dense", 2.0) for size in (1e9, 3e9, 8e9, 13e9, 34e9, 70e9, 180e9)]
        for small_model, large_model in pairwise(sizes):
            assert joules(large_model, Traffic(200, 400, 32)) >= joules(small_model, Traffic(200, 400, 32))


def test_eight_chips_share_one_host() -> None:
    assert host_power_w(8) == pytest.approx(1200)
    assert host_power_w(4) == pytest.approx(600)
