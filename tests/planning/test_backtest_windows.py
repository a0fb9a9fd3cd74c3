"""The best window keeps what the best possible pick saves, given the same forecast: an independent brute force says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.planning.backtest.climatology import Expectation
from greenai_infra.planning.backtest.running import Running, best_unbroken
from greenai_infra.planning.slices import weighted_time
from greenai_infra.planning.slots import Interruption
from greenai_infra.planning.windows import StepGrid, best_windows

from .made_up import best_slices
from .plain_backtest import Forecast, PlainJob, integral
from .plain_backtest import best_slices as plain_slices

HOUR = 3600.0
KEPT = 0.995


def traces(data: st.DataObject) -> list[list[float]]:
    """Two zones of any shape: smooth, noisy, flat, spiked, or zero at times."""
    count = data.draw(st.integers(8, 40))
    one = st.one_of(st.integers(0, 900).map(float), st.floats(0, 900), st.just(0.0), st.just(300.0))
    return [data.draw(st.lists(one, min_size=count, max_size=count)) for _ in range(2)]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_search_keeps_what_the_best_pick_saves(data: st.DataObject) -> None:
    zones = traces(data)
    count = len(zones[0])
    duration = data.draw(st.floats(0.05, count - 2.0))
    earliest = data.draw(st.sampled_from([0.0, 1.0, 0.25, 0.9]))
    latest = earliest + data.draw(st.floats(0, 1)) * (count - earliest - duration)
    forecasts = [Forecast(values, 0) for values in zones]
    now = integral(forecasts[0], earliest, earliest + duration)
    # Every minute, and every start at which the sum can turn: where begin or end of the run meets a full hour.
    begins = {earliest, latest, *(earliest + minute / 60 for minute in range(int((latest - earliest) * 60) + 1))}
    begins |= {float(hour) for hour in range(count)} | {hour - duration for hour in range(count + 1)}
    possible = [begin for begin in begins if earliest <= begin <= latest]
    brute = now - min(integral(one, begin, begin + duration) for one in forecasts for begin in possible)

    grid = StepGrid.build(np.arange(count + 1, dtype=np.float64) * HOUR, np.array(zones))
    by_the_deadline = (latest + duration) * HOUR + 1e-6  # a hair later, as the sum may be rounded down
    starts, means = best_windows(grid, duration * HOUR, earliest * HOUR, by_the_deadline)
    planner = now - float(means.min()) * duration
    running = Running.of(np.array(zones), HOUR)
    windows = best_unbroken(running, duration * HOUR, np.array([earliest * HOUR]), np.array([latest * HOUR]))
    zone = int(np.argmin(windows.sums[:, 0]))
    begin = float(windows.starts_s[zone, 0]) / HOUR
    backtest = now - integral(forecasts[zone], begin, begin + duration)

    rounding = 1e-5
    assert planner >= KEPT * brute - rounding
    assert backtest >= KEPT * brute - rounding
    assert earliest * HOUR - 1e-3 <= starts.min() <= latest * HOUR + 1e-3
    assert earliest - 1e-9 <= begin <= latest + 1e-9


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_slices_keep_what_the_best_choice_of_slots_saves(data: st.DataObject) -> None:
    values = traces(data)[0]
    work, least = data.draw(st.integers(1, len(values))), data.draw(st.integers(2, 4))
    resume = data.draw(st.integers(1, least - 1))
    grid = StepGrid.build(np.arange(len(values) + 1, dtype=np.float64) * HOUR, np.array([values]))

    slices = best_slices(grid, work * HOUR, Interruption(resume * HOUR, least * HOUR), 0.0, len(values) * HOUR)

    forecast, now = Forecast(values, 0), sum(values[:work])
    brute, _ = plain_slices(forecast, 0, PlainJob(work, 0.0, len(values), 0.0, "", 1.0, resume, least))
    assert slices is not None
    assert now - weighted_time(grid, slices) / HOUR >= KEPT * (now - brute) - 1e-6


def test_many_starts_are_answered_as_one_by_one() -> None:
    values = np.random.default_rng(5).uniform(1, 900, (3, 300))
    running = Running.of(values, 1800)
    earliest = np.array([hour * HOUR + 900 for hour in range(90)])

    windows = best_unbroken(running, 2.6 * HOUR, earliest, earliest + 30.3 * HOUR)

    grid = StepGrid.build(np.arange(301, dtype=np.float64) * 1800, values)
    for column, begin in enumerate(earliest):
        starts, means = best_windows(grid, 2.6 * HOUR, float(begin), float(begin) + 32.9 * HOUR)
        assert windows.starts_s[:, column] == pytest.approx(starts)
        assert windows.sums[:, column] == pytest.approx(means * 2.6 * HOUR)


def test_of_equal_windows_the_earliest_is_taken() -> None:
    values = np.full((1, 2000), 333.33)  # 2,000 running sums of it are not round
    running = Running.of(values, HOUR)
    earliest = np.array([hour * HOUR for hour in range(100, 1800, 7)])

    windows = best_unbroken(running, 8.727 * HOUR, earliest, earliest + 62.273 * HOUR)

    assert (windows.starts_s[0] == earliest).all()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_expected_equals_the_mean_of_seven_days_hour_by_hour(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    values, start = rng.uniform(1, 900, 200), data.draw(st.integers(168, 200))
    duration = data.draw(st.floats(0.1, 60))
    earliest, slack = data.draw(st.sampled_from([0.0, 0.5, 26.0])), data.draw(st.floats(0, 50))
    expected = Expectation.before(values[None, :], np.array([start]))
    by_hour = [float(np.mean([values[start - 24 * day + hour] for day in range(1, 8)])) for hour in range(24)]
    forecast = Forecast([by_hour[hour % 24] for hour in range(200)], 0)

    now, windows = expected.best_unbroken(duration * HOUR, earliest * HOUR, (earliest + slack) * HOUR)

    begins = [earliest + minute * slack / 500 for minute in range(501)]
    brute = min(integral(forecast, begin, begin + duration) for begin in begins)
    found = float(windows.starts_s[0, 0]) / HOUR
    assert now[0, 0] / HOUR == pytest.approx(integral(forecast, earliest, earliest + duration))
    assert windows.sums[0, 0] / HOUR == pytest.approx(integral(forecast, found, found + duration))
    assert windows.sums[0, 0] / HOUR <= brute + 1e-4
    assert earliest - 1e-9 <= found <= earliest + slack + 1e-9
    up_to = expected.integral(np.array([0]), np.array([0]), np.array([[found * HOUR, (found + duration) * HOUR]]))
    assert up_to[0, 1] - up_to[0, 0] == pytest.approx(windows.sums[0, 0], abs=0.1)


def test_the_cleanest_seconds_of_what_is_expected() -> None:
    # Days of 10 in the first hour, 20 in the second, else 100, from 00:30 on for 26 h.
    day = [10.0, 20.0] + [100.0] * 22
    expected = Expectation.before(np.array([day * 7]), np.array([168]))

    least = expected.least_possible(3 * HOUR, 0.5 * HOUR, 26.5 * HOUR)

    # 00:30 to 01:00 and 00:00 to 01:00 of the next day make 1.5 h of 10; the rest is 20.
    assert least[0, 0] / HOUR == pytest.approx(1.5 * 10 + 1.5 * 20)
