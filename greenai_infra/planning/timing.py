"""When a run of given length should start, or how it should be sliced, in each of several zones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.windows import best_windows, lower_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from greenai_infra.planning.slots import Interruption
    from greenai_infra.planning.transfer import Origin
    from greenai_infra.planning.windows import StepGrid

Slices = tuple[tuple[float, float], ...]

DEFAULT_THRESHOLD_PERCENT = 10.0
"""Percent that a wait must save where the forecast's error is not measured and the workload states no threshold."""

ROUNDING_S = 1e-3
ROUNDING = 1e-9  # relative gain within the rounding of sums, never worth a wait


@dataclass(frozen=True, slots=True)
class Timing:
    """The bounds on the time, in Unix seconds; `threshold` is the least relative gain worth waiting for.

    If `measured` has the error of the prediction in a zone for a run of that many seconds, the error replaces the
    threshold. `origin` is the grid that hosts the workload's data, if it has data.
    """

    earliest_s: float
    deadline_s: float | None
    interruption: Interruption | None
    threshold: float
    measured: Callable[[str, float], float | None] = lambda zone, duration_s: None
    origin: Origin | None = None

    def least_gain(self, zone: str, duration_s: float) -> float:
        """The relative gain that waiting in a zone must exceed."""
        known = self.measured(zone, duration_s)
        return self.threshold if known is None else known


class Timed(NamedTuple):
    """Slices with their mean intensity, and the mean of starting at once (the same where that is not possible).

    `known_at_once`: intensity is known, and the deadline met, for a start at the earliest moment.
    """

    slices: Slices
    mean_g_per_kwh: float
    now_g_per_kwh: float
    known_at_once: bool


class _Option(NamedTuple):
    """Ordered by burdened emissions; both are intensity x time, g/kWh x s."""

    burdened: float
    weighted: float
    slices: Slices

    @property
    def seconds(self) -> float:
        return sum(end - start for start, end in self.slices)

    @property
    def mean(self) -> float:
        return self.weighted / self.seconds


class Row(NamedTuple):
    """A row of a grid with its zone, and what counts in addition to the emissions of energy, per energy: g/kWh.

    That is the embodied share of the hardware. Time lost to a resume must pay for it too.
    """

    number: int
    zone: str
    burden_g_per_kwh: float


def choose_times(
    grid: StepGrid,
    duration_s: float,
    timing: Timing,
    rows: Iterable[Row],
    worth_slicing: Callable[[Row, float], bool] = lambda row, floor_g_per_kwh: True,
) -> dict[Row, list[Timed]]:
    """For each row its cleanest timing; a row that fits no window is left out.

    `worth_slicing` says whether slices of a row can be useful, given a lower bound on their mean intensity.

    Waiting or slicing must cut the intensity-weighted time by more than the zone's threshold, else the run starts at
    once. The threshold is looked up only where there is a gain. Where slices win, the best unbroken run follows: it
    costs less.
    """
    deadline_s = timing.deadline_s or timing.earliest_s + duration_s
    now = _means_at_once(grid, duration_s, timing)
    starts, means = best_windows(grid, duration_s, timing.earliest_s, deadline_s)
    floors = means
    if timing.interruption is not None:
        floors = lower_bound(grid, duration_s, timing.earliest_s, deadline_s)
    options: dict[Row, list[_Option]] = {}
    to_slice: dict[Row, float] = {}  # each with the weighted time that slices must stay below
    for row in sorted(rows):
        now_mean, best_mean, floor = float(now[row.number]), float(means[row.number]), float(floors[row.number])
        unbroken = _unbroken(float(starts[row.number]), duration_s, best_mean, row)
        least_wait = np.inf
        if at_once := _unbroken(timing.earliest_s, duration_s, now_mean, row):
            gains = min(best_mean, floor) < now_mean
            least_wait = _least_wait(now_mean, row, duration_s, timing) if gains else at_once.weighted
            if unbroken is None or unbroken.weighted >= least_wait:
                unbroken = at_once
        options[row] = [unbroken] if unbroken else []
        if floor < best_mean and floor * duration_s < least_wait and worth_slicing(row, floor):
            to_slice[row] = least_wait
    if timing.interruption and to_slice:
        from greenai_infra.planning.slices import best_slices

        burdened = _burdened(grid, to_slice)
        found = best_slices(burdened, duration_s, timing.interruption, timing.earliest_s, deadline_s)
        for row, one in zip(to_slice, _options(grid, burdened, to_slice, [[one] for one in found]), strict=True):
            options[row] += one
    return {row: _timed(sorted(found), float(now[row.number])) for row, found in options.items() if found}


