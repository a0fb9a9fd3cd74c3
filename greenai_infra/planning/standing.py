"""The standing cost of a run's stack while it runs: network endpoints, keys, alarms.

`data/stack-standing.csv` lists what a pinned stack holds. It leaves out accelerators: they are the cost of the run. A
region without a price gets that of us-east-1 with a band; for a cloud without rows the standing cost is unknown.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.read import table
from greenai_infra.catalog.service_prices import FALLBACK_REGION, service_prices
from greenai_infra.catalog.zones import network_zone_count
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.service_price import listed_price
from greenai_infra.footprint.standing import HOURS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.catalog.regions import Region
    from greenai_infra.catalog.service_prices import Key, ServicePrice
    from greenai_infra.planning.workload import Workload

_COLUMNS = ("provider", "kind", "only_with", "item", "count", "in_each", "source")
_BILLED_IN = {"cloudwatch-dashboard": FALLBACK_REGION}


class Standing(Struct, frozen=True):
    """Standing cost in USD per hour, and its parts in words; `is_estimate`: some price is not a list price."""

    usd_per_hour: Estimate
    parts: tuple[str, ...]
    is_estimate: bool


class StandingCosts:
    """Standing cost of a workload's stacks, by region and number of zones."""

    def __init__(self, workload: Workload) -> None:
        holds = {
            "": True,
            "carbon_budget": workload.carbon_budget is not None,
            "latency_bound_ms": workload.work.latency_bound_ms is not None,
        }
        self._rows = [row for row in _rows() if row.kind in (workload.kind, "*") and holds[row.only_with]]
        self._prices = service_prices()
        self._known: dict[tuple[str, int], Standing | None] = {}

    def of(self, region: Region, sold_in: Sequence[str]) -> Standing | None:
        """Standing cost in a region for an offer sold in some zones; None where unknown."""
        rows = [row for row in self._rows if row.provider == region.provider]
        if not rows:
            return None
        zones = network_zone_count(region.name, sold_in)
        key = (region.key, zones)
        if key not in self._known:
            self._known[key] = _standing(rows, region, zones, self._prices)
        return self._known[key]


class _Row(Struct, frozen=True):
    provider: str
    kind: str
    only_with: str
    item: str
    count: int
    in_each: str


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(
        _Row(
            row.text("provider"),
            row.text("kind"),
            row.text("only_with"),
            row.text("item"),
            row.integer("count"),
            row.text("in_each"),
        )
        for row in table("stack-standing.csv", _COLUMNS)
    )


def _standing(rows: list[_Row], region: Region, zones: int, prices: Mapping[Key, ServicePrice]) -> Standing | None:
    total, parts, is_estimate = Estimate.exact(0.0), [], False
    for row in rows:
        listed = listed_price(row.provider, row.item, _BILLED_IN.get(row.item, region.name), prices)
        if listed is None:
            return None
        count = row.count * (zones if row.in_each == "zone" else 1)
        hours = 1.0 if listed.price.unit.endswith("-hour") else HOURS_PER_MONTH
        total += listed.usd * (count / hours)
        what = f"{row.count} x {row.item}" + (f" in {zones} zones" if row.in_each == "zone" else "")
        parts.append(f"{what} at {listed.price.usd:g} USD a {listed.price.unit}")
        is_estimate = is_estimate or bool(listed.why_estimate)
    return Standing(total, tuple(parts), is_estimate)
