"""Fewer bits a weight: by precision and batch, held against ratios that others measured."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.errors import InputError
from greenai_infra.estimates.precisions import PrecisionRow, compare_precisions

LLAMA: dict[str, Any] = {
    "model": "Llama-3.1-8B-Instruct",
    "engine": "vllm-0.7",
    "input_tokens": 300,
    "output_tokens": 256,
}


def by_batch(accelerator: str, precision: str) -> dict[float, PrecisionRow]:
    found = compare_precisions(accelerator=accelerator, count=1, **LLAMA)
    return {row.batch: row for row in found.rows if row.precision == precision}


@pytest.mark.parametrize(
    ("precision", "batch", "least", "most"),
    [
        # A100 of 40 and 80 GB and A800, vLLM 0.7.3, AccelMark: 8 requests at once, then a full batch.
        ("fp8", 8, 1.32, 1.44),
        ("int8", 8, 1.20, 1.34),
        ("int4", 8, 1.41, 1.65),
        ("fp8", 256, 1.06, 1.08),
        ("int8", 256, 1.32, 1.34),
        ("int4", 256, 0.65, 0.66),
    ],
)
def test_throughput_on_a100_is_near_what_was_measured(precision: str, batch: int, least: float, most: float) -> None:
    found = by_batch("A100-80GB", precision)[batch].throughput_ratio

    assert 0.93 * least <= found <= 1.07 * most


def test_no_flat_percentage_is_right() -> None:
    # 4-bit weights save at one request, where weights are read, and cost in full batches, where they are unpacked.
    rows = by_batch("H100", "int4")

    assert rows[1].energy_ratio < 0.7
    assert rows[256].energy_ratio > 1


def test_the_memory_of_weights_is_halved() -> None:
    found = compare_precisions(accelerator="H100", batch=1, **LLAMA)
    memory = {row.precision: row.memory_gb for row in found.rows}

    assert memory["fp8"] / memory["bf16"] == pytest.approx(0.5, abs=0.01)
    assert memory["int4"] / memory["bf16"] == pytest.approx(0.53 / 2, abs=0.01)


def test_fewer_bits_may_need_fewer_chips() -> None:
    # 70.6e9 weights: 176, 88 and 47 GB with headroom, on chips of 80 GB.
    found = compare_precisions(accelerator="H100", batch=1, **{**LLAMA, "model": "Llama-3.1-70B-Instruct"})

    assert {row.precision: row.accelerators for row in found.rows} == {"bf16": 4, "fp8": 2, "int8": 2, "int4": 1}


def test_measured_ratios_of_the_chip_stand_beside() -> None:
    found = compare_precisions(accelerator="A100-40GB", batch=8, **LLAMA)
    (marlin,) = [one for one in found.measured if one.precision == "int4" and one.batch == "8"]

    assert found.measured_here
    assert marlin.throughput_ratio == (1.654, 1.654, 1.654)
    assert "AccelMark" in marlin.sources[0]


def test_eight_bits_of_a_mixture_may_cost_and_the_comparison_says_so() -> None:
    # 17 measured pairs of a mixture of 235B: 54 to 61 % more energy at batch 8, 4 to 16 % less from 64 on.
    found = compare_precisions(accelerator="H100", batch=8, **{**LLAMA, "model": "Qwen3-235B-A22B-Thinking-2507"})
    pairs = {one.batch: one.energy_ratio for one in found.measured if one.method == "fp8, mixture of 235B"}

    assert pairs["8"] == (1.54, 1.61, 1.61)
    assert any("54 to 61 %" in note for note in found.notes)


def test_a_chip_that_nobody_measured_shows_others() -> None:
    found = compare_precisions(accelerator="L4", batch=8, **LLAMA)
    mixed = [one for one in found.measured if one.method.startswith("int8 mixed") and one.batch == "1"]

    assert not found.measured_here
    assert mixed[0].energy_ratio == (1.174, 1.312, 2.217)  # bitsandbytes' default costs energy


def test_a_precision_beside_the_comparison_is_refused() -> None:
    with pytest.raises(InputError, match="leave out --precision"):
        compare_precisions(accelerator="H100", precision="fp8", **LLAMA)
