"""The best start of an uninterrupted run, over step functions of carbon intensity.

The mean over a window of fixed length is piecewise linear in its start, with corners only where the start or the end
meets a step edge. So those corners and the two ends of the allowed range contain the exact optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from greenai_infra.intensity.model.values import Series

BLOCK_VALUES = 65_536
ROUNDING_S = 1e-3  # of Unix times that are sums of an earliest start and a duration
RELATIVE_NOISE = 1e-12  # of the whole grid's integral: windows that differ by less are equal
GAP_TOLERANCE_S = 1e-3  # running sums of seconds are rounded; a shorter overlap with a gap does not count


@dataclass(frozen=True, slots=True, eq=False)
class StepGrid:
    """Step functions of several zones over common edges, with their running integrals.

    `edges_s` has shape (n + 1,), seconds. `values` has shape (zones, n), g/kWh, gaps as zero; `integral` has shape
    (zones, n + 1), g/kWh x s; `gap_s` is the running length of gaps, same shape, or None where there are none.
    """

    edges_s: NDArray[np.float64]
    values: NDArray[np.float64]
    integral: NDArray[np.float64]
    gap_s: NDArray[np.float64] | None
    step_s: float | None

    @classmethod
    def build(cls, edges_s: NDArray[np.float64], values: NDArray[np.float64]) -> Self:
        """Grid of `values` (zones, n) over `edges_s` (n + 1,); NaN marks a gap."""
        widths = np.diff(edges_s)
        step_s = float(widths[0]) if np.all(widths == widths[0]) else None
        gaps = np.isnan(values)
        has_gaps = bool(gaps.any())
        filled = np.where(gaps, 0.0, values) if has_gaps else values
        integral = _running_sum(filled * widths)
        return cls(edges_s, filled, integral, _running_sum(gaps * widths) if has_gaps else None, step_s)

    @classmethod
    def of(cls, series: Sequence[Series], start_s: float, end_s: float) -> Self:
        """Grid of several series over [start_s, end_s), on the union of their edges; uncovered time is a gap."""
        inner = [s.edges_s[(s.edges_s > start_s) & (s.edges_s < end_s)] for s in series]
        edges = np.sort(np.concatenate([[start_s, end_s], *inner]))
        edges = edges[np.diff(edges, prepend=-np.inf) > 0]  # np.unique would import numpy.ma
        rows = np.full((len(series), edges.size - 1), np.nan)
        for row, zone_series in zip(rows, series, strict=True):
            step = np.searchsorted(zone_series.edges_s, edges[:-1], side="right") - 1
            covered = (step >= 0) & (step < zone_series.g_per_kwh.size)
            row[covered] = zone_series.g_per_kwh[step[covered]]
        return cls.build(edges, rows)

    def mean(self, start_s: float, end_s: float) -> NDArray[np.float64]:
        """Mean of every zone over [start_s, end_s), shape (zones,); infinite where a gap is touched."""
        return self.sums(np.array([start_s]), np.array([end_s]))[:, 0] / (end_s - start_s)

    def sums(self, starts_s: NDArray[np.float64], ends_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Integrals of every zone over windows, shape (zones, windows), g/kWh x s; infinite where a gap is touched."""
        return _window_sums(replace(self, step_s=None), starts_s, ends_s)  # slices lie anywhere, not a step apart

    def rows(self, pick: slice | NDArray[np.int64]) -> StepGrid:
        """Some of the zones; a slice avoids a copy."""
        gap_s = None if self.gap_s is None else self.gap_s[pick]
        return replace(self, values=self.values[pick], integral=self.integral[pick], gap_s=gap_s)


