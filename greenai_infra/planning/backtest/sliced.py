"""The cleanest slices of an interruptible run for many start times and zones at once.

The answer is that of `greenai_infra.planning.slices`, by the same dynamic programme over (slot of time, useful slots
done). Here all runs of a batch go through it side by side, and time is the outer loop. With costs counted from the
running total of the intensity, going on in an open slice costs nothing: it is a step along the diagonal of the table,
which a view that slides over one buffer takes for free. What is left for each slot are two minima and a difference.
"""

from __future__ import annotations

import functools
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.backtest.trim import trimmed
from greenai_infra.planning.slices import _slot_length
from greenai_infra.planning.windows import StepGrid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenai_infra.planning.backtest.running import Floats, Ints
    from greenai_infra.planning.slices import Interruption

BATCH = 64  # runs side by side: more do not fit the processor's cache
BATCH_STATES = 40_000_000  # states of a batch, one byte for each of two tables
EXACT = 2.0**20  # costs are rounded to 2^-20 g/kWh, so that sums are exact and equal schedules compare as equal


class Slots(NamedTuple):
    """A problem in slots: seconds of a slot, and how many hold the work, a resume and the shortest slice."""

    slot_s: int
    work: int
    overhead: int
    shortest: int


class Sliced(NamedTuple):
    """Slices (s) of each run, shape (runs, slices), NaN where a run has fewer; all NaN where the work does not fit."""

    starts_s: Floats
    ends_s: Floats


def slots_of(step_s: int, work_s: float, rule: Interruption, span_s: float) -> Slots:
    """The slots in which a planner cuts such a run, over steps of a length and a span between start and deadline."""
    grid = StepGrid.build(np.array([0.0, step_s, 2.0 * step_s]), np.zeros((1, 2)))
    slot_s = _slot_length(grid, work_s, rule, span_s)
    work = ceil(work_s / slot_s - 1e-9)
    shortest = max(min(ceil(rule.minimum_slice_s / slot_s - 1e-9), work), 1)
    return Slots(slot_s, work, ceil(rule.resume_overhead_s / slot_s - 1e-9), shortest)


