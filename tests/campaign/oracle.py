"""What is wrong with an answer, told from the notes of what was said to the source, and from nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Provenance, Series, Signal, Unavailable

from .faults import Must
from .record import Notes
from .world import NEW, OLD, same

MOST_G_PER_KWH = 3000.0
STALE_AFTER, MAY_BE_AHEAD, KEPT_FOR = timedelta(hours=6), timedelta(hours=1), timedelta(hours=6)
LONGEST_VALID = timedelta(minutes=65)  # of what was kept: a step, and the delay until the next is published


class Wrong(StrEnum):
    """The ways in which a case can go wrong."""

    CRASH = "crashes"
    HANG = "hangs"
    MISLABELLED = "mislabelled"
    INVENTED = "wrong values"
    LEAK = "leaks"
    UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    wrong: Wrong
    what: str


@dataclass(frozen=True)
class Expected:
    """What an answer about one zone is held against.

    `newest` is what the newest value may be, `always` are flags that it carries. `warm` is how long ago the older
    edition was had, None if it never was; `was_asked` whether the service was asked this time.
    """

    kind: str
    zone: str
    signal: Signal
    basis: Basis
    as_of: datetime
    start: datetime
    end: datetime
    notes: Notes
    must: Must
    newest: tuple[Kind, ...] = (Kind.LIVE, Kind.LATEST)
    may_be_live: bool = True
    always: frozenset[Flag] = frozenset()
    warm: timedelta | None = None
    was_asked: bool = True


def findings(answers: Mapping[str, Any], expected: Mapping[str, Expected]) -> Iterable[Finding]:
    """Everything that is wrong with the answers to one question."""
    if set(answers) != set(expected):
        yield Finding(Wrong.INVENTED, f"asked about {sorted(expected)}, answered about {sorted(answers)}")
        return
    for zone, one in expected.items():
        answer = answers[zone]
        if answer.zone != zone:
            yield Finding(Wrong.INVENTED, f"{answer.zone} stands in place of {zone}")
        elif isinstance(answer, Unavailable):
            if one.must is Must.ANSWER:
                yield Finding(Wrong.UNANSWERED, f"{zone}: {answer.reason}")
        elif isinstance(answer, Intensity if one.kind == "latest" else Series):
            yield from _labels(answer.provenance, one)
            yield from _value(answer, one) if isinstance(answer, Intensity) else _steps(answer, one)
        else:
            yield Finding(Wrong.INVENTED, f"{zone}: {answer!r} to a question about {one.kind}")


def _labels(of: Provenance, one: Expected) -> Iterable[Finding]:
    if (of.signal, of.basis) != (one.signal, one.basis):
        yield Finding(Wrong.MISLABELLED, f"{one.zone} is called {of.signal} {of.basis}")
    kinds = {"latest": one.newest, "history": (Kind.HISTORY,), "forecast": (Kind.FORECAST,)}
    if of.kind not in kinds[one.kind]:
        yield Finding(Wrong.MISLABELLED, f"{one.zone}: a {of.kind} to a question about {one.kind}")
    if of.observed_at - one.as_of > MAY_BE_AHEAD:
        yield Finding(Wrong.MISLABELLED, f"{one.zone} was observed in the future, at {of.observed_at}")
    if of.kind is Kind.LIVE and (of.flags or not one.may_be_live or one.as_of - of.observed_at > STALE_AFTER):
        yield Finding(Wrong.MISLABELLED, f"{one.zone} is called live: {of}")


def _value(answer: Intensity, one: Expected) -> Iterable[Finding]:
    of, start_s = answer.provenance, answer.provenance.observed_at.timestamp()
    yield from _plausible(one, [answer.g_per_kwh])
    if _said(one.notes.measured, NEW, start_s, answer.g_per_kwh):
        yield from _fresh(of, one)
        if one.must is Must.ANSWER:
            known = [start for start in one.notes.measured[NEW] if start <= one.as_of.timestamp()]
            if known and start_s < max(known):
                yield Finding(Wrong.INVENTED, f"{one.zone}: {of.observed_at} is not the newest")
    elif _said(one.notes.measured, OLD, start_s, answer.g_per_kwh):
        yield from _kept(of, one)
    elif any(_said(one.notes.expected, edition, start_s, answer.g_per_kwh) for edition in (NEW, OLD)):
        if Flag.ESTIMATED not in of.flags or of.kind is Kind.LIVE:
            yield Finding(Wrong.MISLABELLED, f"{one.zone}: an estimate that is not called one: {of}")
    else:
        yield Finding(Wrong.INVENTED, f"{one.zone}: nobody said {answer.g_per_kwh} at {of.observed_at}")


def _steps(answer: Series, one: Expected) -> Iterable[Finding]:
    known = ~np.isnan(answer.g_per_kwh)
    edges_s = answer.edges_s.tolist()
    if one.kind == "forecast" and "the step before the first is taken to be like it" in answer.provenance.detail:
        edges_s[0] = edges_s[1] - (edges_s[-1] - edges_s[-2] if len(edges_s) > 2 else min(one.notes.steps_s))
    starts_s = [start_s for start_s, is_known in zip(edges_s[:-1], known, strict=True) if is_known]
    ends_s = [end_s for end_s, is_known in zip(edges_s[1:], known, strict=True) if is_known]
    values = answer.g_per_kwh[known].tolist()
    yield from _plausible(one, values)
    widths_s = {round(end_s - start_s) for start_s, end_s in zip(starts_s, ends_s, strict=True)}
    if not one.notes.step_unclear and not widths_s <= one.notes.steps_s:
        yield Finding(Wrong.INVENTED, f"{one.zone}: steps of {widths_s} s, said were {one.notes.steps_s}")
    if one.kind == "history" and starts_s and starts_s[-1] - one.as_of.timestamp() > MAY_BE_AHEAD.total_seconds():
        yield Finding(Wrong.MISLABELLED, f"{one.zone}: a history that reaches to {answer.end}")
    if one.kind == "forecast" and answer.start > one.start:
        yield Finding(Wrong.INVENTED, f"{one.zone}: a forecast from {answer.start} on, asked from {one.start}")
    editions = set()
    for start_s, value in zip(starts_s, values, strict=True):
        edition = next((one_of for one_of in (NEW, OLD) if _said(one.notes.measured, one_of, start_s, value)), None)
        if edition is None:
            yield Finding(Wrong.INVENTED, f"{one.zone}: nobody said {value} at {datetime.fromtimestamp(start_s, UTC)}")
            return
        editions.add(edition)
    if editions == {NEW, OLD}:
        yield Finding(Wrong.INVENTED, f"{one.zone}: an old answer and a new one in one series")
    elif editions == {OLD}:
        yield from _kept(answer.provenance, one)
    elif editions:
        yield from _fresh(answer.provenance, one)
        yield from _complete(set(starts_s), one)


def _complete(starts_s: set[float], one: Expected) -> Iterable[Finding]:
    """Of an answer that has to be understood nothing may be lost."""
    within = {start_s for start_s in one.notes.measured[NEW] if one.start.timestamp() <= start_s < one.end.timestamp()}
    if one.must is Must.ANSWER and not within <= starts_s:
        yield Finding(Wrong.INVENTED, f"{one.zone}: {len(within - starts_s)} of {len(within)} values were lost")


def _plausible(one: Expected, values: list[float]) -> Iterable[Finding]:
    if not all(0 <= value <= MOST_G_PER_KWH for value in values):
        yield Finding(Wrong.INVENTED, f"{one.zone}: no intensity: {values}")


def _fresh(of: Provenance, one: Expected) -> Iterable[Finding]:
    """A value of the answer that was just given."""
    required = one.notes.flags | (one.always if one.kind == "latest" else frozenset())
    if one.must is Must.REFUSE:
        yield Finding(Wrong.INVENTED, f"{one.zone}: what had to be refused was believed")
    if not required <= of.flags:
        yield Finding(Wrong.MISLABELLED, f"{one.zone} is {', '.join(required)}, and said to be: {of}")
    if one.kind == "latest" and one.may_be_live and of.kind is not Kind.LIVE and not of.flags:
        yield Finding(Wrong.MISLABELLED, f"{one.zone} is not live, and does not say why")
    if (
        one.kind == "latest"
        and one.must is Must.ANSWER
        and one.may_be_live
        and not required
        and of.kind is not Kind.LIVE
    ):
        yield Finding(Wrong.MISLABELLED, f"{one.zone} is live, and said to be: {of}")


def _kept(of: Provenance, one: Expected) -> Iterable[Finding]:
    """A value of the answer that was had some time ago."""
    if one.warm is None or one.warm > KEPT_FOR:
        yield Finding(Wrong.INVENTED, f"{one.zone}: an answer of {one.warm} ago")
        return
    required = {Flag.CACHED} | ({Flag.FALLBACK} if one.was_asked or one.warm > LONGEST_VALID else set())
    if not required <= of.flags or of.kind is Kind.LIVE:
        yield Finding(Wrong.MISLABELLED, f"{one.zone} is {', '.join(required)}, and said to be: {of}")


def _said(notes: Mapping[int, Mapping[float, Iterable[float]]], edition: int, start_s: float, g_per_kwh: float) -> bool:
    return any(same(value, g_per_kwh) for value in notes.get(edition, {}).get(start_s, ()))
