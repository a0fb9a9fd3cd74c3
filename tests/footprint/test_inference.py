"""The serving roofline against measured runs (ML.ENERGY v3, vLLM 0.11, one H100, chat), in order of magnitude."""

from __future__ import annotations

import pytest

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.inference import ServedModel, Traffic, replica_power_kw, serve, serving_memory_gb

LLAMA_8B = ServedModel(8.03e9, 8.03e9, 131_072, "bf16")


def joules_per_output_token(model: ServedModel, batch: float, chips: int = 1) -> float:
    one = serve(model, Traffic(100, 400, batch), find_accelerator("H100"), chips)
    return chips * one.chip_power_w * one.step_s / batch


@pytest.mark.parametrize(
    ("batch", "measured"), [(8, 0.455), (16, 0.263), (32, 0.165), (64, 0.119), (128, 0.095), (256, 0.077), (512, 0.070)]
)
def test_an_8b_model_on_one_h100_lies_within_the_stated_band(batch: float, measured: float) -> None:
    band = Estimate.of("roofline_band")
    modelled = joules_per_output_token(LLAMA_8B, batch)

    assert modelled * band.low < measured < modelled * band.high


def test_batching_is_what_saves_most() -> None:
    # Measured: 0.455 J at batch 8 is 6.5 times the 0.070 J at batch 512.
    ratio = joules_per_output_token(LLAMA_8B, 8) / joules_per_output_token(LLAMA_8B, 512)

    assert 4 < ratio < 12


def test_a_step_takes_milliseconds_not_microseconds() -> None:
    # Measured at batch 8: 7.3 ms between tokens. Reading 16 GB at 3,350 GB/s alone takes 4.8 ms.
    one = serve(LLAMA_8B, Traffic(100, 400, 8), find_accelerator("H100"), 1)

    assert 0.0048 < one.step_s < 2 * 0.0073


def test_a_request_takes_a_step_for_each_output_token() -> None:
    short = serve(LLAMA_8B, Traffic(100, 100, 8), find_accelerator("H100"), 1)

    assert short.requests_per_second == pytest.approx(8 / (100 * short.step_s))


def test_fp8_does_not_halve_energy_at_a_small_batch() -> None:
    # There is no flat saving: weights are half as large, launch and idle power are not.
    fp8 = ServedModel(8.03e9, 8.03e9, 131_072, "fp8")

    assert joules_per_output_token(fp8, 8) > 0.5 * joules_per_output_token(LLAMA_8B, 8)


def test_a_small_batch_reads_some_experts_and_a_large_one_all() -> None:
    moe = ServedModel(100e9, 10e9, 1000, "fp8")

    assert 10e9 <= moe.weight_bytes_read(1) < moe.weight_bytes_read(8) < 100e9
    assert moe.weight_bytes_read(1000) == pytest.approx(100e9)


def test_a_dense_model_is_read_whole_at_any_batch() -> None:
    assert LLAMA_8B.weight_bytes_read(1) == LLAMA_8B.weight_bytes_read(512) == 16.06e9


def test_weights_cache_and_headroom_must_fit_together() -> None:
    # (16.06 GB + 131,072 x 1,000 tokens x 64 sequences = 8.39 GB) x 1.25.
    assert serving_memory_gb(LLAMA_8B, Traffic(600, 400, 64)) == pytest.approx(1.25 * (16.06 + 8.388608))


def test_a_precision_without_speed_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        serve(LLAMA_8B, Traffic(100, 400, 8), find_accelerator("T4"), 1)


def test_eight_chips_share_one_host() -> None:
    # 8 x 500 W + 1.2 kW.
    assert replica_power_kw(8, 500) == pytest.approx(5.2)
    assert replica_power_kw(4, 0) == pytest.approx(0.6)
