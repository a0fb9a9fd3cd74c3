"""Training compute, hours, memory and power against published runs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from greenai_infra.catalog.accelerators import accelerators, find_accelerator
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.training import (
    chip_hours,
    model_memory_gb,
    node_power_kw,
    speed_up,
    sustained_tflops,
    training_flops,
    utilisation_of,
)

H100_BF16_TFLOPS = 989
A100_BF16_TFLOPS = 312
with (Path(__file__).parent / "node_power_measured.csv").open(encoding="utf-8", newline="") as _lines:
    MEASURED_NODES = list(csv.DictReader(_lines))


def hours_at_full_peak(parameters: float, tokens: float, peak_tflops: float) -> float:
    return chip_hours(training_flops(parameters, tokens, "full"), Estimate.exact(peak_tflops)).value


def test_llama_31_405b_ran_at_34_percent_of_peak() -> None:
    # Model card: 15.6 T tokens in 30.84 M H100-hours.
    utilisation = hours_at_full_peak(405e9, 15.6e12, H100_BF16_TFLOPS) / 30.84e6

    assert utilisation == pytest.approx(0.345, rel=0.01)


def test_llama_2_70b_ran_at_43_percent_of_peak() -> None:
    # Model card: 2 T tokens in 1.72 M A100-hours.
    utilisation = hours_at_full_peak(70e9, 2e12, A100_BF16_TFLOPS) / 1_720_320

    assert utilisation == pytest.approx(0.435, rel=0.01)


def test_a_small_model_on_many_tokens_ran_at_14_percent_of_peak() -> None:
    # Llama-3.1-8B: 15 T tokens in 1.46 M H100-hours.
    assert hours_at_full_peak(8.03e9, 15e12, H100_BF16_TFLOPS) / 1.46e6 == pytest.approx(0.139, rel=0.01)


def test_without_a_measurement_the_405b_run_lies_within_the_band() -> None:
    h100 = find_accelerator("H100")
    speed = sustained_tflops(h100, "bf16", utilisation_of(h100).figure)
    hours = chip_hours(training_flops(405e9, 15.6e12, "full"), speed)

    assert hours.low < 30.84e6 < hours.high


def test_adapters_skip_a_third_of_the_arithmetic() -> None:
    assert training_flops(7e9, 1e9, "full") == 42e18
    assert training_flops(7e9, 1e9, "lora") == 28e18


def test_hours_follow_from_flops_peak_and_utilisation() -> None:
    # 3.6e18 FLOP at half of 1,000 TFLOPS take 7,200 s; the band turns over, as it divides.
    hours = chip_hours(3.6e18, Estimate(0.5, 0.25, 1.0) * 1000)

    assert (hours.value, hours.low, hours.high) == (2.0, 1.0, 4.0)


def test_a_full_training_state_takes_20_bytes_a_parameter_with_headroom() -> None:
    # Mixed-precision Adam: 16 bytes (ZeRO), and a quarter more for activations.
    assert model_memory_gb(7e9, "full") == pytest.approx(140)


def test_power_of_a_node_of_eight_h100_is_what_mlperf_measured() -> None:
    # 80 logs at the wall: 7.105 kW on average. Compute-heavy runs drew 7.75 kW, and 8.48 kW was the most.
    power = node_power_kw(8, find_accelerator("H100"))

    assert power.value == pytest.approx(7.105, rel=0.005)
    assert power.low < 7.105 < 7.75 < power.high
    assert power.high == pytest.approx(8.48, rel=0.005)


@pytest.mark.parametrize("row", MEASURED_NODES, ids=lambda row: f"{row['accelerator']} {row['workload']}")
def test_every_measured_node_draws_what_the_band_says(row: dict[str, str]) -> None:
    power = node_power_kw(int(row["chips"]), find_accelerator(row["accelerator"]))

    measured_kw = float(row["mean_kw"] or row["max_kw"])
    assert power.low - 0.05 <= measured_kw <= power.high + 0.05
    if row["mean_kw"] and int(row["runs"] or 0) >= 5:
        assert power.value == pytest.approx(measured_kw, rel=0.03)


def test_a_chip_whose_node_nobody_measured_has_a_wider_band() -> None:
    ratios = {name: node_power_kw(1, find_accelerator(name)) for name in ("H100", "A100-40GB", "L4")}

    for name, power in ratios.items():
        assert power.high / power.low >= 1.3, name
    assert ratios["A100-40GB"].high / ratios["A100-40GB"].low > ratios["H100"].high / ratios["H100"].low
    # Eight L4 without their host would draw 0.58 kW; the host of eight takes up to 1.2 kW.
    assert 8 * ratios["L4"].value > 0.58 + 0.3


@pytest.mark.parametrize(
    ("name", "percent"),
    [("A100-40GB", 53), ("H100", 41), ("H200", 39), ("TPU-v4", 55), ("TPU-v5e", 57), ("TPU-v5p", 67), ("TPU-v6e", 46)],
)
def test_utilisation_is_what_was_measured_on_the_chip(name: str, percent: int) -> None:
    found = utilisation_of(find_accelerator(name))

    assert found.is_measured
    assert found.figure.value == percent / 100
    assert found.figure.low < found.figure.value < found.figure.high


def test_a_mixture_of_experts_uses_less_of_the_peak() -> None:
    for chip in accelerators():
        assert utilisation_of(chip, mixture=True).figure.value < utilisation_of(chip).figure.value, chip.name
    assert utilisation_of(find_accelerator("H100"), mixture=True).figure.value == 0.16


def test_a_chip_that_nobody_measured_has_the_widest_band() -> None:
    found = utilisation_of(find_accelerator("Gaudi2"))

    assert not found.is_measured
    assert found.figure.high >= 4 * found.figure.low
    # The all-in runs that model cards tell of: Llama-3.1-8B 14 %, Llama-2-70B 43 %.
    assert found.figure.low <= 0.14 < 0.43 < found.figure.high


def test_eight_bit_training_is_faster_by_what_was_measured_and_not_by_the_peak() -> None:
    h100, dense = find_accelerator("H100"), Estimate.exact(0.4)
    fp8 = sustained_tflops(h100, "fp8", dense) * speed_up("fp8")

    assert fp8.value / sustained_tflops(h100, "bf16", dense).value == pytest.approx(1.32)
    # H100 dense pairs: 1.16, 1.28, 1.29, 1.36, 1.44; mixtures of experts 1.12 to 1.28.
    assert speed_up("fp8").low < 1.16 < 1.44 < speed_up("fp8").high
    assert (speed_up("fp8", mixture=True).low, speed_up("fp8", mixture=True).high) == (1.12, 1.28)
    assert speed_up("bf16").high == 1.0


def test_an_unknown_method_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        training_flops(1e9, 1e9, "qlora")
