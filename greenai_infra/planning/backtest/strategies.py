"""The strategies that a backtest compares, each for all start times at once.

Each says where the run would have been, when it would have ended, and the integral of the intensity that the grid then
really had. `climatology` and `fixed greenest` choose by what was known at the start time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.backtest.climatology import Expectation
from greenai_infra.planning.backtest.running import Running, best_unbroken
from greenai_infra.planning.backtest.slicing import Problem, Schedules, least_possible, slice_where_it_pays
from greenai_infra.planning.backtest.traces import HOUR_S
from greenai_infra.planning.backtest.waiting import least_gains

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.job import Job
    from greenai_infra.planning.backtest.running import Floats, Ints
    from greenai_infra.planning.backtest.traces import History

NOW = "now"
FIXED = "fixed greenest"
HOURLY = "hourly greenest"
WINDOW = "best window"
INTERRUPTIBLE = "interruptible"
CLIMATOLOGY = "climatology"
ORACLE = "oracle"


class Outcome(NamedTuple):
    """The outcome of the run at each start time, all of shape (start times,).

    `sums` is the integral of intensity x PUE over the time that it ran, g/kWh x s; `ends_s` is when it ended;
    `zone` is the row of the zone, None where it moved between zones.
    """

    sums: Floats
    ends_s: Floats
    zone: Ints | None


@dataclass(frozen=True)
class Replay:
    """A job at many start times of a history. `starts_s`, shape (n,), are whole hours, in seconds from its begin."""

    job: Job
    history: History
    starts_s: Floats

    @cached_property
    def values(self) -> Floats:
        """Intensity x PUE by step, shape (zones, steps), g/kWh; gaps, which no start time touches, are zero."""
        pue = [self.job.pue[zone].pue if self.job.pue else 1.0 for zone in self.history.zones]
        weighted: Floats = np.nan_to_num(self.history.g_per_kwh) * np.array(pue)[:, None]
        return weighted

    @cached_property
    def hourly(self) -> Floats:
        """The means of `steps` by hour, shape (zones, hours)."""
        per_hour = HOUR_S // self.history.step_s
        means: Floats = self.values.reshape(len(self.values), -1, per_hour).mean(axis=2)
        return means

    @cached_property
    def running(self) -> Running:
        """The running integral of `steps`."""
        return Running.of(self.values, self.history.step_s)

    @cached_property
    def earliest_s(self) -> Floats:
        """When each run may begin."""
        return self.starts_s + self.job.slack.earliest_s

    @property
    def latest_start_s(self) -> Floats:
        """The latest begin of each unbroken run."""
        return self.starts_s + max(self.job.latest_end_s - self.job.duration_s, self.job.slack.earliest_s)

    @cached_property
    def problem(self) -> Problem | None:
        """The run cut into slices, or None if it may not stop."""
        if self.job.interruption is None:
            return None
        return Problem(
            self.job.duration_s,
            self.job.interruption,
            self.history.step_s,
            self.earliest_s,
            self.starts_s + self.job.latest_end_s,
            self.history.start_s,
        )


def replay_all(replay: Replay, baseline: Replay | None = None) -> dict[str, Outcome]:
    """The outcome of every strategy that the workload's rules allow, in display order.

    `baseline` has the baseline's zone in its history, for a baseline's zone that may not be chosen.
    """
    window = _best_window(replay)
    outcomes = {NOW: _now(baseline or replay), FIXED: _fixed(replay), HOURLY: _hourly(replay), WINDOW: window}
    if replay.problem is not None:
        outcomes[INTERRUPTIBLE] = _interruptible(replay, replay.problem, window)
    outcomes[CLIMATOLOGY] = _climatology(replay)
    best = outcomes.get(INTERRUPTIBLE, window)
    # Very long searches are not exact, so a choice made without knowledge may end up slightly better.
    outcomes[ORACLE] = _lesser(best, outcomes[CLIMATOLOGY])
    return outcomes


def _unbroken(replay: Replay, zone: Ints, begins_s: Floats) -> Outcome:
    """The unbroken run in given zones from given start times."""
    ends_s = begins_s + replay.job.duration_s
    return Outcome(replay.running.between(zone, begins_s, ends_s), ends_s, zone)


def _now(replay: Replay) -> Outcome:
    """The run in the baseline zone, started at once."""
    row = replay.history.zones.index(replay.job.baseline_zone)
    return _unbroken(replay, np.full(replay.starts_s.size, row), replay.earliest_s)


def _fixed(replay: Replay) -> Outcome:
    """The run started at once in the zone with the least mean over all of the traces before the start time.

    Only steps that every zone has count, so that a gap in a trace does not favour its zone.
    """
    known = ~np.isnan(replay.history.g_per_kwh).any(axis=0)
    before = Running.of(replay.values * known, replay.history.step_s).at(slice(None), replay.starts_s)
    return _unbroken(replay, np.argmin(before, axis=0), replay.earliest_s)


def _hourly(replay: Replay) -> Outcome:
    """The run started at once, in each clock hour in the zone with the least mean of that hour; moves are free."""
    greenest = np.repeat(np.argmin(replay.hourly, axis=0), HOUR_S // replay.history.step_s)
    values = replay.values[greenest, np.arange(greenest.size)]
    ends_s = replay.earliest_s + replay.job.duration_s
    running = Running.of(values[None, :], replay.history.step_s)
    return Outcome(running.between(slice(None), replay.earliest_s, ends_s)[0], ends_s, None)


def _best_window(replay: Replay) -> Outcome:
    """The zone and start with the least emissions, without a break, knowing the future."""
    windows = best_unbroken(replay.running, replay.job.duration_s, replay.earliest_s, replay.latest_start_s)
    zone = np.argmin(windows.sums, axis=0)
    return _unbroken(replay, zone, windows.starts_s[zone, np.arange(zone.size)])


def _interruptible(replay: Replay, problem: Problem, window: Outcome) -> Outcome:
    """The zone and slices with the least emissions, knowing the future; without a break where that emits less."""
    floors = least_possible(replay.values, problem.step_s, problem.work_s, problem.earliest_s, problem.latest_end_s)

    def integral(zone: Ints, start: Ints, times_s: Floats) -> Floats:
        return replay.running.at(zone[:, None], times_s)

    schedules = slice_where_it_pays(problem, integral, floors, window.sums)
    return _with_slices(replay, schedules, window)


def _climatology(replay: Replay) -> Outcome:
    """The planner's choice from the hourly means of the last days, by its waiting rule; emissions are the real ones."""
    job, count = replay.job, replay.starts_s.size
    start_hours = (replay.starts_s // HOUR_S).astype(np.int64)
    expected = Expectation.before(replay.hourly, start_hours)
    at_once, windows = expected.best_unbroken(
        job.duration_s, job.slack.earliest_s, max(job.latest_end_s - job.duration_s, job.slack.earliest_s)
    )
    spare_hours = (job.latest_end_s - job.slack.earliest_s - job.duration_s) / HOUR_S
    floors = windows.sums
    if replay.problem is not None:
        floors = expected.least_possible(job.duration_s, job.slack.earliest_s, job.latest_end_s)
    # The rule is looked up only where a wait would save something and could make the zone the best.
    asked = np.nonzero((floors < at_once) & (floors <= at_once.min(axis=0)))
    least_wait = at_once.copy()  # waiting must come below it
    least_wait[asked] *= 1 - least_gains(
        replay.hourly, asked[0], start_hours[asked[1]], job.duration_s / HOUR_S, spare_hours, job.wait_threshold
    )
    waits = windows.sums < least_wait
    sums = np.where(waits, windows.sums, at_once)
    begins_s = np.where(waits, windows.starts_s, job.slack.earliest_s)
    zone, each = np.argmin(sums, axis=0), np.arange(count)
    unbroken = _unbroken(replay, zone, replay.starts_s + begins_s[zone, each])
    if replay.problem is None:
        return unbroken

    def integral(zone: Ints, start: Ints, times_s: Floats) -> Floats:
        return expected.integral(zone, start, times_s - replay.starts_s[start, None])

    schedules = slice_where_it_pays(replay.problem, integral, floors, sums[zone, each], least_wait)
    return _with_slices(replay, schedules, unbroken)


def _with_slices(replay: Replay, schedules: Schedules, unbroken: Outcome) -> Outcome:
    """The grid's intensity during the slices where there are slices, else during the unbroken run."""
    sliced = schedules.zone >= 0
    rows = np.maximum(schedules.zone, 0)[:, None]
    begins_s, ends_s = np.nan_to_num(schedules.starts_s), np.nan_to_num(schedules.ends_s)
    sums = replay.running.between(rows, begins_s, ends_s).sum(axis=1)
    assert unbroken.zone is not None
    return Outcome(
        np.where(sliced, sums, unbroken.sums),
        np.where(sliced, ends_s.max(axis=1), unbroken.ends_s),
        np.where(sliced, schedules.zone, unbroken.zone),
    )


def _lesser(one: Outcome, other: Outcome) -> Outcome:
    """The outcome with the smaller emissions at each start time, the first among equals."""
    assert one.zone is not None
    assert other.zone is not None
    less = other.sums < one.sums
    return Outcome(*(np.where(less, b, a) for a, b in zip(one, other, strict=True)))  # type: ignore[arg-type]