def best_slices_of_all(
    integral: Callable[[Ints, Floats], Floats],
    slots: Slots,
    work_s: float,
    rule: Interruption,
    earliest_s: Floats,
    latest_end_s: Floats,
) -> Sliced:
    """Slices with the least intensity-weighted time of each run; `earliest_s` and `latest_end_s` have shape (runs,).

    `integral(runs, times)` gives the integral of intensity of each of these runs up to its times, (n,) and (n, k) to
    (n, k), g/kWh x s. Times count from a multiple of the slot.
    """
    first = np.ceil(earliest_s / slots.slot_s).astype(np.int64)
    counts = np.floor(latest_end_s / slots.slot_s).astype(np.int64) - first
    found: list[list[tuple[int, int]]] = [[] for _ in first]
    for count in np.unique(counts):
        alike = np.flatnonzero(counts == count)
        size = max(1, min(BATCH, BATCH_STATES // ((int(count) + 1) * (slots.work + 1))))
        if count < slots.work:
            continue
        solve = _Tables(int(count), slots, min(size, alike.size)).solve
        if slots.shortest <= slots.overhead:
            solve = functools.partial(_one_slice, slots.work)
        for runs in np.split(alike, range(size, alike.size, size)):
            edges_s = (first[runs, None] + np.arange(count + 1)).astype(np.float64)
            edges_s *= slots.slot_s
            costs = np.diff(integral(runs, edges_s), axis=1) / slots.slot_s
            for run, slices in zip(runs, solve(_exact(costs)), strict=True):
                found[run] = [(int(first[run]) + start, int(first[run]) + end) for start, end in slices]
    return Sliced(*trimmed(*_padded(found, slots.slot_s), integral, work_s, rule))


def _exact(costs: Floats) -> Floats:
    """Costs whose sums carry no rounding."""
    rounded: Floats = np.rint(costs * EXACT) / EXACT
    return rounded


def _one_slice(work: int, costs: Floats) -> list[list[tuple[int, int]]]:
    """For each run its cheapest slots in a row: what is left where a slice of the shortest length is all resume."""
    running = np.concatenate([np.zeros((costs.shape[0], 1)), np.cumsum(costs, axis=1)], axis=1)
    begins = np.argmin(running[:, work:] - running[:, :-work], axis=1)
    return [[(int(begin), int(begin) + work)] for begin in begins]


def _padded(found: Sequence[Sequence[tuple[int, int]]], slot_s: int) -> tuple[Floats, Floats]:
    most = max((len(slices) for slices in found), default=0)
    times = np.full((2, len(found), max(most, 1)), np.nan)
    for row, slices in enumerate(found):
        for column, (start, end) in enumerate(slices):
            times[:, row, column] = start * slot_s, end * slot_s
    return times[0], times[1]


class _Tables:
    """The tables of one batch size, used again for each batch: filling new memory would cost more than the sums.

    `open_` holds the least cost of w useful slots with a slice open at slot i, less the running total at i, at
    position w - i of its first axis. `closed` holds the same for all slices ended, for the last slots. The first
    slice has no resume: it is one that resumes from `overhead` slots of work done for nothing.
    """

    def __init__(self, count: int, slots: Slots, size: int) -> None:
        self.count, self.slots, self.size = count, slots, size
        self.kept = slots.shortest + 1
        self.open_ = np.empty((count + slots.work + 1, size))
        self.closed = np.empty((self.kept, slots.work + 1, size))
        self.was_resumed = np.zeros((count + 1, slots.work + 1, size), dtype=np.bool_)
        self.was_closed = np.zeros((count + 1, slots.work + 1, size), dtype=np.bool_)

    def solve(self, costs: Floats) -> list[list[tuple[int, int]]]:
        """Slices (first slot, last slot + 1) of each run; `costs` has shape (runs, slots), g/kWh."""
        runs = costs.shape[0]
        by_slot = np.zeros((self.count, self.size))
        by_slot[:, :runs] = costs.T
        self._fill(by_slot)
        return [self._walk_back(run) for run in range(runs)]

    def _fill(self, costs: Floats) -> None:
        _, work, overhead, shortest = self.slots
        gained = shortest - overhead  # useful slots of a resumed slice of the shortest length
        closed, open_, kept = self.closed, self.open_, self.kept
        closed.fill(np.inf)
        open_.fill(np.inf)
        closed[0, overhead] = 0.0
        for slot in range(1, self.count + 1):
            at_slot = open_[self.count - slot : self.count - slot + work + 1]
            if slot >= shortest:
                going_on = at_slot[gained:]
                resumed = closed[(slot - shortest) % kept][: work + 1 - gained]
                np.less(resumed, going_on, out=self.was_resumed[slot, gained:])
                np.minimum(resumed, going_on, out=going_on)
            row = closed[slot % kept]
            np.subtract(closed[(slot - 1) % kept], costs[slot - 1], out=row)
            np.less(at_slot, row, out=self.was_closed[slot])
            np.minimum(at_slot, row, out=row)

    def _walk_back(self, run: int) -> list[tuple[int, int]]:
        """The slices that led to the least cost, in order; where several did, those that end first."""
        _, work, overhead, shortest = self.slots
        per_slot, per_useful = (work + 1) * self.size, self.size
        was_closed, was_resumed = self.was_closed.reshape(-1), self.was_resumed.reshape(-1)
        slices: list[tuple[int, int]] = []
        slot, useful = self.count, work
        while useful != overhead or not slices:
            at = slot * per_slot + useful * per_useful + run
            slot -= int(was_closed[at::-per_slot].argmax())
            at = slot * per_slot + useful * per_useful + run
            went_on = int(was_resumed[at :: -(per_slot + per_useful)].argmax())
            slices.append((slot - went_on - shortest, slot))
            slot, useful = slot - went_on - shortest, useful - went_on - (shortest - overhead)
        return slices[::-1]
