"""Tallies of a scope by hour, with the carbon of each stretch at the intensity of its time.

An hour with an unknown or provisional intensity stays open and is weighed again when the source answers; after
MOST_OPEN hours it stays unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.footprint.integral import Integral
from greenai_infra.serving.tally import Tally

if TYPE_CHECKING:
    from greenai_infra.intensity.choice.elapsed import Grid

HOUR_S = 3600
MOST_OPEN = 48
WEIGHED = ("placed_saved_g", "placed_spent_g", "unplaced_saved_j", "unplaced_spent_j")


class Hour:
    """The tally of an hour, and the integrals of energy saved and spent in it."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._saved, self._spent = Integral(), Integral()

    def add(self, start_s: float, end_s: float, part: Tally) -> None:
        """Adds a stretch of time, Unix seconds."""
        self.tally.add(part)
        self._saved.add(start_s, end_s, part.saved_j / JOULES_PER_KWH)
        self._spent.add(start_s, end_s, (part.lookup_j + part.encoder_j + part.standing_j) / JOULES_PER_KWH)

    def settle(self, grid: Grid, pue: float, *, again: bool) -> None:
        """Weighs new intervals; `again` also those that may have changed since."""
        for integral in (self._saved, self._spent):
            (integral.revise if again else integral.settle)(grid.mean, grid.is_final)
        tally = self.tally
        tally.placed_saved_g, tally.placed_spent_g = self._saved.known_g * pue, self._spent.known_g * pue
        tally.unplaced_saved_j = self._saved.open_kwh * JOULES_PER_KWH
        tally.unplaced_spent_j = self._spent.open_kwh * JOULES_PER_KWH

    @property
    def is_open(self) -> bool:
        """Whether the intensity of any part is unknown, or may change."""
        return any(one.open_kwh or one.provisional_kwh for one in (self._saved, self._spent))


class Hours:
    """The hours of a scope, by their number since 1970, and the total of this process."""

    def __init__(self) -> None:
        self.total = Tally()
        self._hours: dict[int, Hour] = {}
        self._past = dict.fromkeys(WEIGHED, 0.0)

    def add(self, start_s: float, end_s: float, part: Tally) -> None:
        """Adds a stretch of time, which counts in the hour in which it began."""
        self.total.add(part)
        self._hours.setdefault(int(start_s // HOUR_S), Hour()).add(start_s, end_s, part)

    def settle(self, grid: Grid, pue: float, *, again: bool = False) -> None:
        """Weighs the hours with intensity and PUE; grams of the total may fall when a source corrects itself."""
        for hour in self._hours.values():
            hour.settle(grid, pue, again=again)
        for name in WEIGHED:
            hours = sum(getattr(hour.tally, name) for hour in self._hours.values())
            setattr(self.total, name, self._past[name] + hours)

    def tallies(self) -> dict[int, Tally]:
        """The hours that can still change, and those since `forget`."""
        return {number: hour.tally for number, hour in self._hours.items()}

    def forget(self, now_s: float) -> None:
        """Drops the hours that can no longer change."""
        current = int(now_s // HOUR_S)
        for number, hour in list(self._hours.items()):
            if number < current - (MOST_OPEN if hour.is_open else 0):
                for name in WEIGHED:
                    self._past[name] += getattr(hour.tally, name)
                del self._hours[number]
