"""The cleanest slices of an interruptible run for many start times and zones at once.

The answer equals that of `greenai_infra.planning.slices`: the same search, with all runs of a batch side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.planning.slice_search import search
from greenai_infra.planning.slots import ROUNDING_S, slots_of
from greenai_infra.planning.trim import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenai_infra.planning.backtest.running import Floats, Ints
    from greenai_infra.planning.slice_search import Found
    from greenai_infra.planning.slots import Interruption

WAYS = 8  # slots get longer as if each run were searched for so often: there are many


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
        slots = slots_of(step_s, begin_s, end_s, work_s, rule, WAYS)
        edges_s = np.arange(0.0, end_s, step_s)

        def up_to(times_s: Floats, runs: Ints = alike) -> Floats:
            return integral(runs, edge_s[runs, None] + times_s)

        for run, best in zip(alike, search(up_to, slots, work_s, (begin_s, end_s), edges_s), strict=True):
            for slices in best:
                found[run] = [(edge_s[run] + start, edge_s[run] + end) for start, end in slices]
    starts_s, ends_s = (np.clip(times_s, earliest_s[:, None], latest_end_s[:, None]) for times_s in _padded(found))
    return Sliced(*trimmed(starts_s, ends_s, integral, work_s, rule))


def _padded(found: Sequence[Found]) -> tuple[Floats, Floats]:
    most = max((len(slices) for slices in found), default=0)
    times = np.full((2, len(found), max(most, 1)), np.nan)
    for row, slices in enumerate(found):
        if slices:
            times[:, row, : len(slices)] = np.array(slices).T
    return times[0], times[1]
