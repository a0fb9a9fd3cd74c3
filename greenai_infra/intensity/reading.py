"""What readers of web services' answers share: numbers, times and lists that are refused unless they can be believed.

Each function raises AnswerError, worded so that it can follow the name of the service.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import EARLIEST_YEAR, LATEST_YEAR, format_time, from_unix
from greenai_infra.intensity.checks import FUTURE_TOLERANCE
from greenai_infra.intensity.points import STEPS_S, Points
from greenai_infra.intensity.questions import AnswerError
from greenai_infra.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenai_infra.intensity.values import Flag

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
    pairs: Iterable[tuple[float, float | None]], step_s: float, flags: frozenset[Flag], issued_s: float | None = None
) -> Points:
    """Points of (start in Unix seconds, g/kWh); the same one may come twice, two values for one time may not."""
    values: dict[float, float | None] = {}
    for start_s, g_per_kwh in pairs:
        if values.setdefault(start_s, g_per_kwh) != g_per_kwh:
            raise AnswerError(f"answered with two values for {format_time(from_unix(start_s))}")
    if step_s not in STEPS_S:
        raise AnswerError(f"answered with steps of {step_s / 60:g} minutes, which are not understood")
    try:
        return Points.of(values, flags, issued_s, int(step_s))
    except ValueError as error:
        raise AnswerError(str(error)) from None


def shown(value: object) -> str:
    """A value of an answer, short and printable, without the secrets that a service might send back."""
    text = masked(value if isinstance(value, str) else repr(value))
    return f"'{''.join(letter for letter in text[:40] if letter.isprintable())}'"
