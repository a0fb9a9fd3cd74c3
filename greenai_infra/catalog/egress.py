"""A provider's charges for moving data out of a region."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.read import table
from greenai_infra.catalog.regions import country_groups
from greenai_infra.errors import DataUnavailable

if TYPE_CHECKING:
    from greenai_infra.catalog.read import Row
    from greenai_infra.catalog.regions import Region

OTHER_PROVIDER = "internet"
_COLUMNS = ("provider", "origin", "destination", "above_gb", "usd_per_gb", "year", "source", "evidence", "note")


class EgressPrice(Struct, frozen=True):
    """A list price before any free allowance.

    `tiers` are pairs of the GB a month above which a tier begins (the first at 0, ascending) and its USD per GB.
    """

    tiers: tuple[tuple[float, float], ...]
    source: str
    year: int | None
    note: str = ""

    @property
    def usd_per_gb(self) -> float:
        """The price of the first GB."""
        return self.tiers[0][1]

    def cost_usd(self, size_gb: float) -> float:
        """USD for `size_gb` moved within a month, each GB at the price of its tier."""
        ends = [above_gb for above_gb, _ in self.tiers[1:]] + [float("inf")]
        return sum(
            max(0.0, min(size_gb, end_gb) - above_gb) * usd_per_gb
            for (above_gb, usd_per_gb), end_gb in zip(self.tiers, ends, strict=True)
        )


_SAME_REGION = EgressPrice(((0.0, 0.0),), "no data leaves the region", None)


def egress_price(from_region: Region, to_region: Region) -> EgressPrice:
    """Price of moving data from one region to another; zero within a region, internet price between providers.

    The most specific row wins: region before group of countries before `*`. Raises DataUnavailable if none fits.
    """
    if from_region.key == to_region.key:
        return _SAME_REGION
    if from_region.provider == to_region.provider:
        destinations = (to_region.name, *_groups(to_region.country), "*")
    else:
        destinations = (OTHER_PROVIDER,)
    rows = _rows()
    for origin in (from_region.name, *_groups(from_region.country), "*"):
        for destination in destinations:
            tiers = rows.get((from_region.provider, origin, destination))
            if tiers:
                return _price(tiers)
    raise DataUnavailable(f"no transfer price from {from_region.key} to {to_region.key} in data/egress.csv")


@cache
def _rows() -> dict[tuple[str, str, str], list[Row]]:
    """The tiers of each pair."""
    rows: dict[tuple[str, str, str], list[Row]] = {}
    for row in table("egress.csv", _COLUMNS):
        rows.setdefault((row.text("provider"), row.text("origin"), row.text("destination")), []).append(row)
    return rows


def _price(rows: list[Row]) -> EgressPrice:
    """The price of a pair; source, year and note are those of its first tier."""
    tiers = tuple((row.number("above_gb"), row.number("usd_per_gb")) for row in rows)
    first = rows[0]
    return EgressPrice(tiers, first.text("source"), first.integer("year"), first.text("note"))


@cache
def _groups(country: str) -> tuple[str, ...]:
    return tuple(name for name, members in country_groups().items() if country in members)
