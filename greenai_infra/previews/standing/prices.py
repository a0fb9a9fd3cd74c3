"""List prices looked up for a resource, with their source, or why the price is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.service_prices import FETCH, priced_regions
from greenai_infra.footprint.service_price import listed_price

if TYPE_CHECKING:
    from greenai_infra.footprint.estimate import Estimate


class Priced(NamedTuple):
    """Returns USD for `count` units, or None; the source; why the price is missing; and the band of an estimate."""

    usd: float | None
    source: str
    reason: str
    band: Estimate | None = None


def priced(provider: str, item: str, region: str, count: float = 1.0) -> Priced:
    """The list price of `count` units of an item in a region, or an estimate of it."""
    if count < 0:
        return Priced(None, "", "so many there can't be: fewer than none")
    found = listed_price(provider, item, region)
    if found is None:
        known = priced_regions(provider, item)
        where = f", only for {', '.join(known)}" if known else ""
        reason = f"no list price of {item} is known for {region or 'an unknown region'}{where}"
        if provider == "aws" and region:
            reason += f" ({FETCH} --region aws:{region} fetches AWS's own)"
        return Priced(None, "", reason)
    usd = found.usd * count
    return Priced(usd.value, found.source, found.why_estimate, usd if found.why_estimate else None)
