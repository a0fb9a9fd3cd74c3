"""The cheapest slices of several runs at once, by dynamic programming from both ends of time.

The slice that is cut to measure (see `greenai_infra.planning.slots`) parts the others into those before and those
after it. One table holds what those before cost at least, another, with time running backwards, what those after do.
The best pair of entries with the cut slice between them is the answer.
"""

from __future__ import annotations

from itertools import product
from math import floor, inf
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.slice_tables import TINY, Found, Table, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.planning.slots import Floats, Ints, Moments, Slots

BLOCK_VALUES = 20_000  # fit the processor's cache
EQUAL = 1e-3  # g/kWh x s: less is rounding, and what is tried first is kept
DRIFT_G_PER_KWH_S = 1e-9
"""Added to the intensity with every second: of equally clean slices the earliest are taken."""


def search(moments: Moments, integral_of: Callable[[Floats], Floats], slots: Slots, work: float) -> list[Found]:
    """Slices of each run in order (begin, end), in slots; none where the work does not fit.

    `integral_of(times)` gives the integral of each run's intensity up to times in slots, shape (runs, times). `work` is
    in slots. Running time is the work and one overhead for each slice after the first.
    """
    first, last = float(moments.times[0]), float(moments.times[-1])

    def integral(times: Floats) -> Floats:
        seconds = (times - first) * slots.slot_s
        return integral_of(times) + DRIFT_G_PER_KWH_S / 2 * seconds**2

    if work > last - first + TINY:
        return [[] for _ in integral(moments.times[:1])]
    if work + slots.overhead < 2 * slots.shortest:  # too short for two slices
        return _unbroken(moments, integral, work)
    sums = integral(np.concatenate([moments.times, [first + slots.shortest, last - slots.shortest]]))
    running = sums[:, :-1] - sums[:, :1]
    backwards = sums[:, -3:-2] - np.concatenate([sums[:, -3::-1], sums[:, -1:]], axis=1)
    counted = work - slots.overhead  # as tables count it
    top = floor(counted + TINY)
    before = _tables(moments, running, slots)
    after = _tables(moments.backwards(), backwards, slots)
    fill([*before, *after], top)
    best = _Best(len(running))
    for one, other in product(before, after):
        best.join(one, other, counted, mirrored=False)
        best.join(other, one, counted, mirrored=True)
        best.join_at_bound(one, other, counted, mirrored=False)
        best.join_at_bound(other, one, counted, mirrored=True)
    return [_joined(best.slices(run)) for run in range(len(running))]


def _tables(moments: Moments, running: Floats, slots: Slots) -> list[Table]:
    kinds = (False,) if moments.whole[0] else (False, True)
    return [Table(moments, running, slots, from_bound=kind) for kind in kinds]


def _joined(slices: Found) -> Found:
    """Slices that touch as one: nothing is stopped there."""
    joined = slices[:1]
    for begin, end in slices[1:]:
        if begin - joined[-1][1] < TINY:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((begin, end))
    return joined


def _unbroken(moments: Moments, integral: Callable[[Floats], Floats], work: float) -> list[Found]:
    """The cheapest single slice of each run: with its begin or its end on an edge."""
    times = moments.times
    begins = np.concatenate([times, times - work])
    begins = np.sort(begins[(begins >= times[0] - TINY) & (begins + work <= times[-1] + TINY)])
    chosen = begins[np.argmin(integral(begins + work) - integral(begins), axis=1)]
    return [[(float(begin), float(begin) + work)] for begin in chosen]


class _Cut(NamedTuple):
    """A slice that is open in one table at a moment and goes on for `beyond` slots; the rest is in the other table.

    Where it is `mirrored`, `before` is the table in which time runs backwards.
    """

    before: Table
    moment: int
    work: int
    beyond: float
    after: Table
    rest: int
    mirrored: bool

    def slices(self, run: int) -> Found:
        begin, earlier = self.before.going_on(run, self.moment, self.work)
        times = self.after.times
        following = min(self.moment + 1, times.size - 1)
        later = _reversed(self.after.ended(run, times.size - 1 - following, self.rest))
        slices = [*earlier, (begin, float(self.before.times[self.moment]) + self.beyond), *later]
        return _reversed(slices) if self.mirrored else slices


class _AtBound(NamedTuple):
    """A slice from a bound off the slots that ends before the next moment, or a shortest one with another close by.

    It goes on for `beyond` slots after its shortest length, or the one after it, which is `opened`, begins as much
    before that moment.
    """

    before: Table
    beyond: float
    opened: bool
    after: Table
    rest: int
    mirrored: bool

    def slices(self, run: int) -> Found:
        begin = float(self.before.times[0])
        end = begin + self.before.shortest
        moment = self.after.times.size - 1 - self.before.first_closed
        if self.opened:
            start, later = self.after.going_on(run, moment, self.rest)
            later = [*later, (start, float(self.after.times[moment]) + self.beyond)]
        else:
            later, end = self.after.ended(run, moment, self.rest), end + self.beyond
        slices = [(begin, end), *_reversed(later)]
        return _reversed(slices) if self.mirrored else slices


def _reversed(slices: Found) -> Found:
    return [(-end, -begin) for begin, end in reversed(slices)]