def best_windows(
    grid: StepGrid, duration_s: float, earliest_s: float, latest_end_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start (Unix s) and mean intensity (g/kWh) of each zone's best window, both of shape (zones,).

    The window lies within [earliest_s, latest_end_s] and within the grid; among equal means the earliest start wins.
    A zone without such a window gets an infinite mean.
    """
    block = max(1, BLOCK_VALUES // grid.values.shape[1])
    if len(grid.values) > block:  # a few zones at a time, so that the running integrals stay in the processor's cache
        parts = [grid.rows(slice(first, first + block)) for first in range(0, len(grid.values), block)]
        found = [best_windows(part, duration_s, earliest_s, latest_end_s) for part in parts]
        return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
    earliest_s = max(earliest_s, float(grid.edges_s[0]))
    latest_start_s = min(latest_end_s, float(grid.edges_s[-1])) - duration_s
    if 0 < earliest_s - latest_start_s < ROUNDING_S:
        latest_start_s = earliest_s  # the run fits exactly
    zones = grid.values.shape[0]
    starts, means = np.full(zones, earliest_s), np.full(zones, np.inf)
    if duration_s <= 0 or latest_start_s < earliest_s:
        return starts, means
    ends_at_start = np.array([earliest_s, latest_start_s])
    options = [(ends_at_start, _window_sums(grid, ends_at_start, ends_at_start + duration_s))]
    first, last = _edges_within(grid, earliest_s, latest_start_s)
    if last > first:
        starts_on_edges = grid.edges_s[first:last]
        options.append((starts_on_edges, _window_sums(grid, slice(first, last), starts_on_edges + duration_s)))
    first, last = _edges_within(grid, earliest_s + duration_s, latest_start_s + duration_s)
    if last > first and not _divides(grid.step_s, duration_s):
        ends_on_edges = grid.edges_s[first:last] - duration_s
        options.append((ends_on_edges, _window_sums(grid, ends_on_edges, slice(first, last))))
    noise = np.abs(grid.integral[:, -1]) * RELATIVE_NOISE / duration_s  # of a mean that is a difference of running sums
    for at_s, sums in options:
        least = sums.min(axis=1) / duration_s
        first_of_least = np.argmax(sums <= ((least + noise) * duration_s)[:, None], axis=1)
        begins = at_s[first_of_least]
        found = sums[np.arange(zones), first_of_least] / duration_s
        better = (found < means - noise) | ((found <= means + noise) & (begins < starts))
        starts, means = np.where(better, begins, starts), np.where(better, found, means)
    return starts, means


def _edges_within(grid: StepGrid, start_s: float, end_s: float) -> tuple[int, int]:
    """Range of indices of the edges that lie in [start_s, end_s]."""
    return int(np.searchsorted(grid.edges_s, start_s)), int(np.searchsorted(grid.edges_s, end_s, side="right"))


def _divides(step_s: float | None, duration_s: float) -> bool:
    return step_s is not None and (duration_s / step_s).is_integer()


def _running_sum(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros((amounts.shape[0], amounts.shape[1] + 1))
    np.cumsum(amounts, axis=1, out=total[:, 1:])
    return total


def _window_sums(
    grid: StepGrid, starts: slice | NDArray[np.float64], ends: slice | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Integrals over windows, shape (zones, windows), infinite where a gap is touched.

    Each side is a slice of edge indices, or times in seconds; times are evenly spaced like the edges on an even grid.
    """
    sums = _running_at(grid, grid.integral, ends)
    sums -= _running_at(grid, grid.integral, starts)
    if grid.gap_s is not None:
        touched = _running_at(grid, grid.gap_s, ends) - _running_at(grid, grid.gap_s, starts) > GAP_TOLERANCE_S
        sums[touched] = np.inf
    return sums


def _running_at(
    grid: StepGrid, running: NDArray[np.float64], moments: slice | NDArray[np.float64]
) -> NDArray[np.float64]:
    """A running integral of every zone at several moments, interpolated within steps; a new array."""
    if isinstance(moments, slice):
        return running[:, moments].copy()
    if grid.step_s is None or not _spaced(moments, grid.step_s):
        step = np.clip(np.searchsorted(grid.edges_s, moments, side="right") - 1, 0, grid.edges_s.size - 2)
        share = (moments - grid.edges_s[step]) / (grid.edges_s[step + 1] - grid.edges_s[step])
        before = running[:, step]
        return before + share * (running[:, step + 1] - before)
    # All moments lie equally far into their steps, so columns are slices and one share serves them all.
    offset = (moments[0] - grid.edges_s[0]) / grid.step_s
    first = int(np.floor(offset + 1e-9))
    between = max(0.0, offset - first)
    columns = slice(first, first + moments.size)
    if between < 1e-9:
        return running[:, columns].copy()
    at = running[:, first + 1 : first + 1 + moments.size] - running[:, columns]
    at *= between
    at += running[:, columns]
    return at


def _spaced(moments: NDArray[np.float64], step_s: float) -> bool:
    return moments.size > 2 and bool(moments[1] - moments[0] == step_s)


def lower_bound(grid: StepGrid, work_s: float, earliest_s: float, latest_end_s: float) -> NDArray[np.float64]:
    """The mean over each zone's cleanest `work_s` seconds, shape (zones,): a lower bound for any slicing."""
    widths = np.clip(np.minimum(grid.edges_s[1:], latest_end_s) - np.maximum(grid.edges_s[:-1], earliest_s), 0.0, None)
    values = grid.values if grid.gap_s is None else np.where(np.diff(grid.gap_s, axis=1) > 0, np.inf, grid.values)
    order = np.argsort(values, axis=1)
    lengths = widths[order]
    used = np.clip(work_s - (np.cumsum(lengths, axis=1) - lengths), 0.0, lengths)
    ranked = np.take_along_axis(values, order, axis=1)
    totals = np.where(used > 0, used * np.where(used > 0, ranked, 0.0), 0.0).sum(axis=1)
    means: NDArray[np.float64] = np.where(used.sum(axis=1) >= work_s * (1 - 1e-12), totals / work_s, np.inf)
    return means
