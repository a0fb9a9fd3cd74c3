"""Times as the toolkit reads and writes them: timezone-aware, RFC 3339, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from greenai_infra.errors import InputError

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(minutes?|min|m|hours?|h|days?|d)\s*")
_UNIT_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}

HOUR = timedelta(hours=1)
EARLIEST_YEAR, LATEST_YEAR = 1971, 2199
"""Every time zone's view of a time of these years is one that `datetime` can hold."""


def parse_time(text: str) -> datetime:
    """An RFC 3339 time with offset, as UTC. A time without an offset is refused: it means another moment elsewhere."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"'{text}' is not a time; write it like 2026-01-31T18:00:00Z") from None
    if moment.tzinfo is None:
        raise InputError(f"'{text}' has no time zone; write 'Z' for UTC or an offset such as +02:00")
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise InputError(
            f"'{text}' is not a time of this era; years from {EARLIEST_YEAR} to {LATEST_YEAR} are understood"
        )
    return moment.astimezone(UTC)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds, with `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now() -> datetime:
    """The time of the wall clock, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """The last full step (an hour, a half hour, ...) not after a moment, in UTC."""
    seconds = step.total_seconds()
    return from_unix(moment.timestamp() // seconds * seconds)


def ceiling_to(moment: datetime, step: timedelta) -> datetime:
    """The first full step not before a moment, in UTC."""
    return floor_to(moment + step - timedelta.resolution, step)


def format_minute(moment: datetime) -> str:
    """A time as services write it that know no seconds: 2026-01-31T18:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def from_unix(seconds: float) -> datetime:
    """The UTC time of Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def parse_duration_hours(text: str) -> float:
    """Hours of `90m`, `12h`, `1.5 h` or `3d`. Raises InputError for anything else, and for zero."""
    match = _DURATION.fullmatch(text)
    hours = float(match[1]) * _UNIT_HOURS[match[2][0]] if match else 0.0
    if not 0 < hours < 24 * 3660:
        raise InputError(f"'{text}' is not a duration; write it like 90m, 12h or 3d")
    return hours


def hours_between(start: datetime, end: datetime) -> float:
    """Elapsed hours, negative if `end` lies before `start`."""
    return (end - start) / HOUR
