"""Sources that each cover a part of the world, asked together: every zone by the first that covers it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeVar

from greenai_infra.intensity.model.source import IntensitySource
from greenai_infra.intensity.model.values import Intensity, Series, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

_Value = TypeVar("_Value", Intensity, Series)


class RegionalSource(IntensitySource, Protocol):
    """A source that knows without asking which zones it covers."""

    def uncovered(self, zone: str) -> str:
        """Returns why this zone can't be answered, "" if it may be."""
        ...


class Union:
    """A source made of `parts`; `absent` are the reasons why other sources can't be asked."""

    def __init__(self, name: str, parts: Sequence[RegionalSource], as_of: datetime, absent: Sequence[str] = ()) -> None:
        self.name = name
        self.as_of = as_of
        self.parts = tuple(parts)
        self.absent = tuple(absent)

    def uncovered(self, zone: str) -> str:
        """Returns why no part covers this zone, "" if any does."""
        reasons = [part.uncovered(zone) for part in self.parts]
        return "" if "" in reasons else "; ".join([*reasons, *self.absent])

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest value of each zone."""
        return self._ask(zones, lambda part, some: part.latest(some))

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """What was observed within [start, end)."""
        return self._ask(zones, lambda part, some: part.history(some, start, end))

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """What is expected within [start, end)."""
        return self._ask(zones, lambda part, some: part.forecast(some, start, end))

    def _ask(
        self,
        zones: Sequence[str],
        ask: Callable[[RegionalSource, Sequence[str]], Mapping[str, _Value | Unavailable]],
    ) -> dict[str, _Value | Unavailable]:
        """All parts at once, each about its zones."""
        shares: dict[int, list[str]] = {}
        answers: dict[str, _Value | Unavailable] = {}
        for zone in zones:
            number = next((n for n, part in enumerate(self.parts) if not part.uncovered(zone)), None)
            if number is None:
                answers[zone] = Unavailable(zone, self.uncovered(zone))
            else:
                shares.setdefault(number, []).append(zone)
        with ThreadPoolExecutor(max_workers=max(1, len(shares))) as pool:
            parts = [(self.parts[number], some) for number, some in shares.items()]
            others = [pool.submit(ask, part, some) for part, some in parts[1:]]
            for part, some in parts[:1]:
                answers.update(ask(part, some))  # in this thread, which would only wait
            for other in others:
                answers.update(other.result())
        return {zone: answers[zone] for zone in zones}
