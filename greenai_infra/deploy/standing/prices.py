"""List prices looked up for a resource, with their source or the reason why there is none."""

from __future__ import annotations

from typing import NamedTuple

from greenai_infra.catalog.service_prices import FETCH, priced_regions, service_price


class Priced(NamedTuple):
    """USD for `count` units, or None; the source, and why there is no price."""

    usd: float | None
    source: str
    reason: str


def priced(provider: str, item: str, region: str, count: float = 1.0) -> Priced:
    """The list price of `count` units of an item in a region."""
    price = service_price(provider, item, region)
    if price is None:
        known = priced_regions(provider, item)
        where = f", only for {', '.join(known)}" if known else ""
        reason = f"no list price of {item} is known for {region or 'an unknown region'}{where}"
        if provider == "aws" and region:
            reason += f" ({FETCH} --region aws:{region} fetches AWS's own)"
        return Priced(None, "", reason)
    day = f", {price.priced_on}" if price.priced_on else ""
    return Priced(price.usd * count, f"{price.usd:g} USD a {price.unit}: {price.source}{day}", "")
