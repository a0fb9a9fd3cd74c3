"""The window search against a brute force over a fine grid of starts."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.intensity.model.values import Basis, Kind, Provenance, Series, Signal
from greenai_infra.planning.windows import StepGrid, best_windows

PROVENANCE = Provenance("test", Signal.AVERAGE, Basis.LIFECYCLE, Kind.FORECAST, datetime(2026, 1, 1, tzinfo=UTC))


def series(zone: str, edges: list[float], values: list[float]) -> Series:
    return Series(zone, np.array(edges, dtype=float), np.array(values, dtype=float), PROVENANCE)


def integral(edges: list[float], values: list[float], start: float, end: float) -> float:
    """Step by step, as one would by hand."""
    total = 0.0
    for left, right, value in zip(edges, edges[1:], values, strict=False):
        total += max(0.0, min(right, end) - max(left, start)) * value
    return total


def test_a_two_hour_run_takes_the_two_cheapest_neighbouring_hours() -> None:
    grid = StepGrid.of([series("A", [0, 3600, 7200, 10800, 14400], [300, 100, 50, 400])], 0, 14400)

    starts, means = best_windows(grid, 7200, 0, 14400)

    assert starts[0] == 3600
    assert means[0] == pytest.approx(75)


def test_partial_ends_are_weighted_by_their_length() -> None:
    # 90 minutes over 300, 100, 400: best ends with the cheap hour: half of 300 or half of 400 -> starts at 00:30.
    grid = StepGrid.of([series("A", [0, 3600, 7200, 10800], [300, 100, 400])], 0, 10800)

    starts, means = best_windows(grid, 5400, 0, 10800)

    assert starts[0] == 1800
    assert means[0] == pytest.approx((0.5 * 300 + 1.0 * 100) / 1.5)


def test_equal_means_start_earliest() -> None:
    grid = StepGrid.of([series("A", [0, 3600, 7200, 10800], [50, 50, 50])], 0, 10800)

    starts, _ = best_windows(grid, 3600, 600, 10800)

    assert starts[0] == 600


def test_a_window_never_crosses_a_gap() -> None:
    grid = StepGrid.of([series("A", [0, 3600, 7200, 10800, 14400], [10, float("nan"), 90, 80])], 0, 14400)

    starts, means = best_windows(grid, 7200, 0, 14400)

    assert (starts[0], means[0]) == (7200, pytest.approx(85))


def test_no_window_fits_before_the_deadline() -> None:
    grid = StepGrid.of([series("A", [0, 3600], [10])], 0, 3600)

    _, means = best_windows(grid, 3601, 0, 3600)

    assert np.isinf(means[0])


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_start_on_a_fine_grid_beats_the_search(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.sampled_from([300, 900, 1800, 3600]), min_size=2, max_size=14))
    values = data.draw(st.lists(st.integers(1, 900), min_size=len(widths), max_size=len(widths)))
    edges = [0.0, *np.cumsum(widths).astype(float)]
    duration = data.draw(st.integers(60, int(edges[-1])))
    earliest = data.draw(st.integers(0, int(edges[-1]) - duration))
    latest_end = data.draw(st.integers(earliest + duration, int(edges[-1])))
    grid = StepGrid.of([series("A", edges, [float(v) for v in values])], 0, edges[-1])

    starts, means = best_windows(grid, duration, earliest, latest_end)

    fine = {*range(earliest, latest_end - duration + 1, 60), latest_end - duration}
    brute = min(integral(edges, [float(v) for v in values], s, s + duration) for s in fine) / duration
    assert means[0] <= brute + 1e-6
    assert earliest <= starts[0] <= latest_end - duration + 1e-6
    found = integral(edges, [float(v) for v in values], starts[0], starts[0] + duration) / duration
    assert means[0] == pytest.approx(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 900), min_size=6, max_size=40),
    st.floats(0.05, 5.5),
    st.floats(0, 0.9),
)
def test_even_and_uneven_grids_agree(values: list[int], duration_h: float, offset_h: float) -> None:
    edges = [3600.0 * i for i in range(len(values) + 1)]
    even = StepGrid.of([series("A", edges, [float(v) for v in values])], 0, edges[-1])
    uneven = StepGrid(even.edges_s, even.values, even.integral, None, None)
    window = (duration_h * 3600, offset_h * 3600, edges[-1])

    a, b = best_windows(even, *window), best_windows(uneven, *window)

    assert a[1][0] == pytest.approx(b[1][0])


def test_zones_of_unlike_steps_share_one_grid() -> None:
    hourly = series("A", [0, 3600, 7200], [100, 200])
    half_hourly = series("B", [0, 1800, 3600, 5400, 7200], [100, 300, 20, 40])

    starts, means = best_windows(StepGrid.of([hourly, half_hourly], 0, 7200), 3600, 0, 7200)

    assert list(starts) == [0, 3600]
    assert list(means) == [pytest.approx(100), pytest.approx(30)]


def test_equal_days_are_no_reason_to_wait_for_a_later_one() -> None:
    # A climatology repeats itself: rounding of the running sum must not choose among days that are the same.
    day = np.array(np.random.default_rng(11).uniform(100, 600, 24) / 7, dtype=np.float64)
    edges = 1.7e9 + np.arange(24 * 9 + 1, dtype=np.float64) * 3600.0
    for hours in (3.0, 7.25, 8.73):
        starts, _ = best_windows(StepGrid.build(edges, np.tile(day, 9)[None, :]), hours * 3600, edges[0], edges[-1])
        assert starts[0] < edges[0] + 24 * 3600


def test_slices_whose_first_two_alone_lie_a_step_apart() -> None:
    # 15 minutes of 2, an hour of 1, 50 minutes of 1, in g/kWh x s.
    grid = StepGrid.build(np.arange(5.0) * 3600.0, np.array([[2.0, 1.0, 2.0, 1.0]]))

    sums = grid.sums(np.array([0.0, 3600.0, 10800.0]), np.array([900.0, 7200.0, 13800.0]))

    assert sums.tolist() == [[1800.0, 3600.0, 3000.0]]
