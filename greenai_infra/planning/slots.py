"""How time and work are counted when a run is cut into slices: the length of a slot, and where slices may begin or end.

Slots measure work; slices begin and end at few moments. Over steps of constant intensity some cheapest slices, of all
or of each number, have this form: every slice runs from one edge to another, or has its minimum length and one end on
an edge. One slice alone is cut to measure: one of its ends lies on an edge, the other wherever the work is done. Here
the bounds of the run are edges too. The reason: where no two slices touch, the cost is linear as long as no begin or
end crosses an edge, and what binds are edges, minimum lengths and one sum, that of the running time. In a corner of
that problem the sum holds one begin or end and the others bind each one. Slices that touch may be joined: that saves a
resume.

So all moments but those two are edges, or lie a minimum length from one, and all that is done by the other slices is a
whole number of slots, where a slot divides the steps, the minimum and the overhead. Where that would be too many slots
(a month of five minutes), they get longer and fewer edges are looked at, then the edges near the slices that were
found: these are only nearly the cheapest. Overheads and minimum lengths are rounded up for it, and no slice is ever all
overhead.
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
TINY = 1e-9  # slots; less is rounding
ROUNDING_S = 1e-6  # Unix times are no more exact


class Interruption(Struct, frozen=True):
    """What stopping costs: seconds lost at each resume, and the shortest slice worth starting."""

    resume_overhead_s: float
    minimum_slice_s: float


class Slots(NamedTuple):
    """Seconds of a slot, how many slots a resume and the shortest slice take, and every how manieth edge is looked at.

    Where `slot_s` does not divide the rule's times, `overhead` and `shortest` are rounded up.
    """

    slot_s: int
    overhead: int
    shortest: int
    stride: int
    resume: float | None = None
    """The overhead where slots are too long to count it: then each number of slices has its own running time."""

    def is_exact(self, rule: Interruption) -> bool:
        """Whether nothing is rounded or left out."""
        rounded_s = (
            self.overhead * self.slot_s - rule.resume_overhead_s,
            self.shortest * self.slot_s - rule.minimum_slice_s,
        )
        return self.stride == 1 and not any(rounded_s)


def slots_of(step_s: int, work_s: float, rule: Interruption, span_s: float, ways: int = 1) -> Slots:
    """The longest slots that count exactly, or longer ones where the problem would not stay small enough.

    `step_s` divides every step, `span_s` is the time between the earliest begin and the deadline, `ways` is how often
    the problem is solved.
    """
    overhead_s, minimum_s = ceil(rule.resume_overhead_s), ceil(rule.minimum_slice_s)
    exact_s = gcd(step_s, overhead_s, minimum_s)
    for doublings in count():
        stride = 2**doublings
        for slot_s in _divisors(step_s * stride, exact_s):
            overhead = -(-overhead_s // slot_s)
            shortest = max(-(-minimum_s // slot_s), overhead + 1)  # all resume and no work is not worth a slice
            moments = span_s / (step_s * stride) * (3 if shortest * slot_s % (step_s * stride) else 1)
            if moments * work_s / slot_s * ways <= MAX_STATES:
                return Slots(slot_s, overhead, shortest, stride)
    raise AssertionError


def rough_slots(step_s: int, longest_s: float, rule: Interruption, span_s: float, ways: int) -> Slots:
    """Slots too long to count the overhead: each number of slices has its own running time, up to `longest_s`."""
    for doublings in count():
        stride = 2**doublings
        if span_s / (step_s * stride) * longest_s / (step_s * stride) * ways <= MAX_ROUGH_STATES:
            return with_slots_of(step_s * stride, rule, stride)
    raise AssertionError


def with_slots_of(slot_s: int, rule: Interruption, stride: int) -> Slots:
    """Slots of a length by which each number of slices has its own running time."""
    shortest = max(1, -(-ceil(rule.minimum_slice_s) // slot_s))
    return Slots(slot_s, 0, shortest, stride, rule.resume_overhead_s / slot_s)


def _divisors(step_s: int, least_s: int) -> list[int]:
    """In ascending order, those that are multiples of `least_s`."""
    return [slot_s for slot_s in range(least_s, step_s + 1, least_s) if step_s % slot_s == 0]


class Moments(NamedTuple):
    """Where slices may begin or end, in slots after some edge; the first and the last one bound the run.

    `whole` says which lie a whole number of slots after the edge: all but perhaps the bounds, and what lies a shortest
    slice from these.
    """

    times: Floats
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, earliest_s: float, latest_s: float, edges_s: Floats, slots: Slots, *, only_edges: bool = False) -> Self:
        """Between two bounds, with all that may be of use around the edges between them; s after an edge.

        With `only_edges` what lies a shortest slice from them is not looked at.
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
