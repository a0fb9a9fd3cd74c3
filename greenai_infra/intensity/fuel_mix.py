"""From generation by fuel to an intensity: pure calculation."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NEGATIVE_SHARE = 0.05
"""A plant that stands still draws a little; up to this share of what is generated that counts as zero."""


def intensity_g_per_kwh(generation_mwh: Mapping[str, float], factors_g_per_kwh: Mapping[str, float]) -> float | None:
    """Sum of generation x factor over the sum of generation, in g/kWh; None if it can't be said.

    That is so if nothing is generated, or if one fuel draws more than NEGATIVE_SHARE of what the others generate.
    Raises KeyError for a fuel without a factor.
    """
    total_mwh = sum(mwh for mwh in generation_mwh.values() if mwh > 0)
    if total_mwh <= 0 or min(generation_mwh.values()) < -NEGATIVE_SHARE * total_mwh:
        return None
    return sum(max(mwh, 0.0) * factors_g_per_kwh[fuel] for fuel, mwh in generation_mwh.items()) / total_mwh


def usual(reported: Iterable[Iterable[str]]) -> frozenset[str]:
    """What more than half of the hours report: an hour that lacks any of it is incomplete."""
    hours = [set(names) for names in reported]
    counts = Counter(name for names in hours for name in names)
    return frozenset(name for name, count in counts.items() if 2 * count > len(hours))
