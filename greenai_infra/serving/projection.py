"""The projection of a cache over a month, with the interval of the measured hit rate.

Requests within an hour resemble each other, so they carry less information than independent requests. The interval is
Wilson's, with the number of lookups divided by the dispersion between hours: phi = chi2 / (hours - 1), at least 1
(quasi-binomial).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.estimates.cache import CacheEstimate, estimate_cache
from greenai_infra.footprint.equation import JOULES_PER_KWH
from greenai_infra.footprint.standing import HOURS_PER_MONTH
from greenai_infra.numbers import counted
from greenai_infra.serving.hours import HOUR_S

if TYPE_CHECKING:
    from collections.abc import Collection

    from greenai_infra.serving.stats import Stats
    from greenai_infra.serving.tally import Tally

LEAST_LOOKUPS = 1000
Z_95 = 1.959964
"""Two-sided 95 %."""


@dataclass(frozen=True, slots=True)
class HitRate:
    """A share of lookups with its 95 % interval. `hours` and `lookups` are the basis of the measurement; 0: stated."""

    value: float
    low: float
    high: float
    lookups: int = 0
    hours: int = 0
    dispersion: float = 1.0


@dataclass(frozen=True, slots=True)
class Month:
    """730 hours at a hit rate: kWh before PUE, kg CO2e with PUE, USD of calls minus nodes; None means unknown."""

    hit_rate: float
    hits: float
    net_kwh: float
    net_kg: float | None
    net_usd: float | None


@dataclass(frozen=True, slots=True)
class Projection:
    """Months at the hit rate and at the ends of its interval, and their inputs."""

    requests_per_month: float
    hit_rate: HitRate
    low: Month
    middle: Month
    high: Month
    breakeven_hit_rate: float | None
    request_j: float
    lookup_j: float
    encoder_j: float
    standing_w: float
    kg_by: str | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Figures:
    """The inputs of a month. `g_per_kwh` is with PUE; `kg_by` is its source."""

    request_j: float | None = None
    lookup_j: float | None = None
    encoder_j: float | None = None
    standing_w: float | None = None
    g_per_kwh: float | None = None
    kg_by: str | None = None
    requests_per_month: float | None = None

    def or_else(self, other: Figures) -> Figures:
        """These figures, with the other's for those that are None here."""
        pairs = ((name, getattr(self, name)) for name in self.__slots__)
        return Figures(**{name: getattr(other, name) if value is None else value for name, value in pairs})


def measured_hit_rate(hours: Collection[Tally]) -> HitRate:
    """Hits per lookup. Raises GreenAIError for too little data."""
    counts = [(tally.lookups, tally.hits + tally.shadow_checks) for tally in hours if tally.lookups]
    lookups, hits = sum(n for n, _ in counts), sum(h for _, h in counts)
    if lookups < LEAST_LOOKUPS:
        raise GreenAIError(
            f"too little data: {lookups:,} lookups in {counted(len(counts), 'hour')}; a projection needs "
            f"{LEAST_LOOKUPS:,}. Or state --hit-rate and --requests-per-month"
        )
    rate = hits / lookups
    chi2 = sum((h - n * rate) ** 2 / (n * rate * (1 - rate)) for n, h in counts) if 0 < rate < 1 else 0.0
    dispersion = max(1.0, chi2 / (len(counts) - 1)) if len(counts) > 1 else 1.0
    low, high = wilson(rate, lookups / dispersion)
    return HitRate(rate, low, high, lookups, len(counts), dispersion)


def wilson(share: float, number: float, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share of `number` trials."""
    middle = share + z * z / (2 * number)
    half = z * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    whole = 1 + z * z / number
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def measured_figures(stats: Stats, now_s: float) -> Figures:
    """The workers' measurements; None where they lack a figure. The hour of `now_s` counts in part."""
    total = stats.total
    lookups = total.lookups
    whole = bool(lookups) and not total.lookups_without_j
    encoded = bool(lookups) and not total.encodings_without_j
    weighed_kwh = (total.saved_j - total.unplaced_saved_j) / JOULES_PER_KWH
    known = weighed_kwh > 0 and total.placed_saved_g > 0
    hours = len(stats.by_hour) - (int(now_s // HOUR_S) in stats.by_hour) * (1 - now_s % HOUR_S / HOUR_S)
    return Figures(
        request_j=total.j_per_avoided_call,
        lookup_j=total.lookup_j / lookups if whole else None,
        encoder_j=total.encoder_j / lookups if encoded else None,
        standing_w=total.standing_j / total.standing_s if total.standing_s else None,
        g_per_kwh=total.placed_saved_g / weighed_kwh if known else None,
        kg_by="; ".join(sorted(stats.intensity)) if known else None,
        requests_per_month=lookups / hours * HOURS_PER_MONTH if hours > 0 else None,
    )


def project(
    rate: HitRate,
    figures: Figures,
    *,
    region: str | None = None,
    usd_per_1000_requests: float | None = None,
    nodes_usd_per_hour: float | None = None,
    notes: tuple[str, ...] = (),
) -> Projection:
    """A month. Raises InputError, naming missing figures."""
    of = figures
    names = {
        "requests_per_month": "--requests-per-month",
        "request_j": "--request-j (or --model and --accelerator)",
        "lookup_j": "--lookup-j",
        "encoder_j": "--encoder-j",
        "standing_w": "--node-type or --node-w",
    }
    if missing := [option for name, option in names.items() if getattr(of, name) is None]:
        raise InputError(f"not measured and not stated: give {', '.join(missing)}")
    assert of.requests_per_month is not None
    days = HOURS_PER_MONTH / 24

    def estimate(hit_rate: float) -> CacheEstimate:
        return estimate_cache(
            daily_requests=(of.requests_per_month or 0) / days,
            hit_rate=hit_rate,
            lookup_j=of.lookup_j or 0.0,
            embedding_j=of.encoder_j or 0.0,
            request_j=of.request_j,
            node_w=of.standing_w,
            region=region,
        )

    def month(hit_rate: float) -> Month:
        found = estimate(hit_rate)
        kwh = found.net_kwh_per_day * days
        kg = None if of.g_per_kwh is None else kwh * of.g_per_kwh / 1000
        if found.net_kg_per_day is not None:
            kg = found.net_kg_per_day * days
        hits = (of.requests_per_month or 0) * hit_rate
        usd = None
        if usd_per_1000_requests is not None and nodes_usd_per_hour is not None:
            usd = hits / 1000 * usd_per_1000_requests - nodes_usd_per_hour * HOURS_PER_MONTH
        return Month(hit_rate, hits, kwh, kg, usd)

    middle = estimate(rate.value)
    return Projection(
        requests_per_month=of.requests_per_month,
        hit_rate=rate,
        low=month(rate.low),
        middle=month(rate.value),
        high=month(rate.high),
        breakeven_hit_rate=middle.breakeven_hit_rate,
        request_j=middle.request_j,
        lookup_j=of.lookup_j or 0.0,
        encoder_j=of.encoder_j or 0.0,
        standing_w=middle.standing_w,
        kg_by=f"{middle.grid.intensity_text}; PUE {middle.grid.pue_text}" if middle.grid else of.kg_by,
        notes=(*notes, *middle.notes),
    )
