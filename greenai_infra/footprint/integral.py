"""Energy of each interval times the intensity of that interval, added up; an interval without intensity stays open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

MeanOf = Callable[[float, float], float | None]
"""Mean g/kWh over an interval of Unix seconds; None while it is not known."""


@dataclass(slots=True)
class Integral:
    """kWh (before PUE) and g (before PUE) of what was added."""

    kwh: float = 0.0
    known_g: float = 0.0
    _open: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, start_s: float, end_s: float, kwh: float) -> None:
        """Energy of [start, end), Unix seconds, taken as even over it."""
        self.kwh += kwh
        if kwh > 0:
            self._open.append((start_s, end_s, kwh))

    def settle(self, mean_of: MeanOf) -> None:
        """Give each open interval its intensity, where that is known by now."""
        still_open = []
        for start_s, end_s, kwh in self._open:
            g_per_kwh = mean_of(start_s, end_s)
            if g_per_kwh is None:
                still_open.append((start_s, end_s, kwh))
            else:
                self.known_g += kwh * g_per_kwh
        self._open = still_open

    @property
    def open_kwh(self) -> float:
        """Energy whose intensity is not known."""
        return sum(kwh for _, _, kwh in self._open)

    @property
    def g(self) -> float | None:
        """Grams before PUE; None if the intensity of a part is not known."""
        return None if self._open else self.known_g
