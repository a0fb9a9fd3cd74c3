"""Traces the least costs of runs back to their slices."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.planning.slice_search import CLOSED, OPEN, Pass
from greenai_infra.planning.slots import TINY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenai_infra.planning.slots import Floats, Moments, Slots

EQUAL = 1e-3  # g/kWh x s: smaller differences are rounding, and the first candidate is kept

DRIFT_G_PER_KWH_S = 1e-9
"""Added to the intensity per second, so that of equally clean slices the earliest win."""

Found = list[tuple[float, float]]


def search(
    moments: Moments, integral_of: Callable[[Floats], Floats], slots: Slots, work: float, most_slices: int | None = None
) -> list[list[Found]]:
    """The cheapest slices (begin, end) of each run, in slots and in order; empty where the work does not fit.

    `integral_of(times)` gives the integral of each run's intensity up to times in slots, shape (runs, times). `work` is
    in slots; running time is the work plus one overhead for each slice after the first. With `most_slices` the result
    has the cheapest slices of each number up to it that is cheaper than all smaller numbers, else the cheapest of all.
    """
    first, last = float(moments.times[0]), float(moments.times[-1])

    def integral(times: Floats) -> Floats:
        return integral_of(times) + DRIFT_G_PER_KWH_S / 2 * ((times - first) * slots.slot_s) ** 2

    if work > last - first + TINY:
        return [[] for _ in integral(moments.times[:1])]
    if slots.resume is None and work + slots.overhead < 2 * slots.shortest:  # too short for two slices
        return _unbroken(moments, integral, work)
    running = integral(moments.times)
    running -= running[:, :1].copy()
    least = np.full((len(running), (most_slices or 0) + 1), inf)
    found: dict[tuple[int, int], Found] = {}
    for begins, ends in product((False, True), repeat=2):
        if (begins and moments.whole[0]) or (ends and moments.whole[-1]):
            continue
        _take_better(Pass(moments, running, slots, work, most_slices, begins, ends), least, found)
    useful = np.isfinite(least)
    useful[:, 1:] &= least[:, 1:] < np.minimum.accumulate(least, axis=1)[:, :-1] - EQUAL
    return [[found[run, kind] for kind in np.flatnonzero(row).tolist()] for run, row in enumerate(useful)]


def _take_better(one: Pass, least: Floats, found: dict[tuple[int, int], Found]) -> None:
    """Stores what costs less in this pass than in earlier passes, by run and number of slices."""
    ways = [_Way(one, int(run), int(kind)) for run, kind in np.argwhere(one.costs < least - EQUAL)]
    kept = one.uncut({source for way in ways if way.cut for source in one.sources(way.moment)})
    for way in ways:
        found[way.run, way.kind] = way.slices(kept)
        least[way.run, way.kind] = one.costs[way.run, way.kind]


def _unbroken(moments: Moments, integral: Callable[[Floats], Floats], work: float) -> list[list[Found]]:
    """The cheapest single slice of each run, with its begin or end on an edge."""
    times = moments.times
    begins = np.concatenate([times, times - work])
    begins = np.sort(begins[(begins >= times[0] - TINY) & (begins + work <= times[-1] + TINY)])
    chosen = begins[np.argmin(integral(begins + work) - integral(begins), axis=1)]
    return [[[(float(begin), float(begin) + work)]] for begin in chosen]


class _Way:
    """The way back from the last moment. Its state is a moment, the number of slices begun before it, and their work.

    If a slice goes on there, its end is known. Slices that begin later are in `later`, the last slice first.
    """

    def __init__(self, one: Pass, run: int, kind: int) -> None:
        self.one, self.run, self.kind = one, run, kind
        final = min(one.finals, key=lambda final: final.costs[run, kind])
        self.moment, self.number, self.work = final.moment, kind, int(final.works[kind])
        self.end: float | None = one.times[-1] if one.to_bound else None
        self.later: Found = []
        self.layer, self.cut = final.layer, 0
        if final.begun:
            self.end = one.times[-1]
            self.number -= one.one
            self._begin_here()
        while not self.cut and self._back():
            pass

    def slices(self, kept: Mapping[int, Floats]) -> Found:
        """All slices in order; `kept` are the entries before the cut at its sources."""
        if self.cut:
            self._uncut(kept)
            while self._back():
                pass
        joined = self.later[-1:]
        for begin, end in self.later[-2::-1]:  # touching slices are joined: the run does not stop there
            if begin - joined[-1][1] < TINY:
                joined[-1] = joined[-1][0], end
            else:
                joined.append((begin, end))
        return joined

    def _code(self) -> int:
        return int(self.one.codes[self.moment, self.run, self.number, self.work])

    def _begin_here(self) -> None:
        """Records that the open slice begins here, or was cut to measure before."""
        if self.layer and self._code() & self.one.marks.cut_at_begin:
            self.cut = self.one.marks.cut_at_begin
            return
        self._began(self.one.times[self.moment])

    def _began(self, time: float) -> None:
        assert self.end is not None
        self.later.append((time, self.end))
        self.end = None

    def _back(self) -> bool:
        """Takes one step back; returns whether there are more."""
        one, code, marks = self.one, self._code(), self.one.marks
        shift = marks.after_cut if self.layer else 1
        if self.end is None:
            if code & (marks.ended * shift):
                self.end = one.times[self.moment]
            elif self.layer and code & marks.cut_at_end:
                self.cut = marks.cut_at_end
            else:
                self.moment -= 1
            return self.moment >= 0
        if number := (code // shift) & (marks.ended - 1):
            self.moment, work = one.origins[self.moment][number - 1]
            self.work -= work
            self.number -= one.one
            self._begin_here()
            return True
        if not self.layer and self.moment == one.open_at_bound:
            self._began(one.times[0])
            return False
        self.work -= one.length(one.previous[self.moment], self.moment)
        self.moment = one.previous[self.moment]
        return True

    def _uncut(self, kept: Mapping[int, Floats]) -> None:
        """Goes back before the cut, to the moment and work of the least sum."""
        one, state = self.one, OPEN if self.cut == self.one.marks.cut_at_end else CLOSED
        best = inf
        for source in one.sources(self.moment):
            cost, slope, most = one.beyond(source, self.moment)
            slots = np.arange(min(most, self.work) + 1)
            if not slots.size:
                continue
            sums = kept[source][state, self.run, self.number, self.work - slots]
            sums = sums + float(slope[self.run, 0, 0]) * (one.part + slots) - float(cost[self.run, 0, 0])
            if sums.min() < best:
                best, at, beyond = float(sums.min()), source, int(sums.argmin())
        if self.cut == self.one.marks.cut_at_end:
            self.end = one.times[at] + one.part + beyond
        else:
            self._began(one.times[self.moment] - one.part - beyond)
        self.moment, self.work, self.layer, self.cut = at, self.work - beyond, 0, 0
