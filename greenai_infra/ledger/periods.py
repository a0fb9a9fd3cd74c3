"""Calendar years and months in UTC, in which budgets are counted."""

from __future__ import annotations

from datetime import UTC, datetime

Span = tuple[datetime, datetime]
"""The first moment of a period, and the first moment after it."""


def year_of(at: datetime) -> Span:
    """The calendar year of a moment."""
    year = at.astimezone(UTC).year
    return datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)


def month_of(at: datetime) -> Span:
    """The calendar month of a moment."""
    day = at.astimezone(UTC)
    following = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return datetime(day.year, day.month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)


def within(at: datetime, span: Span) -> bool:
    """Whether a moment is in a period."""
    return span[0] <= at < span[1]
