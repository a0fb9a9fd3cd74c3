"""What a planner needs: the expected intensity of every zone over a window, all known in one and the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.clock import format_time
from greenai_infra.intensity.climatology import Climatology
from greenai_infra.intensity.tiers import Tiers, summary, with_flag
from greenai_infra.intensity.values import Flag, Series, Unavailable, constant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.source import IntensitySource


class Prediction(NamedTuple):
    """A series or a reason for each zone, and plain sentences on what was tried and why it was left."""

    answers: dict[str, Series | Unavailable]
    notes: list[str]


def predict(source: IntensitySource, zones: Sequence[str], start: datetime, end: datetime) -> Prediction:
    """Expected intensity over [start, end): a forecast, else a climatology, else the newest value held constant.

    The first of these that covers every zone answers for all of them. If none does, it is the first that covers
    every zone that any of them covers, else the one that covers most: methods are never mixed. A forecast that ends
    before `end` is returned as it is, with a note.
    """
    if isinstance(source, Tiers):
        notes: list[str] = []

        def ask(one: IntensitySource) -> dict[str, Series | Unavailable]:
            answers, tried = predict(one, zones, start, end)
            notes.extend(tried)
            return answers

        before = len(source.notes)
        answers = source.first(ask)
        return Prediction(answers, [*source.notes[:before], *notes, *source.notes[before:]])
    return _predict(source, zones, start, end)


def _predict(source: IntensitySource, zones: Sequence[str], start: datetime, end: datetime) -> Prediction:
    methods: list[tuple[str, Callable[[], Mapping[str, Series | Unavailable]]]] = [
        ("forecast", lambda: source.forecast(zones, start, end))
    ]
    if not isinstance(source, Climatology):
        by_hour = Climatology(source, source.as_of)
        methods += [
            ("climatology of its history", lambda: by_hour.forecast(zones, start, end)),
            ("newest value held constant", lambda: _held(source, zones, start, end)),
        ]
    notes: list[str] = []
    tried: list[tuple[str, dict[str, Series | Unavailable]]] = []
    for method, ask in methods:
        answers = dict(ask())
        missing = [answer for answer in answers.values() if isinstance(answer, Unavailable)]
        if not missing:
            return Prediction(answers, [*notes, *_used(source, method, answers, end)])
        notes.append(f"{source.name}, {method}: {summary(missing, len(answers))}")
        tried.append((method, answers))
    covered = [{zone for zone, answer in answers.items() if isinstance(answer, Series)} for _, answers in tried]
    best = max(range(len(tried)), key=lambda index: (len(covered[index]), -index))
    method, answers = tried[best]
    if not covered[best]:
        return Prediction(answers, notes)
    return Prediction(answers, [*notes, *_used(source, method, answers, end)])


def _used(
    source: IntensitySource, method: str, answers: Mapping[str, Series | Unavailable], end: datetime
) -> list[str]:
    """Sentences on the method that was chosen."""
    series = [answer for answer in answers.values() if isinstance(answer, Series)]
    notes = [f"{source.name}: {method} is used for all {len(series)} zones"]
    short = [one for one in series if one.end < end]
    if short:
        ends = format_time(min(one.end for one in short))
        notes.append(f"{source.name}: the {method} of {len(short)} zones ends at {ends}, before {format_time(end)}")
    return notes


def _held(
    source: IntensitySource, zones: Sequence[str], start: datetime, end: datetime
) -> dict[str, Series | Unavailable]:
    """The newest value of each zone, as if it stayed so."""
    return {
        zone: answer
        if isinstance(answer, Unavailable)
        else with_flag(constant(answer, start, end), Flag.FALLBACK, "held constant for want of a forecast")
        for zone, answer in source.latest(zones).items()
    }
