"""What a wait must save at each start is what the planner measures there."""

from __future__ import annotations

import numpy as np
import pytest

from greenai_infra.intensity.forecasting.hindcasts import hold_climatology, saving_error
from greenai_infra.planning.backtest.waiting import least_gains

WEEK = 168


@pytest.mark.parametrize(("run_hours", "lags"), [(1, 1), (9, 24), (12, 12), (34, 24), (50, 24)])
def test_it_is_the_error_that_the_planner_measures(run_hours: int, lags: int) -> None:
    rng = np.random.default_rng(run_hours)
    hourly = 300 + 200 * np.sin(np.arange(900) * 2 * np.pi / 24) + rng.normal(0, 60, (3, 900))
    starts = np.array([WEEK, WEEK + 1, 333, 500, 900])

    zones = np.array([0, 2, 1, 1, 2])

    gains = least_gains(hourly, zones, starts, run_hours - 0.3, lags + 0.4, None)

    for zone, start, gain in zip(zones, starts, gains, strict=True):
        error, hindcasts = saving_error(hold_climatology(hourly[zone, start - WEEK : start], run_hours, lags))
        assert hindcasts >= 8
        assert gain == pytest.approx(error)


def test_a_cycle_that_repeats_exactly_is_known_without_error() -> None:
    hourly = np.array([[100.0, 300.0] * 200])

    assert least_gains(hourly, np.array([0]), np.array([200]), 2.5, 30, None)[0] == pytest.approx(0)


def test_a_run_too_long_to_be_tried_within_the_week_has_the_default() -> None:
    assert (least_gains(np.ones((2, 400)), np.array([0, 1]), np.array([168, 200]), 60, 100, None) == 0.1).all()


def test_what_the_workload_states_rules() -> None:
    assert (least_gains(np.ones((2, 400)), np.array([0, 1]), np.array([168, 200]), 2, 10, 0.03) == 0.03).all()


def test_nothing_but_zeros_has_the_default() -> None:
    assert (least_gains(np.zeros((1, 400)), np.array([0]), np.array([200]), 2, 10, None) == 0.1).all()
