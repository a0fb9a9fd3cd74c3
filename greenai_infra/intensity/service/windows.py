"""Chooses the part of the past that is requested, so that similar questions share a single cached request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from greenai_infra.clock import HOUR, ceiling_to, floor_to


class Window(NamedTuple):
    """From `first` to `last`; `reach` gives them in hours before now, and stays the same an hour later."""

    first: datetime
    last: datetime
    reach: str


def past_window(as_of: datetime, start: datetime, end: datetime, *, recent: timedelta, longest: timedelta) -> Window:
    """The `recent` past if that covers [start, end), else its full hours, and of these the last within `longest`.

    It ends by the start of the minute of `as_of`: never ahead of the service's clock by a fraction of a second.
    """
    this_hour = floor_to(as_of, HOUR)
    now = as_of.astimezone(UTC).replace(second=0, microsecond=0)
    if start >= this_hour - recent:
        return Window(this_hour - recent, now, f"{recent / HOUR:.0f} h")
    last = ceiling_to(end, HOUR)
    first = max(floor_to(start, HOUR), min(last, ceiling_to(as_of, HOUR)) - longest)
    if last > now:
        return Window(first, now, f"{(this_hour - first) / HOUR:.0f} h")
    return Window(first, last, f"{(last - first) / HOUR:.0f} h, {(this_hour - last) / HOUR:.0f} h ago")
