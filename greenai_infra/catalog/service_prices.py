"""List prices of what stands beside the accelerators: endpoints, keys, alarms, cache nodes, hosted instances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from datetime import date

_COLUMNS = ("provider", "item", "region", "usd", "unit", "priced_on", "source", "evidence", "note")
EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class ServicePrice:
    """USD a `unit` of an item, on demand, before free tiers and discounts. `region` is `*` for one price everywhere.

    `priced_on` is None where the source has no date.
    """

    item: str
    region: str
    usd: float
    unit: str
    priced_on: date | None
    source: str
    note: str


def service_price(provider: str, item: str, region: str) -> ServicePrice | None:
    """The price of an item in a region, or the one price that holds everywhere; None if none is known there."""
    rows = _prices()
    return rows.get((provider, item, region)) or rows.get((provider, item, EVERYWHERE))


def priced_regions(provider: str, item: str) -> tuple[str, ...]:
    """The regions for which the item's price is known."""
    return tuple(region for owner, name, region in _prices() if (owner, name) == (provider, item))


@cache
def _prices() -> dict[tuple[str, str, str], ServicePrice]:
    return {
        (row.text("provider"), row.text("item"), row.text("region")): ServicePrice(
            item=row.text("item"),
            region=row.text("region"),
            usd=row.number("usd"),
            unit=row.text("unit"),
            priced_on=row.day("priced_on") if row.text("priced_on") else None,
            source=row.text("source"),
            note=row.text("note"),
        )
        for row in table("service-prices.csv", _COLUMNS)
    }
