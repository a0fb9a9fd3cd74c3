"""The cleanest slices for a run that may stop and resume.

Time is cut into equal slots and solved exactly by dynamic programming over (useful work done, slot): an open slice
either goes on, or a new one starts with its minimum length. A resumed slice spends its first part on the resume
overhead, so each resume adds that much running time. Slices keep their minimum length, which holds the overhead.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, gcd, inf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenai_infra.planning.windows import StepGrid

MAX_STATES = 8_000_000  # work slots x time slots; beyond it slots get longer
GAP_G_PER_KWH = 1e9  # stands for "not available" in sums, where infinity would turn into NaN

SECONDS_PER_HOUR = 3600

EXTEND, FIRST, RESUME = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Interruption:
    """What stopping costs: seconds lost at each resume, and the shortest slice worth starting."""

    resume_overhead_s: float
    minimum_slice_s: float


def best_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float
) -> list[tuple[float, float]] | None:
    """Slices (start, end in Unix s) with the least intensity-weighted time for one zone, in order.

    Running time is `work_s` plus one resume overhead for each slice after the first, never less. `grid` holds a single
    zone. None if the work does not fit between `earliest_s` and `latest_end_s` in whole slots.
    """
    earliest_s = max(earliest_s, float(grid.edges_s[0]))
    latest_end_s = min(latest_end_s, float(grid.edges_s[-1]))
    slot_s = _slot_length(grid, work_s, rule, latest_end_s - earliest_s)
    first_slot = ceil(earliest_s / slot_s)
    slots = int(latest_end_s // slot_s) - first_slot
    work = ceil(work_s / slot_s - 1e-9)
    if slots < work:
        return None
    overhead = ceil(rule.resume_overhead_s / slot_s - 1e-9)
    shortest = max(min(ceil(rule.minimum_slice_s / slot_s - 1e-9), work), 1)
    edges_s = (first_slot + np.arange(slots + 1, dtype=np.float64)) * slot_s
    costs = _slot_costs(grid, edges_s)
    found = _solve(costs, work, overhead, shortest)
    if found is None:
        return None
    slices = [(float(edges_s[start]), float(edges_s[end])) for start, end in found]
    return _trimmed(slices, grid, work_s, rule)


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


def _slot_length(grid: StepGrid, work_s: float, rule: Interruption, span_s: float) -> int:
    """Seconds a slot: divides the step, the overhead and the shortest slice if the problem stays small enough."""
    step_s = _step_length(grid)
    finest_s = gcd(step_s, int(rule.resume_overhead_s), int(rule.minimum_slice_s))
    for slot_s in range(finest_s, step_s, finest_s):
        if step_s % slot_s == 0 and span_s * work_s / slot_s**2 <= MAX_STATES:
            return slot_s
    slot_s = step_s
    while span_s * work_s / slot_s**2 > MAX_STATES:
        slot_s *= 2
    return slot_s


def _step_length(grid: StepGrid) -> int:
    """Seconds a step; on an uneven grid the longest step whose multiples meet every edge but the two outer ones."""
    if grid.step_s is not None:
        return int(grid.step_s)
    inner_s = np.diff(grid.edges_s[1:-1]).astype(np.int64)
    return int(np.gcd.reduce(inner_s)) if inner_s.size else SECONDS_PER_HOUR


def _slot_costs(grid: StepGrid, edges_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean intensity of each slot of a single-zone grid, gaps as GAP_G_PER_KWH."""
    running = np.interp(edges_s, grid.edges_s, grid.integral[0])
    means: NDArray[np.float64] = np.diff(running) / np.diff(edges_s)
    if grid.gap_s is not None:
        means[np.diff(np.interp(edges_s, grid.edges_s, grid.gap_s[0])) > 1e-3] = GAP_G_PER_KWH
    return means


def _solve(costs: NDArray[np.float64], work: int, overhead: int, shortest: int) -> list[tuple[int, int]] | None:
    """Cheapest slices as (first slot, last slot + 1) that hold exactly `work` useful slots."""
    slots = costs.size
    running = np.concatenate([[0.0], np.cumsum(costs)])
    opening = running[shortest:] - running[:-shortest]  # cost of a shortest slice that ends at slot `shortest` + k
    gained = shortest - overhead  # useful slots of a resumed slice of the shortest length
    # closed[w, i]: least cost of w useful slots with the last slice ended at or before slot i.
    closed = np.full((work + 1, slots + 1), inf)
    step = np.zeros((work + 1, slots + 1), dtype=np.uint8)
    ending = np.full(slots + 1, inf)
    for useful in range(1, work + 1):
        extended = np.full(slots + 1, inf)
        extended[1:] = ending[:-1] + costs
        ending = extended
        if useful == shortest:
            ending[shortest:] = opening
            step[useful, shortest:] = FIRST
        elif gained > 0 and useful > gained:
            resumed = closed[useful - gained, : slots + 1 - shortest] + opening
            better = resumed < ending[shortest:]
            ending[shortest:] = np.where(better, resumed, ending[shortest:])
            step[useful, shortest:][better] = RESUME
        np.minimum.accumulate(ending, out=closed[useful])
    if not closed[work, slots] < GAP_G_PER_KWH:
        return None
    return _walk_back(closed, step, shortest, gained)


def _walk_back(
    closed: NDArray[np.float64], step: NDArray[np.uint8], shortest: int, gained: int
) -> list[tuple[int, int]]:
    useful, end = closed.shape[0] - 1, closed.shape[1] - 1
    slices: list[tuple[int, int]] = []
    while useful > 0:
        end = int(np.argmax(closed[useful] <= closed[useful, end]))  # where that least cost was first reached
        at = end
        while step[useful, at] == EXTEND:
            useful, at = useful - 1, at - 1
        first = step[useful, at] == FIRST
        start = at - shortest
        slices.append((start, end))
        useful, end = (0, start) if first else (useful - gained, start)
    return slices[::-1]


def _trimmed(
    slices: list[tuple[float, float]], grid: StepGrid, work_s: float, rule: Interruption
) -> list[tuple[float, float]]:
    """Give back what whole slots took beyond the work, at the dirtiest slice ends that stay long enough."""
    surplus_s = sum(end - start for start, end in slices) - work_s - (len(slices) - 1) * rule.resume_overhead_s
    trimmed = list(slices)
    while surplus_s > 1e-6:
        options = []
        for index, (start, end) in enumerate(trimmed):
            spare_s = min(surplus_s, end - start - min(rule.minimum_slice_s, work_s))
            if spare_s > 1e-6:
                options.append((float(grid.mean(end - spare_s, end)[0]), index, (start, end - spare_s), spare_s))
                options.append((float(grid.mean(start, start + spare_s)[0]), index, (start + spare_s, end), spare_s))
        if not options:
            break
        _, index, shorter, spare_s = max(options)
        trimmed[index] = shorter
        surplus_s -= spare_s
    return trimmed
