"""How time is counted when a run is cut into slices: the length of a slot, and how many of them everything takes.

Where a slot divides every step of intensity, the shortest slice, the overhead, the work and the bounds of the run, some
cheapest slices run from slot to slot: nothing is lost by looking at no other. Where that would be too many slots (as
with bounds that lie seconds off the steps, or a month of five minutes), they get longer: bounds, overhead, shortest
slice and work are rounded so that every rule is still kept, and what the rounding added is cut off again
(`greenai_infra.planning.trim`).
"""

from __future__ import annotations

from itertools import chain, count
from math import ceil, floor, gcd
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_STATES = 120_000_000  # slots of time x slots of work x ways: so many are looked at
FINE_STATES = 24_000_000  # so many where slots that count exactly would be too many, to round bounds and work less
ROUNDING_S = 1e-6  # Unix times are no more exact


class Interruption(Struct, frozen=True):
    """What stopping costs: seconds lost at each resume, and the shortest slice worth starting."""

    resume_overhead_s: float
    minimum_slice_s: float


class Slots(NamedTuple):
    """`length` slots of time from `first_s` on (s after an edge); work, overhead and shortest slice in slots."""

    slot_s: int
    first_s: int
    length: int
    work: int
    overhead: int
    shortest: int

    @property
    def allow_two(self) -> bool:
        """Whether two slices fit between the bounds and hold the work."""
        return self.work <= self.length and self.work + self.overhead >= 2 * self.shortest

    def times_s(self) -> Floats:
        """Where slots begin and end, shape (length + 1,)."""
        return self.first_s + self.slot_s * np.arange(self.length + 1.0)


def slots_of(step_s: int, begin_s: float, end_s: float, work_s: float, rule: Interruption, ways: int = 1) -> Slots:
    """The longest slots that count exactly, or longer ones where the problem would not stay small enough.

    `step_s` divides every step, the bounds are s after an edge, `ways` is how often the problem is solved.
    """
    first, last = ceil(begin_s - ROUNDING_S), floor(end_s + ROUNDING_S)
    needed, overhead, minimum = (
        ceil(seconds - ROUNDING_S) for seconds in (work_s, rule.resume_overhead_s, rule.minimum_slice_s)
    )

    def states(slot_s: int) -> float:
        return (last - first) / slot_s * needed / slot_s * ways

    ruled = gcd(step_s, overhead, minimum)
    slot_s = gcd(ruled, first, last, needed)
    if states(slot_s) > MOST_STATES:
        divisors = (one for one in range(slot_s, step_s + 1) if step_s % one == 0 and (ruled % one == 0 or one > ruled))
        slot_s = next(
            one
            for one in chain(divisors, (step_s * 2**doublings for doublings in count(1)))
            if states(one) <= (FINE_STATES if one < ruled else MOST_STATES)
        )
    begin, work, resume = (-(-seconds // slot_s) for seconds in (first, needed, overhead))
    shortest = max(-(-minimum // slot_s), resume + 1)  # all resume and no work is not worth a slice
    if minimum > overhead and (work - resume) // (shortest - resume) > (needed - overhead) // (minimum - overhead):
        shortest += 1  # or rounding would allow a slice more than the work fills
    return Slots(slot_s, begin * slot_s, last // slot_s - begin, work, resume, shortest)
