"""Several sources in order of trust: the first that covers every zone answers for all, so that no answer is a mix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from greenai_infra.intensity.model.values import Flag, Intensity, Series, Unavailable
from greenai_infra.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.model.source import IntensitySource

_Value = TypeVar("_Value", Intensity, Series)


class Tiers:
    """A source that asks its `sources` in turn. Answers after a failed source are flagged as fallback.

    A cached answer that replaces a failed request ranks below any source's fresh answer, and above the `last` source,
    which asks no service. `notes` are plain sentences: which source was skipped, and why.
    """

    def __init__(
        self,
        name: str,
        sources: Sequence[IntensitySource],
        notes: Sequence[str] = (),
        *,
        last: IntensitySource | None = None,
    ) -> None:
        self.name = name
        self.sources = tuple(sources)
        self.last = last
        self.as_of = next(one for one in (*self.sources, last) if one).as_of
        self.notes = list(notes)
        self.answered_by = ""
        self._failed = False

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """The newest values, all from one source."""
        return self.first(zones, lambda source: source.latest(zones))

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Observations, all from one source."""
        return self.first(zones, lambda source: source.history(zones, start, end))

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Forecasts, all from one source."""
        return self.first(zones, lambda source: source.forecast(zones, start, end))

    def first(
        self, zones: Sequence[str], ask: Callable[[IntensitySource], Mapping[str, _Value | Unavailable]]
    ) -> dict[str, _Value | Unavailable]:
        """Returns the answers of the first source that covers every zone, else those of the last source asked."""
        self._failed = False
        earlier: tuple[IntensitySource, dict[str, _Value | Unavailable]] | None = None
        answers: dict[str, _Value | Unavailable] = {}
        for source in self.sources:
            if uncovered := _uncovered(source, zones):
                answers = answers or {zone: Unavailable(zone, uncovered.get(zone, "was not asked")) for zone in zones}
                self.notes.append(f"{source.name} was not asked: {summary(list(uncovered.items()), len(zones))}")
                continue
            answers = dict(ask(source))
            missing = missing_of(answers)
            stand_ins = [one for one in answers.values() if not isinstance(one, Unavailable) and _stands_in(one)]
            if not missing and not stand_ins:
                self.answered_by = source.name
                return self.as_answered(answers)
            if not missing:
                earlier = earlier or (source, answers)
            missing += [(one.zone, one.provenance.detail) for one in stand_ins]
            self.notes.append(f"{source.name} was left: {summary(missing, len(answers))}")
            self._failed = True
        if earlier:
            self.answered_by = earlier[0].name
            return earlier[1]
        if self.last:
            self.answered_by = self.last.name
            answers = dict(ask(self.last))
        return self.as_answered(answers)

    def as_answered(self, answers: dict[str, _Value | Unavailable]) -> dict[str, _Value | Unavailable]:
        """Answers of the source that answered, flagged as fallback if another was asked before it in vain."""
        return {zone: _as_fallback(answer) for zone, answer in answers.items()} if self._failed else answers


def missing_of(answers: Mapping[str, Intensity | Series | Unavailable]) -> list[tuple[str, str]]:
    """The zones without an answer that may decide, each with the reason."""
    found = []
    for one in answers.values():
        if isinstance(one, Unavailable):
            found.append((one.zone, f"{one.reason} ({one.hint})" if one.hint else one.reason))
        elif one.provenance.doubtful:
            found.append((one.zone, f"doubtful: {one.provenance.detail}"))
    return found


def summary(missing: Sequence[tuple[str, str]], asked: int) -> str:
    """How many zones have no fresh answer, and the reason of the first; `missing` are (zone, reason)."""
    zone, reason = missing[0]
    return f"no answer for {len(missing)} of {counted(asked, 'zone')} ({zone}: {reason})"


def _uncovered(source: IntensitySource, zones: Sequence[str]) -> dict[str, str]:
    """The zones that a source knows without asking that it has no answer for, with the reasons."""
    reason_of = getattr(source, "uncovered", None)
    reasons = {zone: reason_of(zone) for zone in zones} if reason_of else {}
    return {zone: reason for zone, reason in reasons.items() if reason}


def _stands_in(answer: Intensity | Series) -> bool:
    return {Flag.CACHED, Flag.FALLBACK} <= answer.provenance.flags


def _as_fallback(answer: _Value | Unavailable) -> _Value | Unavailable:
    if isinstance(answer, Unavailable):
        return answer
    return with_flag(answer, Flag.FALLBACK)


def with_flag(value: _Value, flag: Flag, detail: str = "") -> _Value:
    """Returns the value or series with an added flag."""
    return replace(value, provenance=value.provenance.flagged(flag, detail=detail))
