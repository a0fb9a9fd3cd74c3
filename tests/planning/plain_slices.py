"""Slices by a walk over a fine grid of time, minute by minute, as one would write it down: a reference for the planner.

Nothing is shared with the code under test: no slots, no edges, no table from behind.
"""

from __future__ import annotations

import numpy as np


def least_cost(costs: list[float], work: int, overhead: int, least: int) -> float:
    """Least sum of `costs` over slices that hold `work` ticks and one overhead for each slice after the first.

    Times are in ticks, of which `costs` has one each. Each slice takes at least `least` ticks (the work if that is
    shorter). Infinite where the work does not fit.
    """
    least = min(least, work)
    # ticks left to run: `idle` with no slice open, `open_[n]` in a slice of n ticks so far (the last n: or more).
    first, size = work, work + overhead + 1
    idle = np.full(size, np.inf)
    fresh = 0.0  # nothing has run yet
    open_ = np.full((least + 1, size), np.inf)
    for cost in costs:
        begun = np.full(size, np.inf)
        begun[overhead:] = idle[: size - overhead]  # a resume adds its overhead to what is left
        if fresh is not None:
            begun[first] = min(begun[first], fresh)
        longer = np.full((least + 1, size), np.inf)
        longer[1, :-1] = begun[1:] + cost
        for ticks in range(1, least):
            into = longer[ticks + 1]
            into[:-1] = np.minimum(into[:-1], open_[ticks, 1:] + cost)
        longer[least, :-1] = np.minimum(longer[least, :-1], open_[least, 1:] + cost)
        open_ = longer
        idle = np.minimum(idle, open_[least])
    return float(idle[0])


def least_costs(costs: list[float], work: int, overhead: int, least: int, most: int) -> list[float]:
    """The same for one slice, two slices and so on up to `most`, which may touch; all take at least `least` ticks."""
    size = work + (most - 1) * overhead + 1
    closed = np.full((most + 1, size), np.inf)  # slices so far, ticks run
    closed[0, 0] = 0.0
    open_ = np.full((least + 1, most + 1, size), np.inf)  # the first: ticks in the slice so far (the last n: or more)
    for cost in costs:
        longer = np.full_like(open_, np.inf)
        longer[1, 1:, 1:] = closed[:-1, :-1] + cost
        for ticks in range(1, least + 1):
            into = longer[min(ticks + 1, least)]
            into[:, 1:] = np.minimum(into[:, 1:], open_[ticks, :, :-1] + cost)
        open_ = longer
        closed = np.minimum(closed, open_[least])
    return [float(closed[number, work + (number - 1) * overhead]) for number in range(1, most + 1)]
