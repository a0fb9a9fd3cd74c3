"""The protocol of an intensity source. A newcomer implements these three methods in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.model.values import Intensity, Series, Unavailable


class IntensitySource(Protocol):
    """Answers for a set of grid zones at once, so that each source can ask for them concurrently.

    Every requested zone is a key of the answer, with a value or the reason why it is missing: a source never raises
    for a single zone, answers only for the requested zones, and never invents a number.
    `name` is what a user writes after `--source`; `as_of` is the moment of asking; all observations are earlier.
    """

    name: str
    as_of: datetime

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        """The newest value of each zone."""
        ...

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        """What was observed within [start, end); may cover less."""
        ...

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        """What is expected within [start, end); may cover less, never starts after `start`."""
        ...
