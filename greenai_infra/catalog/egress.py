"""What a provider charges to move data out of a region."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import table
from greenai_infra.catalog.regions import country_groups
from greenai_infra.errors import DataUnavailable

if TYPE_CHECKING:
    from greenai_infra.catalog.regions import Region

OTHER_PROVIDER = "internet"
_COLUMNS = ("provider", "origin", "destination", "usd_per_gb", "year", "source", "evidence", "note")


@dataclass(frozen=True, slots=True)
class EgressPrice:
    """A list price in USD per GB, at the first tier, before any free allowance or volume discount."""

    usd_per_gb: float
    source: str
    year: int | None
    note: str = ""


_SAME_REGION = EgressPrice(0.0, "no data leaves the region", None)


def egress_usd_per_gb(from_region: Region, to_region: Region) -> EgressPrice:
    """Price of moving data from one region to another; zero within one region, internet price to another provider.

    The most specific row wins: region before group of countries before `*`. Raises DataUnavailable if none fits.
    """
    if from_region.key == to_region.key:
        return _SAME_REGION
    if from_region.provider == to_region.provider:
        destinations = (to_region.name, *_groups(to_region.country), "*")
    else:
        destinations = (OTHER_PROVIDER,)
    prices = _prices()
    for origin in (from_region.name, *_groups(from_region.country), "*"):
        for destination in destinations:
            found = prices.get((from_region.provider, origin, destination))
            if found:
                return found
    raise DataUnavailable(f"no transfer price from {from_region.key} to {to_region.key} in data/egress.csv")


@cache
def _prices() -> dict[tuple[str, str, str], EgressPrice]:
    return {
        (row.text("provider"), row.text("origin"), row.text("destination")): EgressPrice(
            row.number("usd_per_gb"), row.text("source"), row.integer("year"), row.text("note")
        )
        for row in table("egress.csv", _COLUMNS)
    }


@cache
def _groups(country: str) -> tuple[str, ...]:
    return tuple(name for name, members in country_groups().items() if country in members)
