"""Shared by the readers of web services' answers: numbers, times and lists, refused if implausible.

A single bad value among many is a gap; any other fault makes the whole answer unusable. Each function raises
AnswerError, worded so that it can follow the name of the service.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import EARLIEST_YEAR, LATEST_YEAR, format_time, from_unix
from greenai_infra.intensity.model.checks import (
    FUTURE_TOLERANCE,
    MAX_BAD_SHARE,
    MAX_G_PER_KWH,
    implausible,
    least_g_per_kwh,
)
from greenai_infra.intensity.model.points import STEPS_S, Points
from greenai_infra.intensity.model.questions import AnswerError
from greenai_infra.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from greenai_infra.intensity.model.checks import Meaning
    from greenai_infra.intensity.model.values import Flag

MAX_POINTS = 10_000  # 34 days of five minutes


def entries(found: object, key: str) -> Iterator[dict[str, Any]]:
    """The objects of a list that is not empty and not absurdly long."""
    if not isinstance(found, list) or not found:
        raise AnswerError(f"answered without a list of values ('{key}')")
    if len(found) > MAX_POINTS:
        raise AnswerError(f"answered with {len(found):,} values")
    for entry in found:
        if not isinstance(entry, dict):
            raise AnswerError(f"answered with {shown(entry)} where a value should be")
        yield entry


def number(value: object) -> float | None:
    """A number, None for null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnswerError(f"answered with {shown(value)} where a number should be")
    try:
        return float(value)
    except OverflowError:
        raise AnswerError("answered with an absurd number") from None


def time_s(text: object) -> float:
    """Unix seconds of an RFC 3339 time with offset."""
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        moment = None
    if moment is None or not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise AnswerError(f"answered with {shown(text)} where a time should be")
    if moment.tzinfo is None:
        raise AnswerError(f"answered with the time {shown(text)}, which has no time zone")
    return moment.timestamp()


def check_not_ahead(start_s: float, now: datetime) -> None:
    """Refuse an observation, or a forecast made, later than the clock says."""
    ahead = timedelta(seconds=start_s - now.timestamp())
    if ahead > FUTURE_TOLERANCE:
        raise AnswerError(f"answered with an observation {ahead.total_seconds() / 3600:.1f} h ahead of now")


def points_of(
    pairs: Iterable[tuple[float, object]],
    step_s: float,
    meaning: Meaning,
    flags: frozenset[Flag] = frozenset(),
    issued_s: float | None = None,
    *,
    factor: float = 1.0,
) -> Points:
    """Returns points from (start in Unix seconds, raw value of the answer); g/kWh is value x factor, null is a gap.

    An implausible value is a gap too: not a number, out of bounds, conflicting for a time, or `Unusable`. The points
    record it. If more than MAX_BAD_SHARE of the values are implausible, the answer is refused.
    """
    values: dict[float, float | None] = {}
    bad: dict[float, str] = {}
    least, most = least_g_per_kwh(meaning) / factor, MAX_G_PER_KWH / factor
    for start_s, said in pairs:
        g_per_kwh: float | None = None
        if type(said) in (float, int) and least <= said <= most:  # type: ignore[operator]
            g_per_kwh = float(said) * factor  # type: ignore[arg-type]
        elif said is not None:
            try:
                g_per_kwh = _believed(said, meaning, factor)
            except AnswerError as error:
                bad.setdefault(start_s, str(error))
        before = values.setdefault(start_s, g_per_kwh)
        if before != g_per_kwh:
            both = " and ".join("null" if g is None else f"{g:g}" for g in (before, g_per_kwh))
            bad.setdefault(start_s, f"answered with two values for {_time(start_s)}, {both} g/kWh")
    values.update(dict.fromkeys(bad))
    if step_s not in STEPS_S:
        raise AnswerError(f"answered with steps of {step_s / 60:g} minutes, which are not understood")
    try:
        return Points.of(values, flags, issued_s, int(step_s), left_out_of(values, bad))
    except ValueError as error:
        raise AnswerError(str(error)) from None


def _time(start_s: float) -> str:
    return format_time(from_unix(start_s))


class Unusable(str):
    """Replaces a value: what a reader found wrong with it."""


def _believed(said: object, meaning: Meaning, factor: float) -> float:
    """Returns the g/kWh of a value that is not a plain number. Raises AnswerError if it can't be read."""
    if isinstance(said, Unusable):
        raise AnswerError(said)
    value = number(said)
    assert value is not None
    if problem := implausible(value * factor, meaning):
        raise AnswerError(problem)
    return value * factor


def left_out_of(values: Mapping[float, float | None], bad: Mapping[float, str]) -> str:
    """Which steps are gaps, and why; "" without gaps. Nulls at either end are not counted.

    `values` are g/kWh by time, `bad` the reasons of those that can't be believed. Raises AnswerError for too many.
    """
    if not bad and None not in values.values():
        return ""
    known = sorted(start_s for start_s, g_per_kwh in values.items() if g_per_kwh is not None)
    first = min(bad, default=0.0)
    if len(bad) > MAX_BAD_SHARE * (len(known) + len(bad)):
        share = f"{len(bad)} of {len(known) + len(bad)} values can't be believed; the first: " if known else ""
        raise AnswerError(share + bad[first])
    nulls = sum(known[0] < start_s < known[-1] for start_s in values.keys() - bad.keys() - set(known)) if known else 0
    gaps = [f"{nulls} without a value"] if nulls else []
    if bad:
        when = "" if _time(first) in bad[first] else f"{_time(first)}: "
        gaps.insert(0, f"{len(bad)} that can't be believed ({when}{bad[first]})")
    return f"{len(bad) + nulls} of {len(values)} steps are gaps: {', '.join(gaps)}" if gaps else ""


def shown(value: object) -> str:
    """A value of an answer, short and printable, without the secrets that a service might send back."""
    text = masked(value if isinstance(value, str) else repr(value))
    return f"'{''.join(letter for letter in text[:40] if letter.isprintable())}'"
