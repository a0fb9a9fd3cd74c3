"""The cleanest slices for a run that may stop and resume, in each of several zones.

A resumed slice spends its first part on the resume overhead, so each resume adds that much running time. Slices keep
their minimum length, which holds the overhead. More slices emit less but cost more, so the cleanest slices of each
number are of use. How far the answer is exact is told in `greenai_infra.planning.slots`, how it is found in
`greenai_infra.planning.slice_search`.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.planning.slice_search import search
from greenai_infra.planning.slots import ROUNDING_S, slots_of
from greenai_infra.planning.trim import trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenai_infra.planning.slice_search import Found
    from greenai_infra.planning.slots import Floats, Interruption, Ints
    from greenai_infra.planning.windows import StepGrid

SECONDS_PER_HOUR = 3600
GAP_G_PER_KWH = 1e9  # stands for "not available" in sums, where infinity would turn into NaN


def best_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float
) -> list[Found]:
    """Slices (start, end in Unix s) with the least intensity-weighted time for each zone, in order.

    Running time is `work_s` plus one resume overhead for each slice after the first. A zone where the work does not fit
    between `earliest_s` and `latest_end_s` has none.
    """
    zones = np.arange(len(grid.values))
    found = _Problem(grid, work_s, rule, earliest_s, latest_end_s).solve(zones, None)
    return [options[0] if options else [] for options in found]


def fewer_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float, most: Sequence[int]
) -> list[list[Found]]:
    """The same for each zone with a given number of slices: with two, three and so on, at most `most` of each zone.

    A number is left out where a lesser one is as clean.
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

    def solve(self, rows: Ints, most_slices: int | None) -> list[list[Found]]:
        """The best slices in each row, or the best of each number of slices up to `most_slices`."""
        if self.work_s > self.latest_end_s - self.earliest_s + ROUNDING_S:
            return [[] for _ in rows]
        numbers = 1 if most_slices is None else most_slices + 1
        bounds_s = self.earliest_s - self.origin_s, self.latest_end_s - self.origin_s
        slots = slots_of(self.step_s, *bounds_s, self.work_s, self.rule, numbers * len(rows))
        edges_s = self.edges_s - self.origin_s

        def up_to(times_s: Floats) -> Floats:
            return self._integral(rows, self.origin_s + times_s)

        found = search(up_to, slots, self.work_s, bounds_s, edges_s, most_slices)
        return [
            [exact for slices in options if (exact := self._exact(row, slices))]
            for row, options in zip(rows.tolist(), found, strict=True)
        ]

    def _exact(self, row: int, slices: Found) -> Found:
        """The same slices in Unix s without what rounded slots take beyond the work; none where they touch a gap."""
        times_s = np.clip(self.origin_s + np.array(slices)[None], self.earliest_s, self.latest_end_s)
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