class _Best:
    """The best cut slice of each run so far."""

    def __init__(self, runs: int) -> None:
        self.costs = np.full(runs, inf)
        self.cuts: list[_Cut | _AtBound | None] = [None] * runs

    def slices(self, run: int) -> Found:
        cut = self.cuts[run]
        return cut.slices(run) if cut else []

    def join(self, one: Table, other: Table, work: float, *, mirrored: bool) -> None:
        """Try every slice that is open in one table and goes on into the next step, with the rest in another table."""
        rest = work - one.offset - other.offset
        top = floor(rest + TINY)
        if top < 0:
            return
        part = max(rest - top, 0.0) if rest - top > TINY else 0.0
        spans = np.diff(one.times, append=one.times[-1])
        following = np.minimum(np.arange(spans.size) + 1, spans.size - 1)
        slopes = np.append(one.idle[:, :, 0], one.idle[:1, :, 0], axis=0) / np.where(spans > 0, spans, 1.0)[:, None]
        fixed = slopes * part + (one.running[:, -1:] + one.running - one.running[:, following]).T
        costs, where = np.full(self.costs.size, inf), np.zeros(self.costs.size, dtype=np.int64)
        slots, runs = np.arange(top + 1.0), np.arange(self.costs.size)
        for most, moments in _alike(one, part, spans, one.closed[0, :, : top + 1].size):
            held = one.open[_picking(moments), :, : top + 1]
            if most:
                ramp = slots * slopes[moments, :, None]
                held = _sliding_least(held - ramp, most + 1)
                held += ramp
            sums = held + other.closed[_picking(spans.size - 1 - following[moments]), :, top::-1]
            at_moment = sums.min(axis=2) + fixed[moments]
            picked = at_moment.argmin(axis=0)
            least = at_moment[picked, runs]
            where = np.where(least < costs, moments[picked], where)
            costs = np.minimum(least, costs)
        for run in np.flatnonzero(costs < self.costs - EQUAL):
            moment = int(where[run])
            most = _most_beyond(one, part, spans)[moment]
            after = other.closed[spans.size - 1 - following[moment], run]
            used, slot = _exactly(one.open[moment, run], after, float(slopes[moment, run]), top, int(most))
            self.cuts[run] = _Cut(one, moment, used, part + slot, other, top - used - slot, mirrored)
        self.costs = np.minimum(costs, self.costs)

    def join_at_bound(self, one: Table, other: Table, work: float, *, mirrored: bool) -> None:
        """Try what no table holds: ends and begins less than a step after the shortest slice from a bound."""
        end = one.first_closed
        rest = work - one.gained - other.offset
        top = floor(rest + TINY)
        if end < 0 or top < 0:
            return
        part = max(rest - top, 0.0)
        room = float(one.times[end] - one.times[0]) - one.shortest
        slopes = one.idle[end - 1, :, 0] / float(one.times[end] - one.times[end - 1])
        fixed = one.first_cost + one.running[:, -1]  # first_cost is less the running total
        moment = other.times.size - 1 - end
        for slots in range(min(top, floor(room - part + TINY)) + 1):
            for opened, table in ((False, other.closed), (True, other.open)):
                costs = fixed + slopes * (part + slots) + table[moment, :, top - slots]
                for run in np.flatnonzero(costs < self.costs - EQUAL):
                    self.cuts[run] = _AtBound(one, part + slots, opened, other, top - slots, mirrored)
                self.costs = np.minimum(costs, self.costs)


def _most_beyond(table: Table, part: float, spans: Floats) -> Ints:
    """How many whole slots beside a part of one a slice may go on beyond each moment without reaching the next one.

    -1 where there is no room. A bound that is not whole may be reached. Beyond the last moment nothing fits.
    """
    most = np.floor(spans - part + TINY)
    most[:-1] -= table.whole[1:] & (part == 0)
    most[-1] = 0 if part == 0 else -1
    return np.where(table.whole, most, -1).astype(np.int64)


def _alike(table: Table, part: float, spans: Floats, values: int) -> Iterator[tuple[int, Ints]]:
    """Moments beyond which a slice may go on for equally many slots, in blocks that fit the cache."""
    most = _most_beyond(table, part, spans)
    most[0] = -1
    size = max(1, BLOCK_VALUES // values)
    for slots in np.unique(most[most >= 0]):
        moments = np.flatnonzero(most == slots)
        for begin in range(0, moments.size, size):
            yield int(slots), moments[begin : begin + size]


def _picking(moments: Ints) -> slice | Ints:
    """The same as a slice where moments follow each other: then nothing is copied."""
    first, last = int(moments[0]), int(moments[-1])
    if moments.size == 1 or last - first == moments.size - 1:
        return slice(first, last + 1)
    if first - last == moments.size - 1 and last > 0:
        return slice(first, last - 1, -1)
    return moments


def _sliding_least(values: Floats, width: int) -> Floats:
    """The least of each value and up to `width` - 1 before it, along the last axis; `values` are overwritten."""
    other = np.empty_like(values)
    span = 1
    while span < min(width, values.shape[-1]):
        shift = min(span, width - span)
        np.minimum(values[..., shift:], values[..., :-shift], out=other[..., shift:])
        other[..., :shift] = values[..., :shift]
        values, other = other, values
        span += shift
    return values


def _exactly(open_: Floats, after: Floats, slope: float, top: int, most: int) -> tuple[int, int]:
    """Work of the open slice's entry and whole slots beyond it, of the least sum."""
    best = (inf, 0, 0)
    for slot in range(min(most, top) + 1):
        sums = open_[: top + 1 - slot] + after[top - slot :: -1][: top + 1 - slot] + slope * slot
        used = int(sums.argmin())
        best = min(best, (float(sums[used]), used, slot))
    return best[1], best[2]
