"""How time and work are counted when a run is cut into slices: the length of a slot, and where slices may begin or end.

Slots measure work; slices begin and end at few moments. Over steps of constant intensity some cheapest slices, of all
or of each number, have this form: every slice runs from edge to edge, or has its minimum length and one end on an edge.
Only one slice is cut to measure: one of its ends is on an edge, the other wherever the work is done. Here the bounds of
the run are edges too. The reason: where no two slices touch, the cost is linear as long as no begin or end crosses an
edge, and the constraints are edges, minimum lengths and one sum, the running time. At a corner of that problem the sum
fixes one begin or end, and the other constraints fix one each. Slices that touch may be joined, which saves a resume.

So all moments except those two are edges, or lie a minimum length from an edge, and the work of the other slices is a
whole number of slots, where a slot divides the steps, the minimum and the overhead. Where that gives too many slots (a
month of five minutes), slots get longer and fewer edges are tried, then the edges near the slices that were found; this
result is only nearly the cheapest. It rounds overheads and minimum lengths up, and no slice is ever all overhead.
"""

from __future__ import annotations

from itertools import count
from math import ceil, gcd, inf
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MAX_STATES = 130_000_000  # moments x slots of work x ways; beyond it slots get longer
MAX_ROUGH_STATES = 60_000_000  # where nothing is exact anyway
TINY = 1e-9  # slots; smaller values are rounding
ROUNDING_S = 1e-6  # precision of Unix times


class Interruption(Struct, frozen=True):
    """What stopping costs: seconds lost at each resume, and the shortest slice worth starting."""

    resume_overhead_s: float
    minimum_slice_s: float


class Slots(NamedTuple):
    """Seconds of a slot, the slots of a resume and of the shortest slice, and n to try every nth edge.

    `overhead` and `shortest` are rounded up where `slot_s` does not divide the rule's times.
    """

    slot_s: int
    overhead: int
    shortest: int
    stride: int
    resume: float | None = None
    """The overhead where slots are too long to count it: then each number of slices has a different running time."""

    def is_exact(self, rule: Interruption) -> bool:
        """Whether the count is exact: nothing rounded, no edge left out."""
        rounded_s = (
            self.overhead * self.slot_s - rule.resume_overhead_s,
            self.shortest * self.slot_s - rule.minimum_slice_s,
        )
        return self.stride == 1 and not any(rounded_s)


def slots_of(step_s: int, work_s: float, rule: Interruption, span_s: float, ways: int = 1) -> Slots:
    """The longest slots that count exactly, or longer slots where the problem would get too large.

    `step_s` divides every step, `span_s` is the time between the earliest begin and the deadline, `ways` is the number
    of times that the problem is solved.
    """
    overhead_s, minimum_s = ceil(rule.resume_overhead_s), ceil(rule.minimum_slice_s)
    exact_s = gcd(step_s, overhead_s, minimum_s)
    for doublings in count():
        stride = 2**doublings
        for slot_s in _divisors(step_s * stride, exact_s):
            overhead = -(-overhead_s // slot_s)
            shortest = max(-(-minimum_s // slot_s), overhead + 1)  # a slice must do some work beyond the resume
            moments = span_s / (step_s * stride) * (3 if shortest * slot_s % (step_s * stride) else 1)
            if moments * work_s / slot_s * ways <= MAX_STATES:
                return Slots(slot_s, overhead, shortest, stride)
    raise AssertionError


def rough_slots(step_s: int, longest_s: float, rule: Interruption, span_s: float, ways: int) -> Slots:
    """Slots too long to count the overhead: each number of slices has a different running time, up to `longest_s`."""
    for doublings in count():
        stride = 2**doublings
        if span_s / (step_s * stride) * longest_s / (step_s * stride) * ways <= MAX_ROUGH_STATES:
            return with_slots_of(step_s * stride, rule, stride)
    raise AssertionError


def with_slots_of(slot_s: int, rule: Interruption, stride: int) -> Slots:
    """Slots of a length for which each number of slices has a different running time."""
    shortest = max(1, -(-ceil(rule.minimum_slice_s) // slot_s))
    return Slots(slot_s, 0, shortest, stride, rule.resume_overhead_s / slot_s)


def _divisors(step_s: int, least_s: int) -> list[int]:
    """Slot lengths that are multiples of `least_s`, ascending."""
    return [slot_s for slot_s in range(least_s, step_s + 1, least_s) if step_s % slot_s == 0]


class Moments(NamedTuple):
    """Moments where slices may begin or end, in slots after some edge; the first and the last bound the run.

    `whole` says which lie a whole number of slots after the edge: all except perhaps the bounds, and moments a shortest
    slice away from the bounds.
    """

    times: Floats
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, earliest_s: float, latest_s: float, edges_s: Floats, slots: Slots, *, only_edges: bool = False) -> Self:
        """Moments between two bounds: all that can be useful around the edges between them; seconds after an edge.

        With `only_edges`, moments a shortest slice away from an edge are left out.
        """
        earliest, latest = _snapped(earliest_s, slots.slot_s), _snapped(latest_s, slots.slot_s)
        fixed = np.concatenate([[earliest, latest], np.rint(edges_s[:: slots.stride] / slots.slot_s)])
        around = [fixed] if only_edges else [fixed, fixed + slots.shortest, fixed - slots.shortest]
        inner = np.sort(np.concatenate(around))
        inner = inner[(inner > earliest + TINY) & (inner < latest - TINY)]
        inner = inner[np.diff(inner, prepend=-inf) > TINY]
        times = np.concatenate([[earliest], inner, [latest]])
        return cls(times, np.abs(times - np.rint(times)) < TINY)


def _snapped(time_s: float, slot_s: int) -> float:
    nearest = round(time_s / slot_s)
    return float(nearest) if abs(time_s - nearest * slot_s) < ROUNDING_S else time_s / slot_s
