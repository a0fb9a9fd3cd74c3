"""Tallies of a scope by hour, with the carbon of each stretch at the intensity that it had.

An hour without intensity stays open, and is settled when the source answers; after MOST_OPEN hours it stays unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.footprint.integral import Integral
from greenai_infra.serving.tally import Tally

if TYPE_CHECKING:
    from greenai_infra.footprint.integral import MeanOf

HOUR_S = 3600
MOST_OPEN = 48


class Hour:
    """What happened in an hour, and the integrals of what was saved and spent in it."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._saved, self._spent = Integral(), Integral()

    def add(self, start_s: float, end_s: float, part: Tally) -> None:
        """Add a stretch of time, Unix seconds."""
        self.tally.add(part)
        self._saved.add(start_s, end_s, part.saved_j / JOULES_PER_KWH)
        self._spent.add(start_s, end_s, (part.lookup_j + part.encoder_j + part.standing_j) / JOULES_PER_KWH)

    def settle(self, mean_of: MeanOf, pue: float) -> tuple[float, float]:
        """Grams saved and spent that have become known."""
        tally, before = self.tally, (self.tally.placed_saved_g, self.tally.placed_spent_g)
        for integral in (self._saved, self._spent):
            integral.settle(mean_of)
        tally.placed_saved_g, tally.placed_spent_g = self._saved.known_g * pue, self._spent.known_g * pue
        tally.unplaced_saved_j = self._saved.open_kwh * JOULES_PER_KWH
        tally.unplaced_spent_j = self._spent.open_kwh * JOULES_PER_KWH
        return tally.placed_saved_g - before[0], tally.placed_spent_g - before[1]

    @property
    def is_open(self) -> bool:
        """Whether a part waits for its intensity."""
        return bool(self._saved.open_kwh or self._spent.open_kwh)


class Hours:
    """The hours of one scope, by their number since 1970, and the total of this process."""

    def __init__(self) -> None:
        self.total = Tally()
        self._hours: dict[int, Hour] = {}
        self._lost_saved_j = self._lost_spent_j = 0.0

    def add(self, start_s: float, end_s: float, part: Tally) -> None:
        """Add a stretch of time, which counts to the hour in which it began."""
        self.total.add(part)
        self._hours.setdefault(int(start_s // HOUR_S), Hour()).add(start_s, end_s, part)

    def settle(self, mean_of: MeanOf, pue: float) -> tuple[float, float]:
        """Grams saved and spent, with PUE, that have become known since the last time."""
        saved = spent = 0.0
        for hour in self._hours.values():
            more = hour.settle(mean_of, pue)
            saved, spent = saved + more[0], spent + more[1]
        total = self.total
        total.placed_saved_g += saved
        total.placed_spent_g += spent
        total.unplaced_saved_j = self._lost_saved_j + sum(hour.tally.unplaced_saved_j for hour in self._hours.values())
        total.unplaced_spent_j = self._lost_spent_j + sum(hour.tally.unplaced_spent_j for hour in self._hours.values())
        return saved, spent

    def tallies(self) -> dict[int, Tally]:
        """The hours that can still change, and those since `forget`."""
        return {number: hour.tally for number, hour in self._hours.items()}

    def forget(self, now_s: float) -> None:
        """Drop the hours that can't change any more."""
        current = int(now_s // HOUR_S)
        for number, hour in list(self._hours.items()):
            if number < current - (MOST_OPEN if hour.is_open else 0):
                self._lost_saved_j += hour.tally.unplaced_saved_j
                self._lost_spent_j += hour.tally.unplaced_spent_j
                del self._hours[number]
