"""Emissions of a kWh from each fuel in the United States, and the EIA respondent of each grid zone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import table
from greenai_infra.catalog.signals import Basis

_COLUMNS = ("fuel", "basis", "g_per_kwh", "low", "high", "source", "year", "evidence", "note")


@dataclass(frozen=True, slots=True)
class FuelFactor:
    """Emissions of generation from a fuel, in g/kWh; `low` and `high` are None where no band is published."""

    fuel: str
    basis: Basis
    g_per_kwh: float
    low: float | None
    high: float | None
    source: str
    year: int
    note: str


@cache
def fuel_factors(basis: Basis) -> dict[str, FuelFactor]:
    """The factor of every fuel, all of the same basis."""
    rows = [row for row in table("fuel-factors.csv", _COLUMNS) if row.text("basis") == basis]
    return {
        row.text("fuel"): FuelFactor(
            fuel=row.text("fuel"),
            basis=Basis(row.text("basis")),
            g_per_kwh=row.number("g_per_kwh"),
            low=row.optional("low"),
            high=row.optional("high"),
            source=row.text("source"),
            year=row.integer("year"),
            note=row.text("note"),
        )
        for row in rows
    }


@cache
def eia_respondents() -> dict[str, str]:
    """EIA's name of the balancing authority of every grid zone that has such an authority."""
    rows = table("eia-respondents.csv", ("zone", "respondent", "source", "evidence", "note"))
    return {row.text("zone"): row.text("respondent") for row in rows}
