"""When a run of given length should start, or how it should be sliced, in each of several zones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.slices import Interruption, best_slices, lower_bound, weighted_time
from greenai_infra.planning.windows import StepGrid, best_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from greenai_infra.planning.transfer import Origin

Slices = tuple[tuple[float, float], ...]

DEFAULT_THRESHOLD_PERCENT = 10.0
"""Waiting must save more than this where the error of the forecast is not measured and the workload states nothing."""

ROUNDING = 1e-9  # a relative gain that a sum in another order may make; no forecast is so good that it is worth a wait


@dataclass(frozen=True, slots=True)
class Timing:
    """What is known of the time: Unix seconds; `threshold` is the least relative gain worth waiting for.

    Where `measured` knows the error of what is expected in a zone for a run of so many seconds, that takes the place
    of the threshold. `origin` is the grid where the workload's data lie, if it has any.
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

    `known_at_once` is whether intensity is known, and the deadline met, for a start at the earliest moment.
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
    def mean(self) -> float:
        return self.weighted / sum(end - start for start, end in self.slices)


def choose_times(
    grid: StepGrid, duration_s: float, timing: Timing, rows: Iterable[tuple[int, str]], burden_g_per_kwh: float
) -> dict[int, list[Timed]]:
    """For each row of the grid the timings worth having, the cleanest first; a row that fits no window is left out.

    `rows` are the rows to look at, each with its zone. Waiting or slicing must cut the intensity-weighted time by more
    than the zone's threshold, which is asked for only where something would be gained, or the run starts at once.
    Slices run longer by their resumes, so they must also pay for the embodied share of that time, which
    `burden_g_per_kwh` adds to the intensity. Where slices win, the best unbroken run follows: it costs less.
    """
    deadline_s = timing.deadline_s or timing.earliest_s + duration_s
    now_end_s = timing.earliest_s + duration_s
    now_fits = now_end_s <= min(deadline_s, float(grid.edges_s[-1])) + 1e-6
    now = grid.mean(timing.earliest_s, now_end_s) if now_fits else np.full(len(grid.values), np.inf)
    starts, means = best_windows(grid, duration_s, timing.earliest_s, deadline_s)
    floors = means
    if timing.interruption is not None:
        floors = lower_bound(grid, duration_s, timing.earliest_s, deadline_s)
    chosen: dict[int, list[Timed]] = {}
    for row, zone in rows:
        now_mean, best_mean, floor = float(now[row]), float(means[row]), float(floors[row])
        at_once = _unbroken(timing.earliest_s, duration_s, now_mean, burden_g_per_kwh)
        unbroken = _unbroken(float(starts[row]), duration_s, best_mean, burden_g_per_kwh)
        gains = at_once is not None and min(best_mean, floor) < now_mean
        threshold = max(timing.least_gain(zone, duration_s), ROUNDING) if gains else 0.0
        least_wait = now_mean * (1 - threshold) * duration_s  # waiting must come below it
        if at_once and (unbroken is None or unbroken.weighted >= least_wait):
            unbroken = at_once
        options = [unbroken] if unbroken else []
        worth_slicing = floor < best_mean and not (at_once and floor * duration_s >= least_wait)
        if timing.interruption is not None and worth_slicing:
            sliced = _sliced(grid, row, duration_s, timing, burden_g_per_kwh)
            if sliced and not (at_once and sliced.weighted >= least_wait):
                options.append(sliced)
        options.sort()
        if options and len(options[0].slices) == 1:
            options = options[:1]
        if options:
            known = now_mean if isfinite(now_mean) else None
            chosen[row] = [
                Timed(o.slices, o.mean, o.mean if known is None else known, known is not None) for o in options
            ]
    return chosen


def _unbroken(start_s: float, duration_s: float, mean: float, burden_g_per_kwh: float) -> _Option | None:
    if not isfinite(mean):
        return None
    weighted = mean * duration_s
    return _Option(weighted + burden_g_per_kwh * duration_s, weighted, ((start_s, start_s + duration_s),))


def _sliced(grid: StepGrid, row: int, duration_s: float, timing: Timing, burden_g_per_kwh: float) -> _Option | None:
    assert timing.interruption is not None
    deadline_s = timing.deadline_s or timing.earliest_s + duration_s
    burdened = _row(grid, row, burden_g_per_kwh)
    slices = best_slices(burdened, duration_s, timing.interruption, timing.earliest_s, deadline_s)
    if slices is None:
        return None
    return _Option(weighted_time(burdened, slices), weighted_time(_row(grid, row, 0.0), slices), tuple(slices))


def _row(grid: StepGrid, row: int, burden_g_per_kwh: float) -> StepGrid:
    """One zone of a grid, with a constant added to its intensity."""
    pick = slice(row, row + 1)
    gap_s = None if grid.gap_s is None else grid.gap_s[pick]
    integral = grid.integral[pick] + burden_g_per_kwh * (grid.edges_s - grid.edges_s[0])
    return replace(grid, values=grid.values[pick] + burden_g_per_kwh, integral=integral, gap_s=gap_s)
