"""The rental price of a GPU per hour."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.offers import offers
from greenai_infra.monitoring.gpu.thresholds import chip_of

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer


@cache
def gpu_price(name: str, count: int, region: str | None) -> tuple[float | None, str]:
    """USD per hour on demand of a GPU of a machine with `count`, and its source; None and the reason if unknown.

    The catalog's offers of the chip in the region (`aws:us-east-1`): those with as many GPUs if there are some, of
    these the cheapest, a lower bound.
    """
    if region is None:
        return None, "no price: state --region, or --usd-per-gpu-hour"
    chip = chip_of(name)
    if chip is None:
        return None, f"no price: '{name}' is not in the catalog; state --usd-per-gpu-hour"
    found = [
        one for one in offers()
        if f"{one.provider}:{one.region}" == region and one.accelerator == chip.name
        and one.usd_per_hour_on_demand is not None
    ]  # fmt: skip
    if not found:
        return None, f"no price: no offer of {chip.name} in {region} is listed; state --usd-per-gpu-hour"
    alike = [one for one in found if not one.per_chip and one.accelerators == count] or found
    taken = min(alike, key=_each)
    span = f", the cheapest of {len(alike)} types" if len(alike) > 1 else ""
    return _each(taken), f"{taken.instance_type} on demand in {region}, {taken.priced_on}{span}"


def _each(offer: Offer) -> float:
    return (offer.usd_per_hour_on_demand or 0.0) / (1 if offer.per_chip else offer.accelerators)
