"""Training compute, hours, memory and power against published runs."""

from __future__ import annotations

import pytest

from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.training import chip_hours, model_memory_gb, node_power_kw, training_flops

H100_BF16_TFLOPS = 989
A100_BF16_TFLOPS = 312


def hours_at_full_peak(parameters: float, tokens: float, peak_tflops: float) -> float:
    return chip_hours(training_flops(parameters, tokens, "full"), peak_tflops, Estimate.exact(1.0)).value


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
    hours = chip_hours(training_flops(405e9, 15.6e12, "full"), H100_BF16_TFLOPS, Estimate.of("model_flops_utilisation"))

    assert hours.low < 30.84e6 < hours.high


def test_adapters_skip_a_third_of_the_arithmetic() -> None:
    assert training_flops(7e9, 1e9, "full") == 42e18
    assert training_flops(7e9, 1e9, "lora") == 28e18


def test_hours_follow_from_flops_peak_and_utilisation() -> None:
    # 3.6e18 FLOP at half of 1,000 TFLOPS take 7,200 s; the band turns over, as it divides.
    hours = chip_hours(3.6e18, 1000, Estimate(0.5, 0.25, 1.0))

    assert (hours.value, hours.low, hours.high) == (2.0, 1.0, 4.0)


def test_a_full_training_state_takes_20_bytes_a_parameter_with_headroom() -> None:
    # Mixed-precision Adam: 16 bytes (ZeRO), and a quarter more for activations.
    assert model_memory_gb(7e9, "full") == pytest.approx(140)


def test_node_power_is_rated_power_times_load_times_host() -> None:
    # 8 x 700 W x 0.80 x 1.30 = 5,824 W.
    power = node_power_kw(8, Estimate.exact(700))

    assert power.value == pytest.approx(5.824)
    assert power.low == pytest.approx(8 * 0.7 * 0.75 * 1.2)
    assert power.high == pytest.approx(8 * 0.7 * 0.90 * 1.4)


def test_an_unknown_method_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        training_flops(1e9, 1e9, "qlora")
