"""Limits that every source applies before it believes a number or a time."""

from __future__ import annotations

from datetime import timedelta

MAX_G_PER_KWH = 3000.0  # well above any plant: old lignite units reach about 1,500 over their life cycle
STALE_AFTER = timedelta(hours=6)  # a newest value older than this is flagged
FUTURE_TOLERANCE = timedelta(hours=1)  # an observation further ahead of the clock than this is refused


def implausible(g_per_kwh: float) -> str:
    """What is wrong with an intensity in g/kWh, or "" if nothing is."""
    if 0 <= g_per_kwh <= MAX_G_PER_KWH:
        return ""
    if g_per_kwh < 0:
        return f"{g_per_kwh:g} g/kWh is negative"
    if MAX_G_PER_KWH < g_per_kwh < float("inf"):
        return f"{g_per_kwh:g} g/kWh is more than any grid emits ({MAX_G_PER_KWH:,.0f}); is the unit g/kWh?"
    return f"{g_per_kwh} is not an intensity"
