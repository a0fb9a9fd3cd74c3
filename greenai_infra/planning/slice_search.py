"""The cheapest slices of several runs at once, by dynamic programming over time, number of slices and work done.

Work is counted as running time less one overhead for every slice, the first one too. At each moment there are least
costs by (run, number of slices, work): closed, where all slices have ended, and open, where one goes on that is long
enough to end. Costs are kept less the running total of the intensity: so a slice that goes on costs nothing, and idle
time earns what it leaves out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.planning.slots import ROUNDING_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.planning.slots import Floats, Slots

EQUAL = 1e-3  # g/kWh x s: less is rounding, and fewer slices are kept

ENTRIES_AT_ONCE = 20_000  # numbers of slices x slots of work x runs: fit the processor's cache
STATES_AT_ONCE = 50_000_000  # the same x slots of time: two bytes of memory each

DRIFT_G_PER_KWH_S = 1e-9
"""Added to the intensity with every second: of equally clean slices the earliest are taken."""

Found = list[tuple[float, float]]


def search(
    integral_of: Callable[[Floats], Floats],
    slots: Slots,
    work_s: float,
    bounds_s: tuple[float, float],
    edges_s: Floats,
    most_slices: int | None = None,
) -> list[list[Found]]:
    """The cheapest slices (begin, end) of each run in order, s after an edge; none where the work does not fit.

    `integral_of(times)` gives the integral of each run's intensity up to times, shape (runs, times), g/kWh x s. Running
    time is the work and one overhead for each slice after the first, both rounded up to slots. With `most_slices` these
    are the cheapest of each number up to it that is cheaper than all lesser numbers, else the cheapest of all.
    """

    def integral(times_s: Floats) -> Floats:
        return integral_of(times_s) + DRIFT_G_PER_KWH_S / 2 * (times_s - bounds_s[0]) ** 2

    if not slots.allow_two:
        return _unbroken(integral, work_s, bounds_s, edges_s)
    times_s = slots.times_s()
    running = integral(times_s)
    running -= running[:, :1].copy()
    table = _Table(slots, len(running), most_slices)
    found: list[list[Found]] = []
    for some in np.split(running, range(table.runs, len(running), table.runs)):
        costs = table.fill(some)
        useful = np.isfinite(costs)
        useful[:, 1:] &= costs[:, 1:] < np.minimum.accumulate(costs, axis=1)[:, :-1] - EQUAL
        for run, row in enumerate(useful):
            options = [table.slices(run, kind) for kind in np.flatnonzero(row).tolist()]
            found.append([[(float(times_s[a]), float(times_s[b])) for a, b in slices] for slices in options])
    return found


def _unbroken(
    integral: Callable[[Floats], Floats], work_s: float, bounds_s: tuple[float, float], edges_s: Floats
) -> list[list[Found]]:
    """The cheapest single slice of each run: with its begin or its end at an edge or a bound."""
    ends_s = np.concatenate([bounds_s, edges_s])
    begins_s = np.sort(np.concatenate([ends_s, ends_s - work_s]))
    fits = (begins_s >= bounds_s[0] - ROUNDING_S) & (begins_s + work_s <= bounds_s[1] + ROUNDING_S)
    begins_s = begins_s[fits]
    if not begins_s.size:
        return [[] for _ in integral(ends_s[:1])]
    chosen = begins_s[np.argmin(integral(begins_s + work_s) - integral(begins_s), axis=1)]
    return [[[(float(begin), float(begin) + work_s)]] for begin in chosen]


class _Table:
    """How the least costs of a few runs came about: where slices have ended, and where one has just got long enough.

    Without `most_slices` slices are not counted: the only number is 0. The memory serves one lot of runs after another.
    """

    def __init__(self, slots: Slots, runs: int, most_slices: int | None) -> None:
        self.gain = slots.shortest - slots.overhead  # the work of the shortest slice
        self.shortest, self.last = slots.shortest, slots.length
        self.one = 0 if most_slices is None else 1  # what a slice adds to their number
        kinds, works = (most_slices or 0) + 1, slots.work - slots.overhead + 1
        most = min(ENTRIES_AT_ONCE // (kinds * works), STATES_AT_ONCE // (kinds * works * (self.last + 1)))
        self.runs = max(1, min(runs, most))
        self.shape = (self.runs, kinds, works)
        self.ended, self.begun = np.zeros((2, self.last + 1, *self.shape), dtype=np.bool_)
        # An open slice does a slot of work in a slot of time: its costs stay where they are while the view moves on.
        self.opened = np.empty((*self.shape[:2], self.last + works))
        self.closed = np.empty((self.shortest + 1, *self.shape))  # of as many moments, by turns

    def fill(self, running: Floats) -> Floats:
        """Least costs at the end, of shape (runs, numbers of slices)."""
        runs, (_, kinds, works) = len(running), self.shape
        steps = np.diff(running)[:, None, None, :]
        self.opened.fill(np.inf)
        self.closed[0].fill(np.inf)
        self.closed[0, :, 0, 0] = 0.0
        for at in range(1, self.last + 1):
            open_ = self.opened[:runs, :, self.last - at : self.last - at + works]
            if at >= self.shortest:
                into = open_[:, self.one :, self.gain :]
                begins = self.closed[(at - self.shortest) % len(self.closed), :runs]
                begins = begins[:, : kinds - self.one, : works - self.gain]
                np.less(begins, into, out=self.begun[at, :runs, self.one :, self.gain :])
                np.minimum(into, begins, out=into)
            closed = self.closed[at % len(self.closed), :runs]
            np.subtract(self.closed[(at - 1) % len(self.closed), :runs], steps[..., at - 1], out=closed)
            np.less(open_, closed, out=self.ended[at, :runs])
            np.minimum(closed, open_, out=closed)
        costs: Floats = closed[:, :, -1] + running[:, -1:]
        return costs

    def slices(self, run: int, kind: int) -> list[tuple[int, int]]:
        """Begin and end of each slice in slots, in order: the way back from the last moment."""
        at, work, found = self.last, self.shape[2] - 1, list[tuple[int, int]]()
        flat = self.begun.reshape(-1)
        while (ended := np.flatnonzero(self.ended[: at + 1, run, kind, work])).size:
            end = int(ended[-1])
            here = int(np.ravel_multi_index((end, run, kind, work), self.begun.shape))
            back = self.begun[0].size + 1  # to the entry of one slot earlier with one slot of work less
            longer = int(np.argmax(flat[here::-back][: work + 1]))  # than the shortest slice, by so many slots
            at, work, kind = end - longer - self.shortest, work - longer - self.gain, kind - self.one
            if found and found[-1][0] == end:  # slices that touch are one: nothing is stopped there
                end = found.pop()[1]
            found.append((at, end))
        return found[::-1]
