"""The cheapest slices of several runs at once, by dynamic programming over moments, slices and work.

Where the work is not a whole number of slots, one slice is cut to measure (see `greenai_infra.planning.slots`). So
there are two layers of entries: before the cut and after it. `greenai_infra.planning.slice_ways` traces the way back.
"""

from __future__ import annotations

from math import floor, inf
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from greenai_infra.planning.slots import TINY

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from greenai_infra.planning.slots import Floats, Ints, Moments, Slots

    Codes = NDArray[np.unsignedinteger[Any]]

OPEN, CLOSED = 0, 1


class Marks(NamedTuple):
    """The origin of entries, in bits.

    The lowest bits, below `ended`, say which of its possible begins an open slice has. The same bits and `ended`, times
    `after_cut`, describe the entry after the cut.
    """

    ended: int
    after_cut: int
    cut_at_end: int
    cut_at_begin: int
    dtype: type[np.unsignedinteger[Any]]

    @classmethod
    def of(cls, begins: int, *, cuts: bool) -> Self:
        """Marks for up to that many begins of a slice."""
        ended = 1 << begins.bit_length()
        after_cut = 2 * ended
        bits = 2 * (begins.bit_length() + 1) + 2 if cuts else begins.bit_length() + 1
        dtype = np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32
        return cls(ended, after_cut, after_cut**2, 2 * after_cut**2, dtype)


class Final(NamedTuple):
    """Final costs by run and number of slices, with the entry they come from: layer, moment and work by number.

    `begun` says that the last slice has begun there, one shortest slice before the end.
    """

    costs: Floats
    layer: int
    moment: int
    works: Ints
    begun: bool


