"""Running integrals of step functions, and the best unbroken window of each of many start times.

The intensity is constant within a step, so its integral up to a time is linear within a step: two look-ups give the
integral over any window, with partial ends. The best window begins or ends on a step edge, or lies at an end of the
allowed range. Windows that begin (or end) on an edge are the same for all start times, so they are summed once, and a
sliding minimum answers every start time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ON_EDGE = 1e-9  # share of a step within which a time counts as lying on an edge
EQUAL = 0.01  # g/kWh x s: a difference below the rounding of sums is no reason to wait


class Windows(NamedTuple):
    """Begin of windows (s) and the integrals over them (g/kWh x s, rounded by `comparable`), of one shape."""

    starts_s: Floats
    sums: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """Integrals of several rows of steps from time 0 on: `integral` has shape (rows, steps + 1), g/kWh x s."""

    step_s: float
    integral: Floats

    @classmethod
    def of(cls, values: Floats, step_s: float) -> Self:
        """From step values (rows, steps) in g/kWh; gaps count as zero, so no window may touch a gap."""
        integral = np.zeros((values.shape[0], values.shape[1] + 1))
        np.cumsum(np.nan_to_num(values) * step_s, axis=1, out=integral[:, 1:])
        return cls(step_s, integral)

    @property
    def end_s(self) -> float:
        """End of the last step."""
        return float(self.integral.shape[1] - 1) * self.step_s

    def at(self, rows: Ints | slice, times_s: Floats) -> Floats:
        """The integral up to each time; `rows` has the shape of `times_s`, or is a slice of rows for 1-D times."""
        position = times_s / self.step_s
        step = np.clip(position.astype(np.int64), 0, self.integral.shape[1] - 2)
        before = self.integral[rows, step]
        after: Floats = before + (position - step) * (self.integral[rows, step + 1] - before)
        return after

    def between(self, rows: Ints | slice, starts_s: Floats, ends_s: Floats) -> Floats:
        """The integral over each [start, end)."""
        difference: Floats = self.at(rows, ends_s) - self.at(rows, starts_s)
        return difference


def comparable(sums: Floats) -> Floats:
    """Integrals without the rounding noise of running sums, so that equal windows compare as equal."""
    rounded: Floats = np.round(sums / EQUAL) * EQUAL
    return rounded


def best_unbroken(running: Running, duration_s: float, earliest_s: Floats, latest_start_s: Floats) -> Windows:
    """The window of least integral in each row for each start time, both arrays of shape (rows, start times).

    `earliest_s` and `latest_start_s`, shape (start times,), bound the begin of the window. For all start times they
    must lie equally far into a step, and equally far apart. Among equal sums the earliest begin wins.
    """
    everything = slice(None)
    best = Windows(
        np.broadcast_to(earliest_s, (running.integral.shape[0], earliest_s.size)).copy(),
        comparable(running.between(everything, earliest_s, earliest_s + duration_s)),
    )
    first_s, last_s = float(earliest_s[0]), float(latest_start_s[0])
    for shift_s in (0.0, duration_s):  # windows that begin on an edge, then those that end on one
        first = int(np.ceil((first_s + shift_s) / running.step_s - ON_EDGE))
        last = int(np.floor((last_s + shift_s) / running.step_s + ON_EDGE))
        if last < first or (shift_s and (duration_s / running.step_s).is_integer()):
            continue
        on_edges = _windows_on_edges(running, duration_s, ends=shift_s > 0)
        picked, sums = _sliding_least(comparable(on_edges.sums), last - first + 1)
        edge = first + np.round((earliest_s - first_s) / running.step_s).astype(np.int64)
        edge -= round((float(on_edges.starts_s[0]) + shift_s) / running.step_s)  # windows are counted from the first
        best = _better(best, Windows(on_edges.starts_s[picked[:, edge]], sums[:, edge]))
    at_end = Windows(
        np.broadcast_to(latest_start_s, best.sums.shape),
        comparable(running.between(everything, latest_start_s, latest_start_s + duration_s)),
    )
    return _better(best, at_end)


def _windows_on_edges(running: Running, duration_s: float, *, ends: bool) -> Windows:
    """Every window of a length that begins (or ends) on an edge: begins (windows,) and sums (rows, windows)."""
    whole, part = divmod(duration_s / running.step_s, 1.0)
    count = int(whole)
    total = running.integral
    steps = total.shape[1] - 1 - count - (part > 0)  # windows fit from edge 0 to this edge
    lower, upper = total[:, : steps + 1], total[:, count : count + steps + 1]
    begins_s = np.arange(steps + 1) * running.step_s
    if not part:
        return Windows(begins_s, upper - lower)
    if ends:
        begin = lower + (1 - part) * (total[:, 1 : steps + 2] - lower)
        return Windows(begins_s + (1 - part) * running.step_s, total[:, count + 1 : count + steps + 2] - begin)
    return Windows(begins_s, upper + part * (total[:, count + 1 : count + steps + 2] - upper) - lower)


def _sliding_least(values: Floats, width: int) -> tuple[Ints, Floats]:
    """Index and value of the least of each `width` neighbours in a row, by doubling; the first among equals."""
    index = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    span = 1
    while span < width:
        shift = min(span, width - span)
        right_is_less = values[:, shift:] < values[:, :-shift]
        index = np.where(right_is_less, index[:, shift:], index[:, :-shift])
        values = np.where(right_is_less, values[:, shift:], values[:, :-shift])
        span += shift
    return index, values


def _better(one: Windows, other: Windows) -> Windows:
    """The smaller sum of each pair; of equal sums the earlier begin."""
    less = (other.sums < one.sums) | ((other.sums == one.sums) & (other.starts_s < one.starts_s))
    return Windows(np.where(less, other.starts_s, one.starts_s), np.where(less, other.sums, one.sums))
