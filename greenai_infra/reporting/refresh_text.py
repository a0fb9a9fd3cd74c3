"""What a renewed list of offers says that a user must know before planning with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer

MOST_SHOWN = 5


def show_dearer_on_spot(offers: Sequence[Offer]) -> None:
    """Prints offers with a spot price above the on-demand price, the greatest surcharge first."""
    dearer = [
        (spot, on_demand, offer)
        for offer in offers
        if (spot := offer.usd_per_hour_spot) is not None
        and (on_demand := offer.usd_per_hour_on_demand) is not None
        and offer.spot_is_dearer
    ]
    if not dearer:
        return
    print(f"  spot is dearer than on demand: {counted(len(dearer), 'offer')}")
    dearer.sort(key=lambda row: (row[1] / row[0], row[2].instance_type, row[2].region))
    for spot, on_demand, offer in dearer[:MOST_SHOWN]:
        print(f"    {offer.instance_type} {offer.region}: {spot:.2f} against {on_demand:.2f} USD/h")
