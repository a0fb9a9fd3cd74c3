"""Slices with rounded-up overheads, shortened to the seconds that the work takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.planning.slots import Floats, Interruption, Ints

LEAST_S = 1e-6  # a surplus below this is rounding
EQUAL_G_PER_KWH = 1e-5  # less is rounding: of two ends that are as dirty the later one is cut


def trimmed(
    starts_s: Floats,
    ends_s: Floats,
    integral: Callable[[Ints, Floats], Floats],
    work_s: float,
    rule: Interruption,
) -> tuple[Floats, Floats]:
    """Begins and ends without the surplus of rounded slots, both of shape (runs, slices), NaN for no slice.

    The surplus is cut off at the dirtiest end of a slice that stays long enough, then at the next until it is gone.
    `integral(runs, times)` is the integral of each run's intensity up to its times, g/kWh x s.
    """
    starts_s, ends_s = starts_s.copy(), ends_s.copy()
    shortest_s = min(rule.minimum_slice_s, work_s)
    slices = np.count_nonzero(~np.isnan(starts_s), axis=1)
    running_s = np.nansum(ends_s - starts_s, axis=1)
    surplus_s = np.where(slices > 0, running_s - work_s - (slices - 1) * rule.resume_overhead_s, 0.0)
    left = np.flatnonzero(surplus_s > LEAST_S)
    while left.size:
        begin, end = starts_s[left], ends_s[left]
        spare = np.minimum(surplus_s[left, None], end - begin - shortest_s)
        possible = spare > LEAST_S
        spare = np.where(possible, spare, 1.0)
        # Missing slices, and slices without a spare second, get valid times and a mean that is never the highest.
        begin, end = np.where(possible, begin, 0.0), np.where(possible, end, 1.0)
        off_begin = (integral(left, begin + spare) - integral(left, begin)) / spare
        off_end = (integral(left, end) - integral(left, end - spare)) / spare
        off = np.concatenate([off_end, off_begin - EQUAL_G_PER_KWH], axis=1)
        means = np.where(np.concatenate([possible, possible], axis=1), off, -1)
        worst = means.shape[1] - 1 - np.argmax(means[:, ::-1], axis=1)
        at_end = worst < begin.shape[1]
        column = np.where(at_end, worst, worst - begin.shape[1])
        cut = np.where(possible.any(axis=1), spare[np.arange(left.size), column], 0.0)
        ends_s[left[at_end], column[at_end]] -= cut[at_end]
        starts_s[left[~at_end], column[~at_end]] += cut[~at_end]
        surplus_s[left] -= cut
        left = left[(surplus_s[left] > LEAST_S) & (cut > 0)]
    return starts_s, ends_s
