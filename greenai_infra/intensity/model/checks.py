"""Limits that every source applies before it believes a number or a time; they stand nowhere else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.catalog.tables import lifecycle_range

if TYPE_CHECKING:
    from collections.abc import Sequence

Meaning = tuple[Signal, Basis]

MAX_G_PER_KWH = 3000.0  # well above any plant: old lignite units reach about 1,500 over their life cycle
LEAST_LIFECYCLE_G_PER_KWH = 1.0
"""Lower bound of average life cycle intensity. Wind, hydro and nuclear plants emit 5 to 25 over their life cycle, and
the cleanest zone and year of the embedded table has 15: less than 1 is a missing value, or in kg. Direct intensity has
no lower bound, as wind, hydro and nuclear plants burn no fuel; neither has marginal intensity, 0 while wind is
curtailed.
"""

TIMES_OFF = 10.0  # an hour strays by a factor of three or four from the yearly mean, a wrong zone or unit by more
BURNS_FUEL_G_PER_KWH = 100.0  # a zone with this yearly mean burns fuel every day, so that its direct intensity is > 1
MARGINAL_STEPS = 24  # marginal intensity may be next to 0 for some hours, and then jumps to that of a plant
MAX_BAD_SHARE = 0.1  # of the values of an answer; with more implausible values, the whole answer is refused
STALE_AFTER = timedelta(hours=6)  # a newest value older than this is flagged
FUTURE_TOLERANCE = timedelta(hours=1)  # an observation further ahead of the clock than this is refused


def least_g_per_kwh(meaning: Meaning | None) -> float:
    """The least that an intensity of this meaning can be."""
    return LEAST_LIFECYCLE_G_PER_KWH if meaning == (Signal.AVERAGE, Basis.LIFECYCLE) else 0.0


def implausible(g_per_kwh: float, meaning: Meaning | None = None) -> str:
    """Returns what is wrong with an intensity in g/kWh, or "". Without a meaning, checks only the general bounds."""
    least = least_g_per_kwh(meaning)
    if least <= g_per_kwh <= MAX_G_PER_KWH:
        return ""
    if g_per_kwh < 0:
        return f"{g_per_kwh:g} g/kWh is negative"
    if g_per_kwh == 0:
        return "0 g/kWh is emitted by no grid over its life cycle; is a value missing?"
    if g_per_kwh < least:
        return f"{g_per_kwh:g} g/kWh is less than any grid emits over its life cycle ({least:g}); is the unit g/kWh?"
    if MAX_G_PER_KWH < g_per_kwh < float("inf"):
        return f"{g_per_kwh:g} g/kWh is more than any grid emits ({MAX_G_PER_KWH:,.0f}); is the unit g/kWh?"
    return f"{g_per_kwh} is not an intensity"


def far_off(zone: str, meaning: Meaning, g_per_kwh: float) -> str:
    """Returns why a value is ten times off the zone's yearly means; "" if it is plausible or the zone is unknown.

    The yearly means are average and life cycle. Direct intensity may be any amount below life cycle intensity: only
    its upper bound is checked against them, and less than 1 g/kWh in zones that burn fuel every day. Marginal intensity
    has no bounds here.
    """
    signal, basis = meaning
    means = lifecycle_range(zone)
    if means is None or signal is not Signal.AVERAGE:
        return ""
    low, high = means
    too_low = g_per_kwh < 1 and low >= BURNS_FUEL_G_PER_KWH
    if basis is Basis.LIFECYCLE:
        too_low = g_per_kwh <= low / TIMES_OFF
    if not too_low and g_per_kwh < high * TIMES_OFF:
        return ""
    yearly = f"{low:g} to {high:g}" if low < high else f"{low:g}"
    return f"{g_per_kwh:,.6g} g/kWh is {TIMES_OFF:g} times off the yearly means of {zone} ({yearly}, life cycle)"


def wrong_unit(zone: str, meaning: Meaning, g_per_kwh: Sequence[float]) -> str:
    """Returns why a zone's values together look like kg/kWh, although each may be valid alone; "" if they don't."""
    signal, basis = meaning
    if meaning == (Signal.AVERAGE, Basis.LIFECYCLE):
        return ""  # each of these values is checked against a lower bound already
    highest = max(g_per_kwh, default=0.0)
    if not 0 < highest < 1:
        return ""
    means = lifecycle_range(zone)
    if signal is Signal.MARGINAL:
        suspect = len(g_per_kwh) >= MARGINAL_STEPS
    else:
        suspect = basis is Basis.DIRECT and means is not None and means[0] >= BURNS_FUEL_G_PER_KWH
    return f"no value of {zone} reaches 1 g/kWh, the highest is {highest:g}; is the unit g/kWh?" if suspect else ""
