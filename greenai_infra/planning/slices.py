"""The cleanest slices for a run that may stop and resume, in each of several zones.

A resumed slice spends its first part on the resume overhead, so each resume adds that much running time. Slices have
at least the minimum length, which includes the overhead. More slices emit less but cost more, so the cleanest slices
of each number are useful. The answer is exact for problems of usual size: `greenai_infra.planning.slots` describes its
form, `greenai_infra.planning.slice_search` finds it.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.planning.slice_ways import search
from greenai_infra.planning.slots import MAX_ROUGH_STATES, ROUNDING_S, Moments, rough_slots, slots_of, with_slots_of
from greenai_infra.planning.trim import trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenai_infra.planning.slice_ways import Found
    from greenai_infra.planning.slots import Floats, Interruption, Ints, Slots
    from greenai_infra.planning.windows import StepGrid

SECONDS_PER_HOUR = 3600
GAP_G_PER_KWH = 1e9  # stands for "not available" in sums, where infinity would turn into NaN
MORE_SLICES = 2  # more slices to try than on long slots, which make a resume look longer
ENTRIES_AT_ONCE = 20_000  # numbers of slices x slots of work x zones: fit the processor's cache


def best_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float
) -> list[Found]:
    """Slices (start, end in Unix s) with the least intensity-weighted time for each zone, in order.

    Running time is `work_s` plus one resume overhead for each slice after the first. A zone where the work does not fit
    between `earliest_s` and `latest_end_s` gets an empty list.
    """
    zones = np.arange(len(grid.values))
    found = _Problem(grid, work_s, rule, earliest_s, latest_end_s).solve(zones, None)
    return [options[0] if options else [] for options in found]


def fewer_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float, most: Sequence[int]
) -> list[list[Found]]:
    """The same for each zone with a given number of slices: with two, three and so on, at most `most` of each zone.

    A number is left out where a smaller number is as clean.
    """
    problem = _Problem(grid, work_s, rule, earliest_s, latest_end_s)
    found: list[list[Found]] = [[] for _ in grid.values]
    for number in sorted(set(most)):
        alike = np.flatnonzero(np.array(most) == number)
        for zone, options in zip(alike, problem.solve(alike, number), strict=True):
            found[zone] = [slices for slices in options if len(slices) > 1]
    return found


class _Problem:
    """A run between two times, in any zone of a grid."""

    def __init__(
        self, grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float
    ) -> None:
        self.grid, self.work_s, self.rule = grid, work_s, rule
        self.earliest_s = max(earliest_s, float(grid.edges_s[0]))
        self.latest_end_s = min(latest_end_s, float(grid.edges_s[-1]))
        self.edges_s, self.step_s = _edges_between(grid, self.earliest_s, self.latest_end_s)
        self.origin_s = float(self.edges_s[0]) if self.edges_s.size else self.earliest_s
        self.ways = 4  # bounds off the edges double the cases: touched or not, for each bound
        if not np.any((np.array([self.earliest_s, self.latest_end_s]) - self.origin_s) % self.step_s):
            self.ways = 1
            self.origin_s, self.edges_s = self.earliest_s, np.append(self.earliest_s, self.edges_s)

    def solve(self, rows: Ints, most_slices: int | None) -> list[list[Found]]:
        """The best slices in each row, or the best of each number of slices up to `most_slices`."""
        if self.work_s > self.latest_end_s - self.earliest_s + ROUNDING_S:
            return [[] for _ in rows]
        numbers = 1 if most_slices is None else most_slices + 1
        span_s = min(self.step_s * (self.edges_s.size + 1.0), self.latest_end_s - self.earliest_s)
        slots = slots_of(self.step_s, self.work_s, self.rule, span_s, numbers * self.ways)
        if most_slices is not None and not slots.is_exact(self.rule):
            return [self._rough(row, most_slices, span_s) for row in rows.tolist()]
        size = max(1, int(ENTRIES_AT_ONCE * slots.slot_s / (self.work_s * numbers)))
        found: list[list[Found]] = []
        for first in range(0, len(rows), size):
            found += self._search(rows[first : first + size], slots, self._moments(self.edges_s, slots), most_slices)
        if most_slices is None and not slots.is_exact(self.rule):
            return [self._polished(row, options, span_s) for row, options in zip(rows.tolist(), found, strict=True)]
        return found

    def _moments(self, edges_s: Floats, slots: Slots, *, only_edges: bool = False) -> Moments:
        bounds_s = self.earliest_s - self.origin_s, self.latest_end_s - self.origin_s
        return Moments.of(*bounds_s, edges_s - self.origin_s, slots, only_edges=only_edges)

    def _search(self, rows: Ints, slots: Slots, moments: Moments, most_slices: int | None) -> list[list[Found]]:
        def up_to(times: Floats) -> Floats:
            return self._integral(rows, self.origin_s + times * slots.slot_s)

        found = []
        solutions = search(moments, up_to, slots, self.work_s / slots.slot_s, most_slices)
        for row, options in zip(rows.tolist(), solutions, strict=True):
            exact = [self._in_seconds(row, slices, slots.slot_s) for slices in options]
            found.append([slices for slices in exact if slices])
        return found

    def _polished(self, row: int, options: list[Found], span_s: float) -> list[Found]:
        """The best of the slices found on long slots, and of as many or a few more slices with ends nearby."""
        more = self._rough(row, len(options[0]) + MORE_SLICES, span_s) if options else []
        one = self.grid.rows(slice(row, row + 1))
        return sorted([*options, *more], key=lambda slices: weighted_time(one, slices))[:1]

    def _rough(self, row: int, most_slices: int, span_s: float) -> list[Found]:
        """Slices of each number where an exact count needs too many entries: on few edges, then on the edges nearby.

        All are cut to measure in the end.
        """
        longest_s = self.work_s + (most_slices - 1) * self.rule.resume_overhead_s
        ways = (most_slices + 1) * self.ways
        rough = rough_slots(self.step_s, longest_s, self.rule, span_s, ways)
        rows = np.array([row])
        found = self._search(rows, rough, self._moments(self.edges_s, rough), most_slices)[0]
        ends_s = np.unique(np.array([end for slices in found for slice_ in slices for end in slice_]))
        if not ends_s.size:
            return found
        fine = with_slots_of(self.step_s, self.rule, 1)
        after = np.clip(np.searchsorted(ends_s, self.edges_s), 1, ends_s.size - 1)
        away_s = np.minimum(np.abs(self.edges_s - ends_s[after]), np.abs(self.edges_s - ends_s[after - 1]))
        most = MAX_ROUGH_STATES * fine.slot_s / (longest_s * ways)  # edges, the nearest ones
        near = self.edges_s[np.sort(np.argsort(away_s, kind="stable")[: int(most)])]
        polished = self._search(rows, fine, self._moments(near, fine, only_edges=True), most_slices)[0]
        one = self.grid.rows(slice(row, row + 1))
        best: dict[int, Found] = {}
        for slices in sorted([*found, *polished], key=lambda slices: weighted_time(one, slices)):
            best.setdefault(len(slices), slices)
        return [slices for _, slices in sorted(best.items())]

    def _in_seconds(self, row: int, slices: Found, slot_s: int) -> Found:
        """The same slices in Unix s, trimmed to the work that rounded slots exceed; empty where they touch a gap."""
        times_s = np.clip(self.origin_s + np.array(slices)[None] * slot_s, self.earliest_s, self.latest_end_s)
        starts_s, ends_s = trimmed(
            times_s[..., 0], times_s[..., 1], lambda _, at: self._integral([row], at[0]), self.work_s, self.rule
        )
        exact = list(zip(starts_s[0].tolist(), ends_s[0].tolist(), strict=True))
        return exact if isfinite(weighted_time(self.grid.rows(slice(row, row + 1)), exact)) else []

    def _integral(self, rows: Iterable[int], times_s: Floats) -> Floats:
        """Integral of some rows of the grid up to each time, shape (rows, times); gaps as GAP_G_PER_KWH."""
        running: Floats = np.array([np.interp(times_s, self.grid.edges_s, self.grid.integral[row]) for row in rows])
        if self.grid.gap_s is not None:
            gaps_s = [np.interp(times_s, self.grid.edges_s, self.grid.gap_s[row]) for row in rows]
            running += GAP_G_PER_KWH * np.array(gaps_s)
        return running


def weighted_time(grid: StepGrid, slices: Found) -> float:
    """Integral of intensity over slices of a single-zone grid, in g/kWh x s; infinite where they touch a gap."""
    starts_s, ends_s = np.array(slices).T
    return float(grid.sums(starts_s, ends_s).sum())


def _edges_between(grid: StepGrid, start_s: float, end_s: float) -> tuple[Floats, int]:
    """The edges between two times, and the longest step (s) whose multiples hit all of them."""
    edges_s = grid.edges_s[(grid.edges_s > start_s) & (grid.edges_s < end_s)]
    if grid.step_s is not None:
        return edges_s, max(1, int(grid.step_s))
    steps_s = np.diff(grid.edges_s[1:-1]).astype(np.int64)
    return edges_s, max(1, int(np.gcd.reduce(steps_s))) if steps_s.size else SECONDS_PER_HOUR
