"""What the slices before any moment cost at least, for several runs at once.

Work is counted in slots, as running time less one resume overhead for every slice, the first one too. Costs are kept
less the running total of the intensity: so a slice that goes on costs nothing, and idle time earns what it leaves out.
"""

from __future__ import annotations

from math import floor, inf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.planning.slots import Floats, Ints, Moments, Slots

TINY = 1e-9  # slots; less is rounding

Found = list[tuple[float, float]]


class Table:
    """Least costs over (moment, run, whole slots of work), `closed` with all slices ended and `open` with one going on.

    Work is `offset` more than the whole slots. With `from_bound` the first slice begins at a bound that lies off the
    slots, else no slice does but one of the shortest length. `running` has shape (runs, moments + 1): the integral of
    intensity up to each moment, then up to one shortest slice after the first. `fill` makes the tables.
    """

    closed: Floats
    open: Floats

    def __init__(self, moments: Moments, running: Floats, slots: Slots, *, from_bound: bool) -> None:
        self.times, self.whole = moments
        self.shortest, self.gained = slots.shortest, slots.shortest - slots.overhead
        self.running = running[:, :-1]
        self.from_bound, self.offset = from_bound, 0.0
        self.begin = _begins(self.times, self.shortest)
        self.idle = np.diff(self.running, axis=1).T[:, :, None]  # cost of the time before each moment but one
        self.first_open = self.first_closed = -1  # moment at which a slice from a bound off the slots may end
        end = int(np.searchsorted(self.times, self.times[0] + self.shortest - TINY))
        if self.whole[0] or end == self.times.size:
            return
        if not from_bound:
            self.first_closed, self.first_cost = end, running[:, -1] - self.running[:, end]
        elif self.whole[end]:
            work = self.times[end] - self.times[0] - slots.overhead
            self.first_open, self.first_work = end, floor(work)
            self.offset = work - self.first_work

    def open_at_bound(self, moment: int) -> None:
        """Let the slice that begins at the bound be open from the first moment on at which it may end."""
        if moment == self.first_open and self.first_work < self.open.shape[2]:
            self.open[moment, :, self.first_work] = 0.0

    def close_at_bound(self, moment: int) -> None:
        """Let the shortest slice from the bound end before a moment."""
        if moment == self.first_closed and self.gained < self.closed.shape[2]:
            least = self.closed[moment, :, self.gained]
            np.minimum(least, self.first_cost, out=least)

    def ended(self, run: int, moment: int, work: int) -> Found:
        """The slices of a run behind an entry of `closed`, in order."""
        if work == 0 and not self.from_bound:
            return []
        costs = self.closed[: moment + 1, run, work]
        busy = np.flatnonzero(costs[1:] != costs[:-1] - self.idle[:moment, run, 0])
        moment = int(busy[-1]) + 1
        bound = float(self.times[0])
        if (moment, work) == (self.first_closed, self.gained) and costs[moment] == self.first_cost[run]:
            return [(bound, bound + self.shortest)]
        begin, before = self.going_on(run, moment, work)
        return [*before, (begin, float(self.times[moment]))]

    def going_on(self, run: int, moment: int, work: int) -> tuple[float, Found]:
        """Begin of the slice of a run behind an entry of `open`, and the slices before it."""
        works = work - self.gained - np.rint(self.times[moment] - self.times[: moment + 1]).astype(np.int64)
        origins = np.flatnonzero((self.begin[: moment + 1] >= 0) & (works >= 0))
        costs = self.closed[self.begin[origins], run, works[origins]]
        same = np.flatnonzero(costs == self.open[moment, run, work])
        if not same.size:
            return float(self.times[0]), []
        origin = origins[same[0]]  # the longest slice
        begin = int(self.begin[origin])
        return float(self.times[begin]), self.ended(run, begin, int(works[origin]))


def fill(tables: Sequence[Table], top: int) -> None:
    """Fill tables up to `top` slots of work, those whose moments lie equally far apart side by side."""
    left = list(tables)
    while left:
        alike = [table for table in left if _same_moments(table, left[0])]
        left = [table for table in left if table not in alike]
        runs = alike[0].running.shape[0]
        shape = (alike[0].times.size, runs * len(alike), top + 1)
        closed, open_ = np.empty(shape), np.empty(shape)
        closed[0] = open_[0] = inf
        for number, table in enumerate(alike):
            rows = slice(number * runs, (number + 1) * runs)
            table.closed, table.open = closed[:, rows], open_[:, rows]
            if not table.from_bound:
                table.closed[0, :, 0] = 0.0
        _fill(alike, closed, open_)


def _fill(tables: Sequence[Table], closed: Floats, open_: Floats) -> None:
    times, whole, begins, gained = tables[0].times, tables[0].whole, tables[0].begin.tolist(), tables[0].gained
    idle = np.concatenate([table.idle for table in tables], axis=1)
    width = open_.shape[2]
    # How far an open slice comes between moments; at a bound off the slots none is open that goes on.
    lengths = np.where(whole[1:] & whole[:-1], np.minimum(np.diff(times), width), width).astype(np.int64).tolist()
    starting = {moment for table in tables for moment in (table.first_open, table.first_closed)}
    for moment in range(1, times.size):
        at, ended, length, begin = open_[moment], closed[moment], lengths[moment - 1], begins[moment]
        at[:, :length] = inf
        at[:, length:] = open_[moment - 1, :, : width - length]
        if begin >= 0:
            resumed = at[:, gained:]
            np.minimum(resumed, closed[begin, :, : width - gained], out=resumed)
        if moment in starting:
            for table in tables:
                table.open_at_bound(moment)
        np.subtract(closed[moment - 1], idle[moment - 1], out=ended)
        np.minimum(ended, at, out=ended)
        if moment in starting:
            for table in tables:
                table.close_at_bound(moment)


def _same_moments(one: Table, other: Table) -> bool:
    """Whether moments lie equally far apart; how far a bound off the slots lies does not matter."""
    if one.whole.tolist() != other.whole.tolist() or not np.array_equal(one.begin, other.begin):
        return False
    inner = slice(int(not one.whole[0]), one.times.size - int(not one.whole[-1]))
    return np.array_equal(np.diff(one.times[inner]), np.diff(other.times[inner]))


def _begins(times: Floats, shortest: int) -> Ints:
    """For each moment the one that lies a shortest slice before it, -1 where there is none."""
    begin = np.searchsorted(times, times - shortest)
    return np.where(times[begin] == times - shortest, begin, -1)
