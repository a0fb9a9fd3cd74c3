"""The price of a managed service in a region: its list price, or an estimate with a band.

A region without a price gets AWS's price of us-east-1, with a band up to twice that price: list prices of the same item
differ by as much. A price without a day of reading is an estimate too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.service_prices import FALLBACK_REGION, FETCH, FROM_MEMORY, service_price
from greenai_infra.footprint.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.catalog.service_prices import Key, ServicePrice


class Listed(NamedTuple):
    """USD per unit with its band, its row, and why it is an estimate; empty for a list price."""

    usd: Estimate
    price: ServicePrice
    why_estimate: str

    @property
    def source(self) -> str:
        """The price with its source and day."""
        day = f", {self.price.priced_on}" if self.price.priced_on else ""
        return f"{self.price.usd:g} USD a {self.price.unit}: {self.price.source}{day}"


def listed_price(
    provider: str, item: str, region: str, known: Mapping[Key, ServicePrice] | None = None
) -> Listed | None:
    """The price of an item in a region, or an estimate; None where us-east-1's price is unknown too.

    `known` are the prices to search, for callers with many questions; default all.
    """
    own = service_price(provider, item, region, known)
    price = own or (service_price(provider, item, FALLBACK_REGION, known) if provider == "aws" and region else None)
    if price is None:
        return None
    usd, why = Estimate.exact(price.usd), []
    if own is None:
        usd *= Estimate.of("price_of_another_region")
        why.append(f"{FALLBACK_REGION}'s price stands in for {region}'s ({FETCH} --region aws:{region} fetches that)")
    if price.evidence == FROM_MEMORY:
        usd *= Estimate.of("price_from_memory")
        why.append("nobody has read the price")
    return Listed(usd, price, "; ".join(why))
