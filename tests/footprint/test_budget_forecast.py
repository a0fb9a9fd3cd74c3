"""The end of a period from daily sums: by hand, against published quantiles, and by simulation."""

from __future__ import annotations

import random

import pytest

from greenai_infra.footprint.budget_forecast import period_forecast, student_95


@pytest.mark.parametrize(
    ("freedom", "quantile"),  # tables of Student's distribution, one-sided 95 %
    [(1, 6.314), (2, 2.920), (3, 2.353), (4, 2.132), (5, 2.015), (9, 1.833), (29, 1.699), (120, 1.658)],
)
def test_student_s_quantiles(freedom: int, quantile: float) -> None:
    assert student_95(freedom) == pytest.approx(quantile, rel=0.005)


def test_even_days_leave_no_doubt() -> None:
    forecast = period_forecast([2.0] * 30, 60, 5, 10)
    assert (forecast.low_kg, forecast.expected_kg, forecast.high_kg) == (85, 85, 85)


def test_nothing_emitted_and_nothing_left() -> None:
    assert period_forecast([], 0, 7, 100).expected_kg == 7
    over = period_forecast([1.0, 3.0], 4, 0, 0)
    assert (over.low_kg, over.expected_kg, over.high_kg) == (4, 4, 4)


def test_one_day_gives_a_wide_band() -> None:
    forecast = period_forecast([3.0], 3, 0, 10)
    assert (forecast.low_kg, forecast.expected_kg) == (3, 33)
    assert forecast.high_kg > 200


@pytest.mark.parametrize("days", [5, 40])
def test_the_band_holds_nine_times_in_ten(days: int) -> None:
    """Days drawn from one distribution, 2,000 times: how often the sum of the rest lies in the band."""
    draw = random.Random(7)
    held, rounds, left = 0, 2000, 30
    for _ in range(rounds):
        past = [max(0.0, draw.gauss(10, 3)) for _ in range(days)]
        to_come = sum(max(0.0, draw.gauss(10, 3)) for _ in range(left))
        band = period_forecast(past, sum(past), 0, left)
        held += band.low_kg <= sum(past) + to_come <= band.high_kg
    assert held / rounds == pytest.approx(0.9, abs=0.025)
