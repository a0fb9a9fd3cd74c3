"""Which region to apply when a new plan meets an earlier choice: it moves only if the gain is worth the move.

A move builds one stack and removes another, and forecasts are off by some percent, so between nearly equal regions the
choice stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_THRESHOLD_PERCENT = 10.0
KG = "kg CO2e"
WITH_CARBON = "USD with carbon"


@dataclass(frozen=True, slots=True)
class Choice:
    """The region to apply, whether it differs from the earlier choice, and why, in a sentence."""

    region: str
    switched: bool
    reason: str


def choose(
    ranked: Sequence[tuple[str, float]],
    current: str | None,
    threshold_percent: float = DEFAULT_THRESHOLD_PERCENT,
    *,
    force: bool = False,
    unit: str = KG,
) -> Choice:
    """The region to apply.

    `ranked` holds (region, what the plan minimises) of the new plan, best first, not empty: kg CO2e, or another `unit`.
    The gain of the best region is relative to the current region's figure in the same plan. It must exceed the
    threshold; equality is not enough.
    """
    best, best_kg = ranked[0]
    if current is None or current == best:
        least = unit == KG and best_kg <= min(value for _, value in ranked)
        why = "has the least emissions in this plan" if least else "comes first in this plan"
        return Choice(best, False, f"{best} {why} ({best_kg:.3g} {unit})")
    emissions = dict(ranked)
    if current not in emissions:
        return Choice(best, True, f"moved from {current} to {best}: {current} is no longer in the ranking")
    current_kg = emissions[current]
    # Rounded, so that 0.99 against 1.1 kg is a gain of 10 % and not of 10.000000000000009 %.
    gain_percent = round((1 - best_kg / current_kg) * 100, 9)
    figures = f"{best_kg:.3g} {unit} in {best}, {current_kg:.3g} in {current}"
    if force:
        return Choice(best, True, f"moved from {current} to {best} as forced: {figures}")
    if gain_percent > threshold_percent:
        return Choice(best, True, f"moved from {current} to {best}: saves {gain_percent:.3g} % ({figures})")
    saving = f"would save {gain_percent:.3g} %" if gain_percent > 0 else "would save nothing"
    reason = f"stays in {current}: {best} {saving} ({figures}), not more than {threshold_percent:g} %"
    return Choice(current, False, f"{reason}; to move it anyway, use --force")
