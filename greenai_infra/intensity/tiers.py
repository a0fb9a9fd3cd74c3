"""Several sources in order of trust: the first that covers every zone answers for all, so that no answer is a mix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from greenai_infra.intensity.values import Flag, Intensity, Series, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.source import IntensitySource

_Value = TypeVar("_Value", Intensity, Series)


class Tiers:
    """A source that asks its `sources` in turn. What comes from any but the first is flagged as fallback.

    `notes` are plain sentences: which source was left, and why.
    """

    def __init__(self, name: str, sources: Sequence[IntensitySource], notes: Sequence[str] = ()) -> None:
        self.name = name
        self.sources = tuple(sources)
        self.as_of = self.sources[0].as_of
        self.notes = list(notes)

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest values, all from one source."""
        return self.first(lambda source: source.latest(zones))

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Observations, all from one source."""
        return self.first(lambda source: source.history(zones, start, end))

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Forecasts, all from one source."""
        return self.first(lambda source: source.forecast(zones, start, end))

    def first(
        self, ask: Callable[[IntensitySource], Mapping[str, _Value | Unavailable]]
    ) -> dict[str, _Value | Unavailable]:
        """The answers of the first source that has one for every zone, else those of the last source."""
        for index, source in enumerate(self.sources):
            answers = ask(source)
            missing = [answer for answer in answers.values() if isinstance(answer, Unavailable)]
            if not missing or source is self.sources[-1]:
                return {zone: _as_fallback(answer) if index else answer for zone, answer in answers.items()}
            self.notes.append(f"{source.name} was left: {summary(missing, len(answers))}")
        raise AssertionError("there is at least one source")


def summary(missing: Sequence[Unavailable], asked: int) -> str:
    """How many zones have no answer, and the reason of the first."""
    return f"no answer for {len(missing)} of {asked} zones ({missing[0].zone}: {missing[0].reason})"


def _as_fallback(answer: _Value | Unavailable) -> _Value | Unavailable:
    if isinstance(answer, Unavailable):
        return answer
    return with_flag(answer, Flag.FALLBACK)


def with_flag(value: _Value, flag: Flag, detail: str = "") -> _Value:
    """The same value or series with one more flag."""
    return replace(value, provenance=value.provenance.flagged(flag, detail=detail))