def fewer_times(grid: StepGrid, duration_s: float, timing: Timing, rows: Mapping[Row, int]) -> dict[Row, list[Timed]]:
    """For some rows the sliced timings that emit more than the cleanest but cost less.

    `rows` are those whose cleanest timing is in slices, each with its number of slices.
    """
    if timing.interruption is None or not timing.interruption.resume_overhead_s:
        return {}
    from greenai_infra.planning.slices import fewer_slices

    deadline_s = timing.deadline_s or timing.earliest_s + duration_s
    now = _means_at_once(grid, duration_s, timing)
    below = {row: _least_wait(float(now[row.number]), row, duration_s, timing) for row in rows}
    burdened = _burdened(grid, rows)
    most = [number - 1 for number in rows.values()]
    found = fewer_slices(burdened, duration_s, timing.interruption, timing.earliest_s, deadline_s, most)
    options = _options(grid, burdened, below, found)
    return {row: _timed(one, float(now[row.number])) for row, one in zip(rows, options, strict=True)}


def _means_at_once(grid: StepGrid, duration_s: float, timing: Timing) -> NDArray[np.float64]:
    """The mean of every row over an unbroken run from the earliest moment, infinite where impossible."""
    end_s = timing.earliest_s + duration_s
    if end_s > min(timing.deadline_s or end_s, float(grid.edges_s[-1])) + 1e-6:
        return np.full(len(grid.values), np.inf)
    return grid.mean(timing.earliest_s, end_s)


def _least_wait(now_mean: float, row: Row, duration_s: float, timing: Timing) -> float:
    """The weighted time that a wait must undercut."""
    if not isfinite(now_mean):
        return np.inf
    return now_mean * (1 - max(timing.least_gain(row.zone, duration_s), ROUNDING)) * duration_s


def _timed(options: Iterable[_Option], now_mean: float) -> list[Timed]:
    """Options as timings; options that run no shorter than an earlier option are dropped."""
    timed: list[Timed] = []
    shortest_s = np.inf
    for option in options:
        if option.seconds < shortest_s - ROUNDING_S:
            known = isfinite(now_mean)
            timed.append(Timed(option.slices, option.mean, now_mean if known else option.mean, known))
            shortest_s = option.seconds
    return timed


def _unbroken(start_s: float, duration_s: float, mean: float, row: Row) -> _Option | None:
    if not isfinite(mean):
        return None
    weighted = mean * duration_s
    return _Option(weighted + row.burden_g_per_kwh * duration_s, weighted, ((start_s, start_s + duration_s),))


def _burdened(grid: StepGrid, rows: Iterable[Row]) -> StepGrid:
    """Some rows of a grid with their burden added to the intensity."""
    numbers, _, burdens = zip(*rows, strict=True)
    some, burden = grid.rows(np.array(numbers)), np.array(burdens)[:, None]
    return replace(
        some, values=some.values + burden, integral=some.integral + burden * (grid.edges_s - grid.edges_s[0])
    )


def _options(
    grid: StepGrid, burdened: StepGrid, below: Mapping[Row, float], found: Iterable[Iterable[list[tuple[float, float]]]]
) -> Iterator[list[_Option]]:
    """The options for each row of `below` whose weighted time is less than its value there."""
    from greenai_infra.planning.slices import weighted_time

    for at, ((row, least_wait), all_slices) in enumerate(zip(below.items(), found, strict=True)):
        plain, with_burden = grid.rows(slice(row.number, row.number + 1)), burdened.rows(slice(at, at + 1))
        options = []
        for slices in filter(None, all_slices):
            weighted = weighted_time(plain, slices)
            if weighted < least_wait:
                options.append(_Option(weighted_time(with_burden, slices), weighted, tuple(slices)))
        yield sorted(options)
