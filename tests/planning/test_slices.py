"""Interruptible slices against a brute force over every subset of hours, and a walk over a fine grid of time."""

from __future__ import annotations

import itertools
from math import inf
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.planning import slots
from greenai_infra.planning.slices import fewer_slices, weighted_time
from greenai_infra.planning.slots import MOST_STATES, Interruption, slots_of
from greenai_infra.planning.windows import StepGrid, lower_bound

from .made_up import best_slices
from .plain_slices import least_cost, least_costs

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600.0


@pytest.fixture(scope="module", autouse=True)
def _few_slots() -> Iterator[None]:
    """No more of them than a test has time for, where they can't count exactly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slots, "FINE_STATES", 300_000)
        yield


def hourly(values: list[float]) -> StepGrid:
    return StepGrid.build(np.arange(len(values) + 1, dtype=np.float64) * HOUR, np.array([values], dtype=float))


def runs_of(mask: tuple[int, ...]) -> list[tuple[int, int]]:
    """Maximal runs of ones as (first, last + 1)."""
    runs, start = [], None
    for slot, on in enumerate((*mask, 0)):
        if on and start is None:
            start = slot
        if not on and start is not None:
            runs.append((start, slot))
            start = None
    return runs


def brute_force(values: list[float], work: int, overhead: int, shortest: int, number: int | None = None) -> float:
    """Least intensity-weighted hours over all 2^n choices of hours, or those of so many slices."""
    best = inf
    for mask in itertools.product((0, 1), repeat=len(values)):
        runs = runs_of(mask)
        if not runs or any(end - start < min(shortest, work) for start, end in runs):
            continue
        if sum(mask) != work + (len(runs) - 1) * overhead or number not in (None, len(runs)):
            continue
        best = min(best, sum(value for value, on in zip(values, mask, strict=True) if on))
    return best


def test_two_cheap_valleys_are_taken_and_the_ridge_is_skipped() -> None:
    slices = best_slices(hourly([10, 10, 500, 500, 20, 20]), 4 * HOUR, Interruption(0, HOUR), 0, 6 * HOUR)

    assert slices == [(0, 2 * HOUR), (4 * HOUR, 6 * HOUR)]


def test_a_resume_costs_running_time() -> None:
    # Two slices need 4 + 1 hours: 10 + 10 + 20 + 20 + 20; the overhead is spent inside the second one.
    slices = best_slices(hourly([10, 10, 500, 500, 20, 20, 20]), 4 * HOUR, Interruption(HOUR, 2 * HOUR), 0, 7 * HOUR)

    assert slices == [(0, 2 * HOUR), (4 * HOUR, 7 * HOUR)]


def test_a_dear_resume_is_not_worth_it() -> None:
    # One run of 2 h costs 10 + 30; two slices would need 2 + 2 hours at 10 or more each, of at least 3 h length.
    slices = best_slices(hourly([10, 30, 50, 10, 40, 40]), 2 * HOUR, Interruption(2 * HOUR, 3 * HOUR), 0, 6 * HOUR)

    assert slices == [(0, 2 * HOUR)]


def test_work_that_is_no_whole_number_of_slots_runs_exactly_as_long_as_it_needs() -> None:
    slices = best_slices(hourly([10, 20, 500, 5, 500, 500]), 2.25 * HOUR, Interruption(600, HOUR), 0, 6 * HOUR)

    assert slices is not None
    powered = sum(end - start for start, end in slices)
    assert powered == pytest.approx(2.25 * HOUR + (len(slices) - 1) * 600)


def test_a_gap_is_never_run_through() -> None:
    slices = best_slices(hourly([10, float("nan"), 30, 40]), 3 * HOUR, Interruption(0, HOUR), 0, 4 * HOUR)

    assert slices == [(0, HOUR), (2 * HOUR, 4 * HOUR)]


def test_work_that_does_not_fit_has_no_slices() -> None:
    assert best_slices(hourly([10, 20]), 3 * HOUR, Interruption(0, HOUR), 0, 2 * HOUR) is None


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_choice_of_hours_is_cleaner(data: st.DataObject) -> None:
    values = [float(v) for v in data.draw(st.lists(st.integers(1, 60), min_size=2, max_size=11))]
    work = data.draw(st.integers(1, len(values)))
    shortest = data.draw(st.integers(1, 4))
    overhead = data.draw(st.integers(0, shortest - 1))
    grid = hourly(values)

    slices = best_slices(grid, work * HOUR, Interruption(overhead * HOUR, shortest * HOUR), 0, len(values) * HOUR)

    assert slices is not None
    assert weighted_time(grid, slices) / HOUR == pytest.approx(brute_force(values, work, overhead, shortest))


def useful(costs: list[float]) -> dict[int, float]:
    """Of the costs of one slice, two and so on those of several slices that are less than all before."""
    return {
        number: cost for number, cost in enumerate(costs, 1) if number > 1 and cost < min(costs[: number - 1]) - 1e-3
    }


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_choice_of_hours_in_as_many_slices_is_cleaner(data: st.DataObject) -> None:
    values = [float(v) for v in data.draw(st.lists(st.integers(1, 60), min_size=4, max_size=11))]
    work = data.draw(st.integers(2, len(values) - 1))
    shortest = data.draw(st.integers(1, 3))
    overhead = data.draw(st.integers(0, shortest - 1))
    grid, rule = hourly(values), Interruption(overhead * HOUR, shortest * HOUR)

    found = fewer_slices(grid, work * HOUR, rule, 0, len(values) * HOUR, [5])[0]

    brute = [brute_force(values, work, overhead, shortest, number) for number in range(1, 6)]
    mine = {len(one): weighted_time(grid, one) / HOUR for one in found}
    assert {number: mine[number] for number in useful(brute)} == pytest.approx(useful(brute))
    assert all(cost == pytest.approx(brute[number - 1]) for number, cost in mine.items())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_slices_of_any_length_and_place_and_as_many_are_cleaner(data: st.DataObject) -> None:
    tick = 300  # seconds, of the walk that looks everywhere
    step = data.draw(st.sampled_from([300, 900, 1800, 3600]))
    values = [float(v) for v in data.draw(st.lists(st.integers(1, 900), min_size=4, max_size=16))]
    ticks = len(values) * step // tick
    first = data.draw(st.sampled_from([0, 0, 1, 7])) % (ticks // 2)
    last = ticks - data.draw(st.sampled_from([0, 0, 2, 5])) % (ticks // 2 - 1)
    overhead = data.draw(st.sampled_from([300, 600, 1200]))
    least = data.draw(st.sampled_from([one for one in (step, 900, 1500, 3600) if one > overhead] or [5400]))
    work = data.draw(st.integers(1, last - first))
    grid = StepGrid.build(np.arange(len(values) + 1, dtype=np.float64) * step, np.array([values]))
    rule = Interruption(overhead, least)

    found = fewer_slices(grid, work * tick, rule, first * tick, last * tick, [4])[0]

    costs = [values[at * tick // step] * tick for at in range(first, last)]
    plain = useful(least_costs(costs, work, overhead // tick, least // tick, 4)) if work * tick >= least else {}
    mine = {len(one): weighted_time(grid, one) for one in found}
    # What is of use on the ticks may not be so where slices begin and end between them.
    assert all(min(mine[n] for n in mine if n <= number) <= cost * (1 + 1e-6) for number, cost in plain.items())
    for slices in found:
        powered = sum(end - begin for begin, end in slices)
        assert powered == pytest.approx(work * tick + (len(slices) - 1) * overhead, abs=1e-3)
        assert all(end - begin >= least - 1e-3 for begin, end in slices)
        assert all(later[0] >= earlier[1] for earlier, later in itertools.pairwise(slices))
        assert first * tick <= slices[0][0]
        assert slices[-1][1] <= last * tick + 1e-6


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_steps_of_several_lengths_change_nothing(data: st.DataObject) -> None:
    # Many begins on short steps may first end on one long step: each must be told from the others.
    lengths = [300] * data.draw(st.integers(4, 30)) + [3600] * data.draw(st.integers(1, 5)) + [900]
    lengths = lengths[:: data.draw(st.sampled_from([1, -1]))]
    values = data.draw(st.lists(st.integers(1, 900), min_size=len(lengths), max_size=len(lengths)))
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    grid = StepGrid.build(edges, np.array([values], dtype=float))
    overhead, least = data.draw(st.sampled_from([(1, 2), (1, 5), (2, 3), (2, 12)]))  # in ticks of 300 s
    costs = [float(value) * 300 for value, length in zip(values, lengths, strict=True) for _ in range(length // 300)]
    work = data.draw(st.integers(least, max(least, len(costs) * 7 // 10)))

    found = fewer_slices(grid, work * 300.0, Interruption(overhead * 300, least * 300), 0, edges[-1], [4])[0]

    mine = {len(one): weighted_time(grid, one) for one in found}
    for number, cost in useful(least_costs(costs, work, overhead, least, 4)).items():
        assert min(mine[fewer] for fewer in mine if fewer <= number) <= cost * (1 + 1e-6)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_slices_obey_every_rule(data: st.DataObject) -> None:
    values = [float(v) for v in data.draw(st.lists(st.integers(1, 900), min_size=12, max_size=60))]
    work_s = data.draw(st.integers(1800, int(len(values) * HOUR * 0.8)))
    rule = Interruption(data.draw(st.sampled_from([0, 300, 600, 1200])), data.draw(st.sampled_from([1800, 3600, 7200])))
    earliest = data.draw(st.integers(0, 3599))
    end = len(values) * HOUR
    grid = hourly(values)

    slices = best_slices(grid, work_s, rule, earliest, end)

    if slices is None:
        assert work_s > end - earliest
        return
    assert slices[0][0] >= earliest
    assert slices[-1][1] <= end
    assert all(later[0] >= earlier[1] for earlier, later in itertools.pairwise(slices))
    assert all(b - a >= min(rule.minimum_slice_s, work_s) - 1e-6 for a, b in slices)
    powered = sum(b - a for a, b in slices)
    assert powered == pytest.approx(work_s + (len(slices) - 1) * rule.resume_overhead_s, abs=1e-3)
    bound = float(lower_bound(grid, work_s, earliest, end)[0]) * work_s
    assert weighted_time(grid, slices) >= bound - 1e-6


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_no_slices_of_any_length_and_place_are_cleaner(data: st.DataObject) -> None:
    tick = 300  # seconds, of the walk that looks everywhere
    step = data.draw(st.sampled_from([300, 900, 1800, 3600]))
    values = [float(v) for v in data.draw(st.lists(st.integers(1, 900), min_size=4, max_size=30))]
    ticks = len(values) * step // tick
    first = data.draw(st.sampled_from([0, 0, 1, 7])) % (ticks // 2)
    last = ticks - data.draw(st.sampled_from([0, 0, 2, 5])) % (ticks // 2 - 1)
    work = data.draw(st.one_of(st.integers(1, last - first), st.integers(max(1, last - first - 6), last - first)))
    overhead = data.draw(st.sampled_from([0, 600, 3600]))
    least = data.draw(
        st.sampled_from([one for one in (step, 900, 3600, 5400, 4 * HOUR) if one > overhead] or [2 * HOUR])
    )
    start_s = data.draw(st.sampled_from([0.0, 1_700_000_000.0 - 1_700_000_000 % 3600]))
    grid = StepGrid.build(start_s + np.arange(len(values) + 1, dtype=np.float64) * step, np.array([values]))
    rule = Interruption(overhead, least)

    slices = best_slices(grid, work * tick, rule, start_s + first * tick, start_s + last * tick)

    costs = [values[at * tick // step] * tick for at in range(first, last)]
    assert slices is not None
    assert weighted_time(grid, slices) <= least_cost(costs, work, overhead // tick, int(least) // tick) * (1 + 1e-6)
    powered = sum(end - begin for begin, end in slices)
    assert powered == pytest.approx(work * tick + (len(slices) - 1) * overhead, abs=1e-3)
    assert all(end - begin >= min(least, work * tick) - 1e-3 for begin, end in slices)
    assert all(later[0] >= earlier[1] for earlier, later in itertools.pairwise(slices))
    assert slices[0][0] >= start_s + first * tick
    assert slices[-1][1] <= start_s + last * tick + 1e-6


def test_slices_of_the_shortest_length_leave_the_rest_to_one_of_them() -> None:
    # 2.5 h in slices of an hour or more: 1 + 1.5. The half hour is best taken from the 30 beside the 10.
    slices = best_slices(hourly([10, 500, 20, 30, 500]), 2.5 * HOUR, Interruption(0, HOUR), 0, 5 * HOUR)

    assert slices == [(0, HOUR), (2 * HOUR, 3.5 * HOUR)]


def test_a_run_that_begins_between_steps_may_use_every_second_from_then_on() -> None:
    # From 0:30 to 3:30 with a ridge of an hour: the two cheap stretches are an hour and a half hour, together the work.
    slices = best_slices(hourly([20, 500, 20, 20]), 1.5 * HOUR, Interruption(0, 0.5 * HOUR), 0.5 * HOUR, 3 * HOUR)

    assert slices == [(0.5 * HOUR, HOUR), (2 * HOUR, 3 * HOUR)]


def test_of_equally_clean_slices_the_earliest_are_taken() -> None:
    days = [50.0, 10, 50, 50] * 6

    slices = best_slices(hourly(days), 2 * HOUR, Interruption(0, HOUR), 0, 24 * HOUR)

    assert slices == [(HOUR, 2 * HOUR), (5 * HOUR, 6 * HOUR)]


@pytest.mark.parametrize(
    ("step", "days", "work_h", "overhead", "least"),
    [(300, 60, 400, 600, 3600), (3600, 90, 300.1, 3540, 3600), (300, 30, 200, 611, 7200)],
)
def test_slices_pay_on_horizons_too_long_to_count_exactly(
    step: int, days: int, work_h: float, overhead: int, least: int
) -> None:
    hours = np.arange(days * 86400 // step) * step / HOUR
    values = 400 + 300 * np.sin(hours * np.pi / 12)
    grid = StepGrid.build(np.arange(values.size + 1, dtype=np.float64) * step, values[None])
    rule = Interruption(overhead, least)

    slices = best_slices(grid, work_h * HOUR, rule, 0, days * 24 * HOUR)

    counted = slots_of(step, 0, days * 24 * HOUR, work_h * HOUR, rule)
    assert counted.shortest > counted.overhead
    assert counted.length * counted.work <= 1.01 * MOST_STATES
    assert slices is not None
    powered = sum(end - begin for begin, end in slices)
    assert powered == pytest.approx(work_h * HOUR + (len(slices) - 1) * overhead, abs=1)
    assert all(end - begin >= least - 1e-3 for begin, end in slices)
    # An unbroken run of days meets 400; the cleaner half of each day is 400 - 300 x 2 / pi = 209 on average.
    assert weighted_time(grid, slices) / powered < 200


@pytest.mark.parametrize("offset", [0, 137])
def test_slices_found_on_long_slots_are_nearly_those_found_on_short_ones(
    offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[int, list[list[tuple[float, float]]]] = {}
    hours = np.arange(3 * 288) / 12
    noise = np.random.default_rng(5).normal(0, 20, hours.size)
    values = 300 + 110 * np.sin(hours * np.pi / 12) + 40 * np.sin(hours * np.pi / 6) + noise
    grid = StepGrid.build(np.arange(values.size + 1, dtype=np.float64) * 300, values[None])
    rule, work_s, end_s = Interruption(720, 1800), 20.3 * HOUR, values.size * 300.0 - offset
    for states, slot_s in ((40_000_000, 60), (1_200_000, 300)):
        for name in ("FINE_STATES", "MOST_STATES"):
            monkeypatch.setattr(f"greenai_infra.planning.slots.{name}", states)
        assert slots_of(300, offset, end_s, work_s, rule, 5).slot_s == slot_s
        found[slot_s] = fewer_slices(grid, work_s, rule, offset, end_s, [4])[0]

    costs = {len(slices): weighted_time(grid, slices) for slices in found[300]}
    for slices in found[60]:
        nearly = min(cost for number, cost in costs.items() if number <= len(slices))
        assert nearly == pytest.approx(weighted_time(grid, slices), rel=0.005)
    for slices in found[300]:
        powered = sum(end - begin for begin, end in slices)
        assert powered == pytest.approx(work_s + (len(slices) - 1) * 720, abs=1e-3)
        assert all(end - begin >= 1800 - 1e-3 for begin, end in slices)


def test_the_lower_bound_is_the_mean_of_the_cleanest_hours() -> None:
    bound = lower_bound(hourly([50, 10, 40, 20]), 2.5 * HOUR, 0, 4 * HOUR)[0]

    assert bound == pytest.approx((10 + 20 + 0.5 * 40) / 2.5)