class Pass:
    """Least costs at each moment over (open or closed, run, number of slices, work).

    Closed means that all slices have ended, open that a slice goes on. Work is counted in slots: running time minus one
    overhead for every slice, including the first. Costs are stored minus the running total of the intensity, so a slice
    that goes on costs nothing, and idle time earns what it leaves out. `running` has shape (runs, moments), begins at
    0.

    A slice with an end at a bound off the slots takes part of a slot. Separate passes cover a first slice that starts
    at such a bound and is longer than the shortest slice, and a last slice that ends at such a bound.
    """

    def __init__(
        self,
        moments: Moments,
        running: Floats,
        slots: Slots,
        work: float,
        most_slices: int | None,
        from_bound: bool,
        to_bound: bool,
    ) -> None:
        self.times: list[float] = moments.times.tolist()
        self.whole: list[bool] = moments.whole.tolist()
        self.last = len(self.times) - 1
        self.running = running.T[:, :, None, None]
        self.shortest, self.overhead = slots.shortest, slots.overhead
        self.from_bound, self.to_bound = from_bound, to_bound
        parts = (-self.times[0] % 1 if from_bound else 0.0) + (self.times[-1] % 1 if to_bound else 0.0)
        if slots.resume is None:
            work -= slots.overhead + parts
            self.tops = np.full((most_slices or 0) + 1, floor(work + TINY))
            self.part = max(work - self.tops[0], 0.0) if work - self.tops[0] > TINY else 0.0
        else:
            numbers = np.arange((most_slices or 0) + 1)
            self.tops = np.ceil(work + (numbers - 1) * slots.resume - parts - TINY).astype(np.int64)
            self.part = 0.0
        self.top = int(self.tops.max())
        self.one = 0 if most_slices is None else 1  # what a begin adds to the number of slices
        self.shape = (2, running.shape[0], (most_slices or 0) + 1, self.top + 1)
        self.previous = [-1, *np.maximum.accumulate(np.where(moments.whole, np.arange(self.last + 1), -1)).tolist()]
        self.origins = self._origins()
        after_first = self.times[0] + self.shortest
        self.open_at_bound = self._first(after_first) if from_bound else self._off_slots(after_first)
        self.before_last = -1 if to_bound else self._off_slots(self.times[-1] - self.shortest)
        longest = max(np.diff(moments.times))
        self.cuts = slots.resume is None and (self.part > 0 or longest > 1 + TINY)
        self.marks = Marks.of(max(map(len, self.origins)), cuts=self.cuts)
        self.codes: Codes = np.zeros(0, dtype=self.marks.dtype)
        self.finals: list[Final] = []
        self.costs = np.full(self.shape[1:3], inf)
        if self.top >= 0 and not (from_bound and self.open_at_bound < 0):
            self._fill()
            self.costs = np.minimum.reduce([final.costs for final in self.finals])

    def sources(self, moment: int) -> range:
        """The moments after which a slice that is cut to measure may end, or begin, before this one."""
        return range(max(self.previous[moment], 0), moment)

    def beyond(self, source: int, moment: int) -> tuple[Floats, Floats, int]:
        """By run, the cost of the time between two moments and of a slot; and the most slots that a cut may take."""
        cost, span = self.running[moment] - self.running[source], self.times[moment] - self.times[source]
        return cost, cost / span, floor(span - self.part + TINY)

    def uncut(self, keep: Collection[int]) -> dict[int, Floats]:
        """The entries of the first layer at some moments, computed again."""
        layer, kept = _Layer(self), {}
        code = np.zeros(self.shape[1:], dtype=self.marks.dtype)
        for at in range(max(keep, default=-1) + 1):
            here = layer.advance(at, code)
            if at in keep:
                kept[at] = here
        return kept

    def may_be_open(self, moment: int) -> bool:
        return self.whole[moment] or (moment == self.last and self.to_bound)

    def _first(self, time: float) -> int:
        """The first moment at or after a time at which slices may be open, else -1."""
        return next((at for at, t in enumerate(self.times) if t >= time - TINY and self.may_be_open(at)), -1)

    def _off_slots(self, time: float) -> int:
        """The moment at a time off the slots, else -1."""
        return next((at for at, t in enumerate(self.times) if abs(t - time) < TINY and not self.whole[at]), -1)

    def _origins(self) -> list[list[tuple[int, int]]]:
        """For each moment the begins whose slices may first end there, and the work done by then."""
        origins: list[list[tuple[int, int]]] = [[] for _ in self.times]
        at = 0
        for begin, time in enumerate(self.times):
            while at <= self.last and not (self.times[at] >= time + self.shortest - TINY and self.may_be_open(at)):
                at += 1
            if at <= self.last and self.whole[begin]:
                origins[at].append((begin, self.length(begin, at) - self.overhead))
        return origins

    def length(self, begin: int, end: int) -> int:
        """Whole slots between two moments."""
        return floor(self.times[end] - self.times[begin] + TINY)

    def _fill(self) -> None:
        first, second = _Layer(self), _Layer(self)
        layers = (first, second) if self.cuts else (first,)
        # Allocated in one piece: small arrays among short-lived entries would keep the process from returning memory.
        self.codes = np.zeros((self.last + 1, *self.shape[1:]), dtype=self.marks.dtype)
        for at in range(self.last + 1):
            first.advance(at, self.codes[at])
            if self.cuts:
                second.advance(at, self.codes[at], first)
        state = OPEN if self.to_bound else CLOSED
        total = self.running[self.last, :, :, 0]
        kinds = np.arange(self.shape[2])
        works = self.tops - self.shortest + self.overhead
        for number, layer in enumerate(layers):
            if self.part and not number:
                continue
            costs = layer.entries[self.last][state][:, kinds, np.maximum(self.tops, 0)] + total
            self.finals.append(Final(costs, number, self.last, self.tops, begun=False))
            if self.before_last >= 0 and works.min() >= 0:
                costs = np.full(self.shape[1:3], inf)
                begins = layer.begins[self.before_last]
                costs[:, self.one :] = begins[:, kinds[: self.shape[2] - self.one], works[self.one :]] + total
                self.finals.append(Final(costs, number, self.before_last, works, begun=True))


