"""The cleanest slices of an interruptible run for many start times and zones at once.

The answer equals that of `greenai_infra.planning.slices`: the same search, with all runs of a batch side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.slice_ways import search
from greenai_infra.planning.slots import ROUNDING_S, Moments, slots_of
from greenai_infra.planning.trim import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenai_infra.planning.backtest.running import Floats, Ints
    from greenai_infra.planning.slice_ways import Found
    from greenai_infra.planning.slots import Interruption

BATCH = 100  # runs side by side
WAYS = 32  # searches counted per run when slots are sized; there are many runs
BATCH_STATES = 5_000_000  # moments x slots of work x runs: what fits the processor's cache


class Sliced(NamedTuple):
    """Slices (s) of each run, shape (runs, slices), padded with NaN; all NaN where the work does not fit."""

    starts_s: Floats
    ends_s: Floats


def best_slices_of_all(
    integral: Callable[[Ints, Floats], Floats],
    step_s: int,
    work_s: float,
    rule: Interruption,
    earliest_s: Floats,
    latest_end_s: Floats,
) -> Sliced:
    """Slices with the least intensity-weighted time of each run; `earliest_s` and `latest_end_s` have shape (runs,).

    `integral(runs, times)` gives the integral of intensity of each of these runs up to its times, (n,) and (n, k) to
    (n, k), g/kWh x s. Times count from a multiple of the step. Runs that start equally far into a step and have equal
    time until their deadline share most of the computation.
    """
    edge_s = (np.floor(earliest_s / step_s) + 1) * step_s  # the first edge after the earliest begin
    bounds_s = np.stack([earliest_s, latest_end_s], axis=1) - edge_s[:, None]
    kinds, kind = np.unique(np.rint(bounds_s / ROUNDING_S), axis=0, return_inverse=True)
    found: list[Found] = [[] for _ in earliest_s]
    for number in range(len(kinds)):
        alike = np.flatnonzero(kind.reshape(-1) == number)
        begin_s, end_s = map(float, bounds_s[alike[0]])
        slots = slots_of(step_s, work_s, rule, end_s - begin_s, WAYS)
        slot_s = slots.slot_s
        moments = Moments.of(begin_s, end_s, np.arange(0.0, end_s, step_s), slots)
        size = max(1, min(BATCH, int(BATCH_STATES * slot_s / (moments.times.size * work_s))))
        for runs in np.split(alike, range(size, alike.size, size)):

            def up_to(times: Floats, runs: Ints = runs, slot_s: int = slot_s) -> Floats:
                return integral(runs, edge_s[runs, None] + times * slot_s)

            for run, best in zip(runs, search(moments, up_to, slots, work_s / slot_s), strict=True):
                for slices in best:
                    found[run] = [(edge_s[run] + start * slot_s, edge_s[run] + end * slot_s) for start, end in slices]
    starts_s, ends_s = (np.clip(times_s, earliest_s[:, None], latest_end_s[:, None]) for times_s in _padded(found))
    return Sliced(*trimmed(starts_s, ends_s, integral, work_s, rule))


def _padded(found: Sequence[Found]) -> tuple[Floats, Floats]:
    most = max((len(slices) for slices in found), default=0)
    times = np.full((2, len(found), max(most, 1)), np.nan)
    for row, slices in enumerate(found):
        if slices:
            times[:, row, : len(slices)] = np.array(slices).T
    return times[0], times[1]
