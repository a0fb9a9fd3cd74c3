"""What surrounds the physics of one set-up: memory, server, a region's grid, embodied share, price, bad input."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra import estimate_inference
from greenai_infra.errors import InputError
from greenai_infra.estimates.serving_names import read_architecture

ON_H100: dict[str, Any] = {
    "accelerator": "H100",
    "precision": "bf16",
    "engine": "vllm-0.11",
    "input_tokens": 500,
    "output_tokens": 200,
}
LLAMA = "Llama-3.1-8B-Instruct"


def test_memory_is_weights_and_cache_with_headroom() -> None:
    # (8.03e9 x 2 B + 131,072 B a token x 700 tokens x 64) x 1.25 = 27.4 GB
    found = estimate_inference(LLAMA, batch=64, **ON_H100)

    assert found.memory_gb == pytest.approx((16.06 + 131072 * 700 * 64 / 1e9) * 1.25, rel=1e-3)
    assert (found.accelerators, found.fits) == (1, True)


def test_the_wall_adds_the_host_s_share() -> None:
    # 1,200 W for eight chips: 150 W beside each.
    found = estimate_inference(LLAMA, batch=64, **ON_H100)

    assert found.wall_power_w - found.gpu_power_w == pytest.approx(150)
    assert found.wall_j_per_request == pytest.approx(found.wall_power_w / found.requests_per_second)
    assert found.gpu_j_per_request == pytest.approx(200 * found.gpu_j_per_output_token)
    # By Little's law 64 requests are at work.
    assert found.requests_per_second * found.answer_ms / 1000 == pytest.approx(64)


def test_a_region_adds_pue_intensity_embodied_share_and_price() -> None:
    # us-east-1: PUE 1.15, 418 g/kWh. p5.4xlarge is the whole of its one chip: 164 kg, and an eighth of a server.
    found = estimate_inference(LLAMA, batch=64, region="us-east-1", **ON_H100)
    place = found.in_place
    assert place is not None

    assert (place.grid.region, place.grid.pue, place.grid.g_per_kwh, place.grid.basis) == (
        "aws:us-east-1", 1.15, 418, "lifecycle",
    )  # fmt: skip
    assert place.operational_g_per_request == pytest.approx(found.wall_j_per_request / 3.6e6 * 1.15 * 418)
    assert place.g_per_request == place.operational_g_per_request + place.embodied_g_per_request
    assert place.operational_g_per_request_low < place.operational_g_per_request < place.operational_g_per_request_high
    assert place.usd_per_1000_requests == pytest.approx(6.88 / 3.6 / found.requests_per_second, rel=0.01)
    assert "p5.4xlarge" in place.price_source


def test_where_the_chip_is_not_offered_there_is_no_price() -> None:
    found = estimate_inference(LLAMA, batch=8, region="gcp:us-central1", **{**ON_H100, "accelerator": "Inferentia2"})

    assert found.in_place is not None
    assert found.in_place.usd_per_1000_requests is None
    assert any("gcp:us-central1 has no known offer of Inferentia2" in note for note in found.notes)


def test_what_does_not_fit_says_how_many_do() -> None:
    # 70.6e9 x 2 B x 1.25 are 176 GB and more: three chips of 80 GB, and so four.
    found = estimate_inference("Llama-3.1-70B-Instruct", count=1, batch=1, **ON_H100)

    assert not found.fits
    assert any("1 x H100 do not hold it, 4 do" in note for note in found.notes)


def test_reasoning_tokens_are_output_tokens() -> None:
    silent = estimate_inference(LLAMA, batch=64, **ON_H100)
    thinking = estimate_inference(LLAMA, batch=64, reasoning_tokens=800, **ON_H100)

    assert thinking.output_tokens == 1000
    # Five times the steps; the prompt is paid once, the cache is longer.
    assert 3 < thinking.gpu_j_per_request / silent.gpu_j_per_request < 6


def test_a_model_of_one_s_own_has_an_estimated_cache() -> None:
    found = estimate_inference(parameters=13e9, batch=8, **ON_H100)

    assert "KV cache, layers and width estimated from the parameters" in found.notes


@pytest.mark.parametrize(("stated", "taken_as"), [("dense", "moe"), ("hybrid", "hybrid-moe"), ("rnn", "moe")])
def test_fewer_active_parameters_make_a_mixture_of_any_architecture(stated: str, taken_as: str) -> None:
    sizes: dict[str, Any] = {"parameters": 30e9, "active_parameters": 3e9, "batch": 8}
    found = estimate_inference(architecture=stated, **sizes, **ON_H100)
    mixture = estimate_inference(architecture=taken_as, **sizes, **ON_H100)

    assert found.gpu_j_per_output_token == mixture.gpu_j_per_output_token
    assert f"{stated} with active parameters: treated as a mixture of experts" in found.notes


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Sparse MoE", "moe"), ("mixture of experts", "moe"), ("128 experts", "moe"), ("Decoder-only", "dense"),
        ("Mamba-Transformer Hybrid", "hybrid"), ("Hybrid Mamba MoE", "hybrid-moe"), ("RWKV", "rnn"),
        ("Recurrent hybrid", "hybrid"), ("", None),
    ],
)  # fmt: skip
def test_an_architecture_may_be_in_words(words: str, kind: str | None) -> None:
    assert read_architecture(words) == kind


@pytest.mark.parametrize("architecture", [None, "dense", "hybrid", "rnn"])
def test_an_embedding_left_out_makes_no_mixture(architecture: str | None) -> None:
    whole = estimate_inference(parameters=8e9, architecture=architecture, batch=8, **ON_H100)
    less = estimate_inference(parameters=8e9, active_parameters=7.5e9, architecture=architecture, batch=8, **ON_H100)
    assert less == whole


def test_a_mixture_without_its_active_parameters_says_what_it_was_taken_for() -> None:
    found = estimate_inference(parameters=30e9, architecture="moe", batch=8, **ON_H100)
    assert "active parameters not given: every token is assumed to use all of them" in found.notes


def test_a_named_model_stays_itself_and_says_so_where_another_size_is_stated() -> None:
    named = estimate_inference(LLAMA, batch=8, **ON_H100)
    rounded = estimate_inference(LLAMA, parameters=8e9, batch=8, **ON_H100)
    other = estimate_inference(LLAMA, parameters=7e9, batch=8, **ON_H100)

    assert rounded == named
    assert other.gpu_j_per_output_token == named.gpu_j_per_output_token
    assert f"{LLAMA} has 8.03e9 parameters: used instead of the stated number" in other.notes


@pytest.mark.parametrize("engine", ["sglang", "vllm-0.8", "llama.cpp"])
def test_an_engine_that_was_not_measured_is_extrapolated(engine: str) -> None:
    here = {**ON_H100, "engine": engine}
    measured, other = (estimate_inference(LLAMA, batch=8, **of) for of in (ON_H100, here))

    assert other.gpu_j_per_output_token == measured.gpu_j_per_output_token
    assert other.gpu_j_per_output_token_high == pytest.approx(1.5 * measured.gpu_j_per_output_token_high)
    assert any("extrapolated" in note for note in other.notes)


def test_an_unmeasured_chip_has_a_wider_band() -> None:
    def width(accelerator: str) -> float:
        of = estimate_inference(LLAMA, batch=8, **{**ON_H100, "accelerator": accelerator})
        return of.gpu_j_per_output_token_high / of.gpu_j_per_output_token_low

    assert width("TPU-v5e") == pytest.approx(1.5**2 * width("H100"))


@pytest.mark.parametrize("tokens", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("key", ["output_tokens", "batch", "parameters", "active_parameters", "kv_bytes_per_token"])
def test_impossible_numbers(key: str, tokens: float) -> None:
    stated: dict[str, Any] = {**ON_H100, "parameters": 8e9, key: tokens}
    with pytest.raises(InputError, match=f"{tokens:g}"):
        estimate_inference("mine", **stated)


@pytest.mark.parametrize("key", ["cached_tokens", "reasoning_tokens", "input_tokens"])
@pytest.mark.parametrize("tokens", [-1, float("nan"), float("inf")])
def test_impossible_tokens_beside(key: str, tokens: float) -> None:
    with pytest.raises(InputError, match="possible"):
        estimate_inference(LLAMA, **{**ON_H100, key: tokens})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"model": "Llama-3.1-8B-Instuct"}, "did you mean Llama-3.1-8B-Instruct"),
        ({"accelerator": "H10"}, "did you mean H100"),
        ({"region": "aws:us-eat-1"}, "did you mean aws:us-east-1"),
        ({"precision": "bf61"}, "did you mean bf16"),
        ({"architecture": "densest-ever"}, None),
        ({"architecture": "convolutional"}, "unknown architecture"),
        ({"model": None}, "name an open model"),
        ({"count": 0}, "0 accelerators"),
        ({"count": 2.5}, "2.5 accelerators are not possible; give a whole number"),
        ({"batch": 1e12}, r"batch 1e\+12 is not possible; give a number above 0 and below 1e\+09"),
        ({"kv_bytes_per_token": 1e300}, r"1e\+300 are not possible"),
    ],
)  # fmt: skip
def test_names_that_are_unknown(wrong: dict[str, Any], said: str | None) -> None:
    stated = {"model": LLAMA, **ON_H100, **wrong}
    if said is None:
        assert estimate_inference(**stated).fits
        return
    with pytest.raises(InputError, match=said):
        estimate_inference(**stated)
