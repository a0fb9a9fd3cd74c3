"""Embedded yearly means of carbon intensity: lifecycle by grid zone, direct by GCP region. Never mixed."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from greenai_infra.catalog.read import Row, table
from greenai_infra.catalog.signals import Basis, Signal

_LIFECYCLE = "electricity_maps/zones-yearly-lifecycle.csv"
_DIRECT = "google-region-direct.csv"


class YearlyMean(Struct, frozen=True):
    """The mean intensity of a year, in gCO2eq per kWh, of `zone` (a grid zone, or a GCP region in `direct`).

    `carbon_free_share` (0 to 1) is the provider's hourly matched share, a market-based figure, never
    multiplied in. None where it is not published.
    """

    zone: str
    g_per_kwh: float
    year: int
    signal: Signal
    basis: Basis
    source: str
    note: str = ""
    carbon_free_share: float | None = None


def lifecycle(zone: str, year: int | None = None) -> YearlyMean | None:
    """Average lifecycle intensity of a grid zone, the newest year by default; None if the table lacks it."""
    return _mean(_rows(_LIFECYCLE, "zone"), zone, year)


def direct(gcp_region: str, year: int | None = None) -> YearlyMean | None:
    """Average direct intensity of a GCP region's grid, the newest year by default; None if the table lacks it."""
    return _mean(_rows(_DIRECT, "region"), gcp_region, year)


@cache
def lifecycle_range(zone: str) -> tuple[float, float] | None:
    """The least and the greatest yearly mean of a grid zone, average and life cycle; None if the table lacks it."""
    means = [row.number("g_per_kwh") for row in _rows(_LIFECYCLE, "zone").get(zone, {}).values()]
    return (min(means), max(means)) if means else None


@cache
def cleanest_lifecycle_g_per_kwh() -> float:
    """The least yearly mean of any zone and year, average and life cycle."""
    return min(found[0] for zone in lifecycle_zones() if (found := lifecycle_range(zone)))


def lifecycle_zones() -> frozenset[str]:
    """Every zone of the lifecycle table."""
    return frozenset(_rows(_LIFECYCLE, "zone"))


@cache
def _rows(name: str, key: str) -> dict[str, dict[str, Row]]:
    columns = (key, "year", "g_per_kwh", "signal", "basis", "source")
    found: dict[str, dict[str, Row]] = {}
    for row in table(name, columns):
        found.setdefault(row.text(key), {})[row.text("year")] = row
    return found


def _mean(rows: dict[str, dict[str, Row]], key: str, year: int | None) -> YearlyMean | None:
    by_year = rows.get(key)
    if not by_year:
        return None
    wanted = max(by_year) if year is None else str(year)
    row = by_year.get(wanted)
    if row is None:
        return None
    return YearlyMean(
        zone=key,
        g_per_kwh=row.number("g_per_kwh"),
        year=row.integer("year"),
        signal=Signal(row.text("signal")),
        basis=Basis(row.text("basis")),
        source=row.text("source"),
        note=row.text("note") if row.has("note") else "",
        carbon_free_share=row.optional("carbon_free_share") if row.has("carbon_free_share") else None,
    )
