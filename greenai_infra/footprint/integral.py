"""The sum over intervals of energy times intensity.

An interval of unknown intensity stays open. An interval whose intensity may still change, because its hour is not yet
published, counts with the present value and is checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MeanOf = Callable[[float, float], float | None]
"""Mean g/kWh over an interval of Unix seconds; None while unknown."""

IsFinal = Callable[[float, float], bool]
"""Whether the mean over an interval is final."""

SLOT_S = 300.0
"""No source publishes shorter steps: intervals within the same slot, counted from 1970, have the same intensity."""


@dataclass(slots=True)
class Integral:
    """kWh and g, both before PUE, of the added intervals."""

    kwh: float = 0.0
    provisional_kwh: float = 0.0
    _final_g: float = 0.0
    _provisional_g: float = 0.0
    _open: list[tuple[float, float, float]] = field(default_factory=list)
    _provisional: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, start_s: float, end_s: float, kwh: float) -> None:
        """Adds the energy of [start, end), Unix seconds, spread evenly over it."""
        self.kwh += kwh
        if kwh > 0:
            self._open.append((start_s, end_s, kwh))

    def settle(self, mean_of: MeanOf, is_final: IsFinal | None = None) -> None:
        """Gives each open interval its intensity, where known by now; final unless `is_final` says otherwise."""
        still_open = []
        for interval in self._open:
            start_s, end_s, kwh = interval
            g_per_kwh = mean_of(start_s, end_s)
            if g_per_kwh is None:
                still_open.append(interval)
            elif is_final is None or is_final(start_s, end_s):
                self._final_g += kwh * g_per_kwh
            else:
                self._provisional.append(interval)
                self._provisional_g += kwh * g_per_kwh
                self.provisional_kwh += kwh
        self._open = still_open

    def revise(self, mean_of: MeanOf, is_final: IsFinal) -> None:
        """Settles, and checks again what counted provisionally."""
        self._open = [*_by_slot(self._provisional), *self._open]
        self._provisional, self._provisional_g, self.provisional_kwh = [], 0.0, 0.0
        self.settle(mean_of, is_final)

    @property
    def known_g(self) -> float:
        """Grams before PUE of the intervals with known intensity."""
        return self._final_g + self._provisional_g

    @property
    def open_kwh(self) -> float:
        """Energy of intervals with unknown intensity."""
        return sum(kwh for _, _, kwh in self._open)

    @property
    def g(self) -> float | None:
        """Grams before PUE; None if the intensity of any part is unknown."""
        return None if self._open else self.known_g


def _by_slot(intervals: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Intervals of the same slot merged, so that a long run does not keep thousands."""
    slots: dict[float, tuple[float, float, float]] = {}
    others = []
    for start_s, end_s, kwh in intervals:
        slot = start_s // SLOT_S
        if end_s > (slot + 1) * SLOT_S:
            others.append((start_s, end_s, kwh))
            continue
        first_s, last_s, sum_kwh = slots.get(slot, (start_s, end_s, 0.0))
        slots[slot] = (min(first_s, start_s), max(last_s, end_s), sum_kwh + kwh)
    return sorted([*slots.values(), *others])