class _Layer:
    """The entries before or after the cut: of the last few moments, with the origin of all."""

    def __init__(self, one: Pass) -> None:
        self.one = one
        self.entries: dict[int, Floats] = {}
        self.begins: dict[int, Floats] = {}
        self.starting = {begin for origins in one.origins for begin, _ in origins} | {one.before_last}

    def advance(self, at: int, code: Codes, uncut: _Layer | None = None) -> Floats:
        """The entries at the next moment, and in `code` their origin; `uncut` is the layer before the cut."""
        one, marks, shift = self.one, self.one.marks, self.one.marks.after_cut if uncut else 1
        here = np.empty(one.shape)
        open_, closed = here
        if at:
            np.subtract(self.entries[at - 1][CLOSED], one.running[at] - one.running[at - 1], out=closed)
        else:
            closed.fill(inf)
            if not uncut and not one.from_bound:
                closed[:, 0, 0] = 0.0
        cut_begins = self._cut(at, uncut, closed, code) if uncut else None
        before, length = one.previous[at], one.top + 1
        if before >= 0 and one.may_be_open(at):
            length = min(one.length(before, at), length)
            open_[:, :, length:] = self.entries[before][OPEN, :, :, : one.top + 1 - length]
        open_[:, :, :length] = inf
        self._begin(at, open_, code, shift)
        if not uncut and at == one.open_at_bound:
            open_[:, one.one, one.length(0, at) - one.overhead :][..., :1] = 0.0
        _take(closed, open_, code, marks.ended * shift)
        if at in self.starting:
            self.begins[at] = closed
            if cut_begins is not None:
                self.begins[at] = closed.copy()
                _take(self.begins[at], cut_begins, code, marks.cut_at_begin)
        self.entries[at] = here
        for done in [moment for moment in self.entries if moment < before]:
            del self.entries[done]
        return here

    def _begin(self, at: int, open_: Floats, code: Codes, shift: int) -> None:
        """Opens slices at the first moment at which they may end."""
        one = self.one
        for number, (begin, work) in enumerate(one.origins[at], 1):
            begins = self.begins.pop(begin) if begin != one.before_last else self.begins[begin]
            if work <= one.top:
                into, codes = open_[:, one.one :, work:], code[:, one.one :, work:]
                other = begins[:, : one.shape[2] - one.one, : one.top + 1 - work]
                less, kind = (other < into).view(np.uint8), one.marks.dtype
                np.minimum(into, other, out=into)
                if number > 1:
                    codes &= ~(less * kind((one.marks.ended - 1) * shift))
                codes |= less * kind(number * shift)

    def _cut(self, at: int, uncut: _Layer, closed: Floats, code: Codes) -> Floats | None:
        """Ends slices here that are cut after an earlier moment; returns the cost of begins of slices cut this way."""
        begins = None
        for source in self.one.sources(at):
            cost, slope, most = self.one.beyond(source, at)
            if most < 0:
                continue
            moved = _least_within(uncut.entries[source], slope, most, slope * self.one.part - cost)
            _take(closed, moved[OPEN], code, self.one.marks.cut_at_end)
            begins = moved[CLOSED] if begins is None else np.minimum(begins, moved[CLOSED])
        return begins


def _take(into: Floats, other: Floats, code: Codes, mark: int) -> None:
    """Takes the smaller of two, and marks where it is the other."""
    less = (other < into).view(np.uint8)
    np.minimum(into, other, out=into)
    code |= less * code.dtype.type(mark)


def _least_within(entries: Floats, slope: Floats, most: int, more: Floats) -> Floats:
    """The least of each entry and entries of up to `most` fewer slots of work, at `slope` per slot, plus `more`."""
    if not most:
        return entries + more
    ramp = slope * np.arange(entries.shape[-1])
    least, wider = entries - ramp, np.empty_like(entries)
    span, width = 1, min(most + 1, entries.shape[-1])
    while span < width:
        shift = min(span, width - span)
        np.minimum(least[..., shift:], least[..., :-shift], out=wider[..., shift:])
        wider[..., :shift] = least[..., :shift]
        least, wider, span = wider, least, span + shift
    least += ramp + more
    return least
