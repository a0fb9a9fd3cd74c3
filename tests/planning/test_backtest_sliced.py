"""Slices of many runs at once equal those of the planner, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.planning import slots
from greenai_infra.planning.backtest.running import Running
from greenai_infra.planning.backtest.slicing import best_slices_of_all, least_possible
from greenai_infra.planning.slices import weighted_time
from greenai_infra.planning.slots import Interruption
from greenai_infra.planning.windows import StepGrid, lower_bound

from .made_up import best_slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.planning.backtest.running import Floats, Ints
    from greenai_infra.planning.backtest.slicing import Sliced

HOUR = 3600.0


@pytest.fixture(scope="module", autouse=True)
def _few_slots() -> Iterator[None]:
    """No more of them than a test has time for, where they can't count exactly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "FINE_STATES", 300_000)
        patch.setattr(slots, "MOST_STATES", 3_000_000)
        yield


def grid_of(values: Floats, step_s: int) -> StepGrid:
    return StepGrid.build(np.arange(values.shape[1] + 1, dtype=np.float64) * step_s, values)


def all_at_once(
    values: Floats, step_s: int, work_s: float, rule: Interruption, earliest_s: Floats, span_s: float
) -> Sliced:
    """Slices of one run a row of `values`."""
    running = Running.of(values, step_s)

    def integral(runs: Ints, times_s: Floats) -> Floats:
        return running.at(runs[:, None], times_s)

    return best_slices_of_all(integral, step_s, work_s, rule, earliest_s, earliest_s + span_s)


def one_by_one(
    values: Floats, step_s: int, work_s: float, rule: Interruption, earliest_s: Floats, span_s: float
) -> list[list[tuple[float, float]] | None]:
    return [
        best_slices(grid_of(row[None, :], step_s), work_s, rule, float(earliest), float(earliest) + span_s)
        for row, earliest in zip(values, earliest_s, strict=True)
    ]


def slices_of(found: Sliced, row: int) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in zip(found.starts_s[row], found.ends_s[row], strict=True) if a == a]


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_slices_are_those_of_the_planner(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    step_s = data.draw(st.sampled_from([900, 1800, 3600]))
    count = data.draw(st.integers(12, 60))
    values = rng.uniform(1, 900, (data.draw(st.integers(1, 5)), count))
    minimum_s = data.draw(st.sampled_from([1800, 3600, 7200]))
    overhead_s = data.draw(st.sampled_from([one for one in (0, 300, 600, 1200, 3600) if one < minimum_s]))
    rule = Interruption(overhead_s, minimum_s)
    span_s = data.draw(st.integers(6, count - 3)) * step_s + data.draw(st.sampled_from([0, 0, 700]))
    work_s = data.draw(st.floats(0.05, 1.0)) * span_s
    earliest_s: Floats = np.array([float(rng.integers(0, 2)) * step_s for _ in values])
    earliest_s += data.draw(st.sampled_from([0.0, 0.0, 250.0]))
    problem = (values, step_s, work_s, rule, earliest_s, float(span_s))

    found, expected = all_at_once(*problem), one_by_one(*problem)

    for row, slices in enumerate(expected):
        mine = slices_of(found, row)
        if slices is None:
            assert mine == []
            continue
        assert np.array(mine) == pytest.approx(np.array(slices), abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_of_equal_slices_the_same_are_taken(data: st.DataObject) -> None:
    values = np.array([data.draw(st.lists(st.sampled_from([10.0, 20.0, 30.0]), min_size=20, max_size=20))])
    overhead = data.draw(st.sampled_from([0, 1800, 3600]))
    problem = (
        values,
        3600,
        data.draw(st.integers(1, 20)) * HOUR,
        Interruption(overhead, 7200.0),
        np.zeros(1),
        20 * HOUR,
    )

    mine, planner = slices_of(all_at_once(*problem), 0), one_by_one(*problem)[0]

    assert planner is not None
    assert np.array(mine) == pytest.approx(np.array(planner), abs=1e-3)


def test_more_runs_than_go_side_by_side_keep_their_own_slices() -> None:
    rng = np.random.default_rng(4)
    problem = (rng.uniform(1, 900, (150, 30)), 3600, 6 * HOUR, Interruption(600, 3600), np.zeros(150), 30 * HOUR)

    found, expected = all_at_once(*problem), one_by_one(*problem)

    for row, slices in enumerate(expected):
        assert slices is not None
        grid = grid_of(problem[0][row : row + 1], 3600)
        assert weighted_time(grid, slices_of(found, row)) == pytest.approx(weighted_time(grid, slices))


@pytest.mark.parametrize("work_h", [3.0, 3.25, 4.5])
def test_the_bound_is_the_planners(work_h: float) -> None:
    values = np.random.default_rng(1).uniform(1, 900, (3, 24))
    grid = grid_of(values, 3600)
    earliest = np.array([2.0, 5.0]) * HOUR

    bounds = least_possible(values, 3600, work_h * HOUR, earliest, earliest + 12 * HOUR)

    for column, begin in enumerate(earliest):
        planner = lower_bound(grid, work_h * HOUR, float(begin), float(begin) + 12 * HOUR)
        assert bounds[:, column] == pytest.approx(planner * work_h * HOUR)
