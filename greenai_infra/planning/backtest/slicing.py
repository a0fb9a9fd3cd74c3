"""Slicing only where it can pay: a lower bound on the slices of a zone decides which zones are solved at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.backtest.running import EQUAL
from greenai_infra.planning.slice_search import search
from greenai_infra.planning.slots import ROUNDING_S, slots_of
from greenai_infra.planning.trim import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenai_infra.planning.backtest.running import Floats, Ints
    from greenai_infra.planning.slice_search import Found
    from greenai_infra.planning.slots import Interruption

PATIENCE = 10  # times as long may be spent on the runs of a backtest as on a plan
CHUNK_VALUES = 4_000_000  # values that are partly sorted at once


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """An interruptible run at many start times; `earliest_s` and `latest_end_s` have shape (start times,).

    Times count from a moment that lies `origin_s` after the edge of a step.
    """

    work_s: float
    rule: Interruption
    step_s: int
    earliest_s: Floats
    latest_end_s: Floats
    origin_s: float


class Schedules(NamedTuple):
    """The best slices of each start time: zone (-1 where slicing does not pay), integral, slices padded with NaN."""

    zone: Ints
    sums: Floats
    starts_s: Floats
    ends_s: Floats


def slice_where_it_pays(
    problem: Problem,
    integral: Callable[[Ints, Ints, Floats], Floats],
    floors: Floats,
    to_beat: Floats,
    at_most: Floats | None = None,
) -> Schedules:
    """The zone and slices of least integral for each start time, where that is less than `to_beat`.

    `integral(zones, start times, times)` gives integrals up to times, (n,), (n,) and (n, k) to (n, k). `floors` has
    shape (zones, start times): a lower bound on the integral of any slices in that zone. `to_beat` has shape
    (start times,). `at_most` has the shape of `floors`: slices in a zone count only below it.
    """
    shift_s = problem.origin_s % problem.step_s
    limits = np.broadcast_to(to_beat - EQUAL, floors.shape)
    if at_most is not None:
        limits = np.minimum(limits, at_most)
    zones_by_floor = np.argsort(floors, axis=0, kind="stable")
    everywhere = np.arange(to_beat.size)
    best = Schedules(np.full(to_beat.size, -1), np.full(to_beat.size, np.inf), *np.full((2, to_beat.size, 1), np.nan))
    for zones in zones_by_floor:
        limit = np.minimum(limits[zones, everywhere], best.sums - EQUAL)
        starts = np.flatnonzero(floors[zones, everywhere] < limit)
        if not starts.size:
            continue
        zone = zones[starts]

        def up_to(runs: Ints, times_s: Floats, zone: Ints = zone, starts: Ints = starts) -> Floats:
            return integral(zone[runs], starts[runs], times_s - shift_s)

        begins, ends = best_slices_of_all(
            up_to,
            problem.step_s,
            problem.work_s,
            problem.rule,
            problem.earliest_s[starts] + shift_s,
            problem.latest_end_s[starts] + shift_s,
        )
        runs = np.arange(starts.size)
        found = ~np.isnan(begins[:, 0])
        over_slices = up_to(runs, np.nan_to_num(ends)) - up_to(runs, np.nan_to_num(begins))
        sums = np.where(found, np.where(np.isnan(begins), 0.0, over_slices).sum(axis=1), np.inf)
        better = sums < limit[starts]
        best = _replaced(
            best, starts[better], zone[better], sums[better], (begins - shift_s)[better], (ends - shift_s)[better]
        )
    return best


class Sliced(NamedTuple):
    """Slices (s) of each run, shape (runs, slices), padded with NaN; all NaN where the work does not fit."""

    starts_s: Floats
    ends_s: Floats


def best_slices_of_all(
    integral: Callable[[Ints, Floats], Floats],
    step_s: int,
    work_s: float,
    rule: Interruption,
    earliest_s: Floats,
    latest_end_s: Floats,
) -> Sliced:
    """Slices with the least intensity-weighted time of each run; `earliest_s` and `latest_end_s` have shape (runs,).

    `integral(runs, times)` gives the integral of intensity of each of these runs up to its times, (n,) and (n, k) to
    (n, k), g/kWh x s. Times count from a multiple of the step. Runs that start equally far into a step and have equal
    time until their deadline share most of the computation.
    """
    edge_s = (np.floor(earliest_s / step_s) + 1) * step_s  # the first edge after the earliest begin
    bounds_s = np.stack([earliest_s, latest_end_s], axis=1) - edge_s[:, None]
    kinds, kind = np.unique(np.rint(bounds_s / ROUNDING_S), axis=0, return_inverse=True)
    found: list[Found] = [[] for _ in earliest_s]
    for number in range(len(kinds)):
        alike = np.flatnonzero(kind.reshape(-1) == number)
        begin_s, end_s = map(float, bounds_s[alike[0]])
        slots = slots_of(step_s, begin_s, end_s, work_s, rule, max(1, alike.size // PATIENCE))
        edges_s = np.arange(0.0, end_s, step_s)

        def up_to(times_s: Floats, runs: Ints = alike) -> Floats:
            return integral(runs, edge_s[runs, None] + times_s)

        for run, best in zip(alike, search(up_to, slots, work_s, (begin_s, end_s), edges_s), strict=True):
            for slices in best:
                found[run] = [(edge_s[run] + start, edge_s[run] + end) for start, end in slices]
    starts_s, ends_s = (np.clip(times_s, earliest_s[:, None], latest_end_s[:, None]) for times_s in _padded(found))
    return Sliced(*trimmed(starts_s, ends_s, integral, work_s, rule))


def _padded(found: Sequence[Found]) -> tuple[Floats, Floats]:
    most = max((len(slices) for slices in found), default=0)
    times = np.full((2, len(found), max(most, 1)), np.nan)
    for row, slices in enumerate(found):
        if slices:
            times[:, row, : len(slices)] = np.array(slices).T
    return times[0], times[1]


def least_possible(values: Floats, step_s: int, work_s: float, earliest_s: Floats, latest_end_s: Floats) -> Floats:
    """A lower bound on the integral of any slices between two times: the integral over the cleanest steps for the work.

    `values` has shape (zones, steps), g/kWh; the times have shape (start times,) and must be equally far apart and
    equally far into a step. The result has shape (zones, start times), g/kWh x s.
    """
    first = np.floor(earliest_s / step_s).astype(np.int64)
    count = int(np.ceil(latest_end_s[0] / step_s)) - int(first[0])
    whole, part = divmod(work_s / step_s, 1.0)
    taken = min(int(whole), count - 1)
    windows = np.lib.stride_tricks.sliding_window_view(values, count, axis=1)
    least = np.empty((values.shape[0], first.size))
    size = max(1, CHUNK_VALUES // (values.shape[0] * count))
    for begin in range(0, first.size, size):
        chunk = np.partition(windows[:, first[begin : begin + size]], taken, axis=2)
        least[:, begin : begin + size] = chunk[..., :taken].sum(axis=2)
        if part and taken == whole:
            least[:, begin : begin + size] += part * chunk[..., taken]
    return least * step_s


def _replaced(best: Schedules, starts: Ints, zone: Ints, sums: Floats, begins_s: Floats, ends_s: Floats) -> Schedules:
    """Schedules with the entries of some start times replaced."""
    width = max(best.starts_s.shape[1], begins_s.shape[1])
    zones, all_sums = best.zone.copy(), best.sums.copy()
    zones[starts], all_sums[starts] = zone, sums
    times = []
    for old, new in ((best.starts_s, begins_s), (best.ends_s, ends_s)):
        wide = np.full((old.shape[0], width), np.nan)
        wide[:, : old.shape[1]] = old
        wide[starts] = np.nan
        wide[starts, : new.shape[1]] = new
        times.append(wide)
    return Schedules(zones, all_sums, *times)
