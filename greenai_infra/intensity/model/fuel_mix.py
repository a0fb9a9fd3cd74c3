"""From generation by fuel to an intensity: pure calculation."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEGATIVE_SHARE = 0.05
"""A plant that stands still draws a little; up to this share of what is generated that counts as zero."""


def intensity_g_per_kwh(generation_mwh: Mapping[str, float], factors_g_per_kwh: Mapping[str, float]) -> float | None:
    """Returns the sum of generation x factor over the sum of generation, in g/kWh; None if undefined.

    Undefined if generation is zero, or if a fuel draws more than NEGATIVE_SHARE of what the others generate.
    Raises KeyError for a fuel without a factor.
    """
    total_mwh = weighted = lowest_mwh = 0.0
    for fuel, mwh in generation_mwh.items():
        factor = factors_g_per_kwh[fuel]
        if mwh > 0:
            total_mwh += mwh
            weighted += mwh * factor
        elif mwh < lowest_mwh:
            lowest_mwh = mwh
    if total_mwh <= 0 or lowest_mwh < -NEGATIVE_SHARE * total_mwh:
        return None
    return weighted / total_mwh


def usual(reported: Iterable[Iterable[str]]) -> frozenset[str]:
    """What more than half of the hours report: an hour that lacks any of it is incomplete."""
    hours = [set(names) for names in reported]
    counts = Counter(name for names in hours for name in names)
    return frozenset(name for name, count in counts.items() if 2 * count > len(hours))
