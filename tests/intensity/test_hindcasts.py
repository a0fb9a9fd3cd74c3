"""Hindcasts against figures worked out by hand, and against the climatology itself asked at each earlier moment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.intensity.forecasting.hindcasts import (
    STEP_HOURS,
    Held,
    hold_climatology,
    hold_forecasts,
    hold_persistence,
    hourly_values,
    saving_error,
)
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Provenance, Series, Signal, Unavailable, cut
from greenai_infra.intensity.sources.climatology import Climatology

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
GAP = float("nan")


def series(values: Sequence[float], step_s: int = 3600, start: datetime = START) -> Series:
    edges = start.timestamp() + step_s * np.arange(len(values) + 1.0)
    of = Provenance("meter", Signal.AVERAGE, Basis.LIFECYCLE, Kind.HISTORY, start)
    return Series("Z", edges, np.array(values, dtype=float), of)


class Recorded:
    """A source with a history and nothing else."""

    name = "recorded"

    def __init__(self, past: Series, as_of: datetime) -> None:
        self.past = past
        self.as_of = as_of

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        return {zone: Unavailable(zone, "none") for zone in zones}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        return {zone: cut(self.past, start, end) or Unavailable(zone, "none") for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        return {zone: Unavailable(zone, "none") for zone in zones}


def assert_error(held: Held, share: float, hindcasts: int) -> None:
    error, number = saving_error(held)
    assert error == pytest.approx(share)
    assert number == hindcasts


def test_error_is_the_mean_miss_of_the_difference_against_what_starting_at_once_was_to_emit() -> None:
    # First hindcast: expected to save 100 - 80 = 20 and 100 - 60 = 40, saved 110 - 100 = 10 and 110 - 70 = 40.
    # Second: expected 50 - 50 = 0 and 50 - 55 = -5, saved 40 - 45 = -5 and 40 - 40 = 0.
    # Misses 10, 0, 5, 5 = 20, against twice 100 and twice 50: 20 / 300.
    held = Held(
        np.array([[100.0, 80, 60], [50, 50, 55]]),
        np.array([[110.0, 100, 70], [40, 45, 40]]),
    )
    assert_error(held, 20 / 300, 2)


def test_what_is_not_known_counts_on_neither_side() -> None:
    # Only the first lag of the first row: a miss of 10 against 100. The second has no start at once.
    held = Held(
        np.array([[100.0, 80, GAP], [GAP, 50, 55]]),
        np.array([[110.0, 100, 70], [40, 45, 40]]),
    )
    assert_error(held, 0.1, 1)


def test_nothing_known_or_nothing_expected_has_no_error() -> None:
    error, hindcasts = saving_error(Held(np.empty((0, 3)), np.empty((0, 3))))
    assert (np.isnan(error), hindcasts) == (True, 0)
    error, hindcasts = saving_error(Held(np.zeros((2, 3)), np.ones((2, 3))))
    assert (np.isnan(error), hindcasts) == (True, 2)


levels = st.lists(st.floats(1, 1000), min_size=8, max_size=8).map(lambda values: np.array(values).reshape(2, 4))


@given(actual=levels, offset=st.floats(0, 500))
def test_a_level_that_is_wrong_by_as_much_at_all_times_is_no_error(
    actual: np.ndarray[tuple[int, int], np.dtype[np.float64]], offset: float
) -> None:
    error, _ = saving_error(Held(actual + offset, actual))
    assert error == pytest.approx(0, abs=1e-9)


def test_hours_are_known_as_a_whole_or_not_at_all() -> None:
    # Half hours: 10 and 30 make 20; one half is missing; 40 and 50 make 45; the array reaches an hour farther each way.
    found = hourly_values(series([10, 30, GAP, 20, 40, 50], 1800), int(START.timestamp()) // 3600 - 1, 5)
    np.testing.assert_allclose(found, [GAP, 20, GAP, 45, GAP])


def test_steps_off_the_hour_make_hours_by_their_time() -> None:
    # Hours that begin at half past: from 00:30 on 100, from 01:30 on 200; 01:00 to 02:00 is half of each.
    found = hourly_values(series([100, 200], start=START + HOUR / 2), int(START.timestamp()) // 3600, 3)
    np.testing.assert_allclose(found, [GAP, 150, GAP])


def test_climatology_by_hand() -> None:
    # Four days of 24 h that are 100 before noon and 200 from noon on, the fourth 100 all day. Runs of 12 h, waits of up
    # to 12 h. The only hindcast is that of day 3, 00:00 (hour 72): the others would end later or know less than 3 days.
    # Lag 12 was expected at 200 and came at 100. At each lag s between, expected 100 + 100 s / 12, came 100.
    # Misses: sum of 100 s / 12 for s = 1 to 12 = 100 x 78 / 12 = 650, against 12 x 100.
    day = [100.0] * 12 + [200.0] * 12
    held = hold_climatology(np.array(day * 3 + [100.0] * 24), 12, 12)
    assert held.expected.shape == (1, 13)
    np.testing.assert_allclose(held.expected[0], 100 + 100 * np.arange(13) / 12)
    assert_error(held, 650 / 1200, 1)


def test_hindcasts_are_three_hours_apart_and_end_with_the_history() -> None:
    # 168 h, runs of 9 h and waits of 24 h: made at hours 135, 132, ..., 72, the last run ending at 135 + 24 + 9 = 168.
    held = hold_climatology(np.arange(168.0), 9, 24)
    assert held.expected.shape == (22, 25)
    np.testing.assert_allclose(held.actual[0], 135 + np.arange(25) + 4)  # the mean of nine successive numbers
    np.testing.assert_allclose(held.actual[-1], 72 + np.arange(25) + 4)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.integers(0, 900), min_size=168, max_size=168),
    gaps=st.sets(st.integers(0, 167), max_size=20),
    run_hours=st.integers(1, 30),
    lags=st.integers(1, 24),
    begins=st.integers(0, 23),
)
def test_each_hindcast_is_what_the_climatology_would_have_said_then(
    values: list[int], gaps: set[int], run_hours: int, lags: int, begins: int
) -> None:
    start = START + begins * HOUR
    past = [GAP if hour in gaps else float(value) for hour, value in enumerate(values)]
    if all(np.isnan(past)):
        return
    whole = series(past, start=start)
    held = hold_climatology(np.array(past), run_hours, lags)
    for row, origin in enumerate(range(168 - run_hours - lags, 71, -STEP_HOURS)):
        then = start + origin * HOUR
        known = cut(whole, start, then)
        assert known is not None
        said = Climatology(Recorded(known, then), then).forecast(["Z"], then, then + (lags + run_hours) * HOUR)["Z"]
        for lag in range(lags + 1):
            begin = then + lag * HOUR
            expected = GAP if isinstance(said, Unavailable) else said.mean(begin, begin + run_hours * HOUR)
            came = whole.mean(begin, begin + run_hours * HOUR)
            np.testing.assert_allclose(held.expected[row, lag], expected, rtol=1e-9)
            np.testing.assert_allclose(held.actual[row, lag], came, rtol=1e-9)


def test_history_of_less_than_three_days_gives_no_hindcast() -> None:
    assert hold_climatology(np.full(71, 50.0), 1, 1).expected.shape == (0, 2)
    assert hold_climatology(np.array([]), 1, 1).expected.shape == (0, 2)


def test_persistence_by_hand() -> None:
    # Hourly 10, 20, 40, 80, gap, 60; runs of 1 h, waits of 1 h. Made at hours 4 and 1. At 4 the newest is 80, and the
    # gap leaves nothing to compare; at 1 it is 10: expected 10 and 10, came 20 and 40: a miss of 20 against 10.
    held = hold_persistence(np.array([10.0, 20, 40, 80, GAP, 60]), 1, 1)
    np.testing.assert_allclose(held.expected, [[80, 80], [10, 10]])
    assert_error(held, 2.0, 1)


def test_persistence_before_the_first_known_hour_expects_nothing() -> None:
    held = hold_persistence(np.array([GAP, GAP, 40.0, 80.0]), 1, 1)
    assert np.isnan(held.expected).all()


def test_kept_forecasts_by_hand() -> None:
    # What came: 10, 20, 30, 40, 50, 60; runs of 2 h, waits of up to 2 h.
    # A forecast from hour 1 of 20, 20, 40, 40: expects 20, 30, 40; came 25, 35, 45: right in both differences.
    # One from hour 3 of 40, 40, 60: expects 40, 50 and no more; came 45, 55: right. One from before the array: no use.
    came = np.array([10.0, 20, 30, 40, 50, 60])
    held = hold_forecasts(
        came,
        [(1, np.array([20.0, 20, 40, 40])), (3, np.array([40.0, 40, 60])), (-1, np.array([0.0, 10, 20, 30]))],
        2,
        2,
    )
    np.testing.assert_allclose(held.expected[:2], [[20.0, 30, 40], [40, 50, GAP]])
    np.testing.assert_allclose(held.actual[:2], [[25.0, 35, 45], [45, 55, GAP]])
    assert_error(held, 0.0, 2)


def test_kept_forecast_shorter_than_the_run_expects_nothing() -> None:
    held = hold_forecasts(np.arange(6.0), [(0, np.array([1.0]))], 2, 2)
    assert saving_error(held)[1] == 0


def test_run_longer_than_the_history_has_no_hindcast() -> None:
    short = np.full(10, 5.0)
    assert hold_persistence(short, 20, 2).expected.shape == (0, 3)
    assert saving_error(hold_forecasts(short, [(0, np.full(30, 5.0))], 20, 2))[1] == 0
