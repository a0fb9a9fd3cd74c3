"""What a planner needs: the expected intensity of every zone over a window, all by the same method."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.clock import format_time
from greenai_infra.intensity.choice.tiers import Tiers, missing_of, summary, with_flag
from greenai_infra.intensity.model.values import Flag, Kind, Series, Unavailable, constant
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live import is_live

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.intensity.model.source import IntensitySource

NO_TIME = timedelta()


class Method(StrEnum):
    """How a series came to say what is expected."""

    FORECAST = "forecast"
    CLIMATOLOGY = "climatology"
    PERSISTENCE = "persistence"
    YEARLY_MEAN = "yearly mean"


def method_of(series: Series) -> Method:
    """The method by which `predict` made a series."""
    by_kind = {
        Kind.FORECAST: Method.FORECAST,
        Kind.CLIMATOLOGY: Method.CLIMATOLOGY,
        Kind.YEARLY_MEAN: Method.YEARLY_MEAN,
    }
    return by_kind.get(series.provenance.kind, Method.PERSISTENCE)


class Prediction(NamedTuple):
    """A series or a reason for each zone, plain sentences on what was tried and why it failed, and who answered.

    `source` is the source's name; `chosen_by` are the zones by which source and method were chosen.
    """

    answers: dict[str, Series | Unavailable]
    notes: list[str]
    answered_by: str
    source: IntensitySource | None
    chosen_by: tuple[str, ...]


class _Method(NamedTuple):
    """A prediction method: its name, and how to ask for zones."""

    name: str
    ask: Callable[[Sequence[str]], Mapping[str, Series | Unavailable]]


class _Chosen(NamedTuple):
    answers: dict[str, Series | Unavailable]
    notes: list[str]
    method: _Method
    source: IntensitySource


def predict(
    source: IntensitySource,
    zones: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    beside: Sequence[str] = (),
    free: Sequence[str] = (),
    least: timedelta = NO_TIME,
) -> Prediction:
    """Expected intensity over [start, end): a forecast, else a climatology, else the newest value held constant.

    The first of these that covers every zone answers for all of them. Otherwise the first method that covers every zone
    that any method covers answers, else the method that covers most: methods are never mixed. A forecast that ends
    before `end` is returned unchanged, with a note. A service's forecast that ends within `least` of the start, too
    short even for the shortest run, counts as missing. Source and method are chosen by `zones` alone; then the zones
    `beside` them are requested in the same way, and the `free` zones if they need no service.
    """
    chosen: dict[str, _Chosen] = {}

    def ask(one: IntensitySource) -> dict[str, Series | Unavailable]:
        reach = start + least if is_live(one.name) else start
        chosen[one.name] = _choose(one, zones, start, end, reach)
        return chosen[one.name].answers

    before: list[str] = []
    after: list[str] = []
    if isinstance(source, Tiers):
        known = len(source.notes)
        answers = source.first(zones, ask)
        before, after = source.notes[:known], source.notes[known:]
        answered_by = source.answered_by
    else:
        answers = ask(source)
        before = list(getattr(source, "notes", ()))
        answered_by = source.name
    notes = [*before, *(note for one in chosen.values() for note in one.notes), *after]
    more = sorted({*beside, *(() if is_live(answered_by) else free)} - set(zones))
    if more and answered_by in chosen:
        found = dict(chosen[answered_by].method.ask(more))
        answers = {**answers, **(source.as_answered(found) if isinstance(source, Tiers) else found)}
    by = chosen[answered_by].source if answered_by in chosen else None
    return Prediction(answers, notes, answered_by, by, tuple(zones))


def _choose(source: IntensitySource, zones: Sequence[str], start: datetime, end: datetime, reach: datetime) -> _Chosen:
    methods = [_Method("forecast", lambda some: source.forecast(some, start, end))]
    if not isinstance(source, Climatology):
        by_hour = Climatology(source, source.as_of)
        methods += [
            _Method("climatology of its history", lambda some: by_hour.forecast(some, start, end)),
            _Method("newest value held constant", lambda some: _held(source, some, start, end)),
        ]
    notes: list[str] = []
    tried: list[dict[str, Series | Unavailable]] = []
    for method in methods:
        answers = {zone: _reaching(answer, reach, method.name) for zone, answer in method.ask(zones).items()}
        missing = missing_of(answers)
        if not missing:
            return _Chosen(answers, [*notes, *_used(source, method.name, answers, end)], method, source)
        notes.append(f"{source.name}, {method.name}: {summary(missing, len(answers))}")
        tried.append(answers)
    covered = [answers.keys() - {zone for zone, _ in missing_of(answers)} for answers in tried]
    if not any(map(_series_in, tried)):
        return _Chosen({zone: _all_reasons(zone, tried) for zone in zones}, notes, methods[0], source)
    best = max(range(len(tried)), key=lambda index: (len(covered[index]), _series_in(tried[index]), -index))
    notes += _used(source, methods[best].name, tried[best], end)
    return _Chosen(tried[best], notes, methods[best], source)


def _series_in(answers: Mapping[str, Series | Unavailable]) -> int:
    return sum(isinstance(answer, Series) for answer in answers.values())


def _all_reasons(zone: str, tried: Sequence[Mapping[str, Series | Unavailable]]) -> Unavailable:
    """Why no method knows anything of a zone; each reason once."""
    reasons = dict.fromkeys(str(getattr(answers[zone], "reason", "")) for answers in tried)
    hints = dict.fromkeys(str(getattr(answers[zone], "hint", "")) for answers in tried)
    return Unavailable(zone, "; ".join(filter(None, reasons)), "; ".join(filter(None, hints)))


def _reaching(answer: Series | Unavailable, reach: datetime, method: str) -> Series | Unavailable:
    if isinstance(answer, Unavailable) or answer.end >= reach:
        return answer
    known, needed = format_time(answer.end), format_time(reach)
    return Unavailable(answer.zone, f"its {method} ends at {known}, before the shortest run could end at {needed}")


def _used(
    source: IntensitySource, method: str, answers: Mapping[str, Series | Unavailable], end: datetime
) -> list[str]:
    """Sentences on the method that was chosen."""
    series = [answer for answer in answers.values() if isinstance(answer, Series)]
    if all(one.provenance.kind is Kind.YEARLY_MEAN for one in series):
        method = "yearly mean"
    if all(one.provenance.doubtful for one in series):
        return [f"{source.name}: {method} is doubtful for {_zones(series, 'all ')}"]
    notes = [f"{source.name}: {method} is used for {_zones(series, 'all ')}"]
    notes += [f"{source.name}: {one.zone}: {text}" for one in series if (text := one.provenance.left_out)]
    short = [one for one in series if one.end < end]
    if short:
        ends = format_time(min(one.end for one in short))
        notes.append(f"{source.name}: the {method} of {_zones(short)} ends at {ends}, before {format_time(end)}")
    return notes


def _zones(series: Sequence[Series], of_several: str = "") -> str:
    return series[0].zone if len(series) == 1 else f"{of_several}{len(series)} zones"


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
