"""The cleanest slices for a run that may stop and resume.

A resumed slice spends its first part on the resume overhead, so each resume adds that much running time. Slices keep
their minimum length, which holds the overhead. The answer is exact as long as the problem is of usual size: what form
it has is told in `greenai_infra.planning.slots`, how it is found in `greenai_infra.planning.slice_search`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.planning.slice_search import search
from greenai_infra.planning.slots import ROUNDING_S, Moments, slots_of
from greenai_infra.planning.trim import trimmed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenai_infra.planning.slots import Floats
    from greenai_infra.planning.windows import StepGrid

SECONDS_PER_HOUR = 3600
GAP_G_PER_KWH = 1e9  # stands for "not available" in sums, where infinity would turn into NaN


@dataclass(frozen=True, slots=True)
class Interruption:
    """What stopping costs: seconds lost at each resume, and the shortest slice worth starting."""

    resume_overhead_s: float
    minimum_slice_s: float


def best_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float
) -> list[tuple[float, float]] | None:
    """Slices (start, end in Unix s) with the least intensity-weighted time for one zone, in order.

    Running time is `work_s` plus one resume overhead for each slice after the first. `grid` holds a single zone. None
    if the work does not fit between `earliest_s` and `latest_end_s`.
    """
    earliest_s = max(earliest_s, float(grid.edges_s[0]))
    latest_end_s = min(latest_end_s, float(grid.edges_s[-1]))
    if work_s > latest_end_s - earliest_s + ROUNDING_S:
        return None
    edges_s, step_s = _edges_between(grid, earliest_s, latest_end_s)
    slots = slots_of(step_s, work_s, rule, min(step_s * (edges_s.size + 1.0), latest_end_s - earliest_s))
    origin_s, slot_s = float(edges_s[0]) if edges_s.size else earliest_s, slots.slot_s

    moments = Moments.of(earliest_s - origin_s, latest_end_s - origin_s, edges_s - origin_s, slots)
    found = search(moments, lambda times: _integral(grid, origin_s + times * slot_s), slots, work_s / slot_s)[0]
    if not found:
        return None
    times_s = np.clip(origin_s + np.array(found)[None] * slot_s, earliest_s, latest_end_s)
    starts_s, ends_s = trimmed(
        times_s[..., 0], times_s[..., 1], lambda _, times_s: _integral(grid, times_s), work_s, rule
    )
    slices = [(float(start), float(end)) for start, end in zip(starts_s[0], ends_s[0], strict=True)]
    return slices if isfinite(weighted_time(grid, slices)) else None


def weighted_time(grid: StepGrid, slices: list[tuple[float, float]]) -> float:
    """Integral of intensity over slices of a single-zone grid, in g/kWh x s."""
    return sum(float(grid.mean(start, end)[0]) * (end - start) for start, end in slices)


def lower_bound(grid: StepGrid, work_s: float, earliest_s: float, latest_end_s: float) -> NDArray[np.float64]:
    """The mean over each zone's cleanest `work_s` seconds, shape (zones,): no slicing can do better."""
    widths = np.clip(np.minimum(grid.edges_s[1:], latest_end_s) - np.maximum(grid.edges_s[:-1], earliest_s), 0.0, None)
    values = grid.values if grid.gap_s is None else np.where(np.diff(grid.gap_s, axis=1) > 0, np.inf, grid.values)
    order = np.argsort(values, axis=1)
    lengths = widths[order]
    used = np.clip(work_s - (np.cumsum(lengths, axis=1) - lengths), 0.0, lengths)
    ranked = np.take_along_axis(values, order, axis=1)
    totals = np.where(used > 0, used * np.where(used > 0, ranked, 0.0), 0.0).sum(axis=1)
    means: NDArray[np.float64] = np.where(used.sum(axis=1) >= work_s * (1 - 1e-12), totals / work_s, np.inf)
    return means


def _edges_between(grid: StepGrid, start_s: float, end_s: float) -> tuple[Floats, int]:
    """The edges between two times, and the longest step (s) whose multiples meet them all."""
    edges_s = grid.edges_s[(grid.edges_s > start_s) & (grid.edges_s < end_s)]
    if grid.step_s is not None:
        return edges_s, max(1, int(grid.step_s))
    steps_s = np.diff(grid.edges_s[1:-1]).astype(np.int64)
    return edges_s, max(1, int(np.gcd.reduce(steps_s))) if steps_s.size else SECONDS_PER_HOUR


def _integral(grid: StepGrid, times_s: Floats) -> Floats:
    """Of a single-zone grid, up to each time of (1, n) or (n,); gaps as GAP_G_PER_KWH."""
    running: Floats = np.interp(times_s, grid.edges_s, grid.integral[0])
    if grid.gap_s is not None:
        running += GAP_G_PER_KWH * np.interp(times_s, grid.edges_s, grid.gap_s[0])
    return np.atleast_2d(running)
