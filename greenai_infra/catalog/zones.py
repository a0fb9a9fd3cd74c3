"""Zones of regions: AWS's for subnets, Google Cloud's for zonal resources."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.offers import offers
from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ZONES = 4
"""Default number of zones of a stack's network: each zone adds to the cost of interface endpoints."""
ZONES_BY_LETTER = 3
LEAST_ZONES = 2
"""Fewest zones of a network, as `network.availability_zones` requires."""
_DIRECTION = re.compile("north|south|east|west|central")


def availability_zones(region: str) -> tuple[str, ...]:
    """Zone names of an AWS region, such as `eu-north-1a`; empty if the catalog isn't sure of them.

    A letter may mean a different building in another account; if an account lacks a zone, set
    `network.availability_zones` in the stack, which takes precedence.
    """
    return tuple(f"{region}{letter}" for letter in _letters().get(region, ""))


def gcp_zones(region: str) -> tuple[str, ...]:
    """Zone names of a Google Cloud region, such as `europe-west4-a`; empty if the catalog isn't sure of them.

    AI zones (such as `us-south1-ai1b`) are left out.
    """
    return tuple(f"{region}-{letter}" for letter in _letters("gcp-zones.csv").get(region, ""))


def is_zone_id(zone: str, region: str) -> bool:
    """Whether a text is the ID of a zone of an AWS region: `eun1-az3` is the same building in every account."""
    area, direction, number = region.split("-")
    mark = "".join(word[0] for word in _DIRECTION.findall(direction))
    return re.fullmatch(rf"{area}{mark}{number}-az[0-9]+", zone) is not None


def zone_ids(region: str) -> tuple[str, ...]:
    """IDs of the zones of an AWS region with offers, most offers first."""
    counts = Counter(
        zone for offer in offers() if (offer.provider, offer.region) == ("aws", region) for zone in offer.zones
    )
    return tuple(sorted(counts, key=lambda zone: (-counts[zone], zone)))


def subnet_zone_ids(region: str, sold_in: Sequence[str]) -> tuple[str, ...]:
    """IDs of the zones for subnets, given the zones that sell the machine: these, plus another if there is only one."""
    known = zone_ids(region)
    wanted = sorted(sold_in, key=lambda zone: (known.index(zone) if zone in known else len(known), zone))
    others = [zone for zone in known if zone not in wanted]
    return tuple(wanted[:MOST_ZONES] if len(wanted) > 1 else [*wanted, *others[:1]])


def network_zones(region: str, sold_in: Sequence[str]) -> tuple[str, ...]:
    """The zones of a stack's network in an AWS region: the zones that sell the machine, by ID; else zones by letter.

    Empty if the region's zones are unknown.
    """
    by_id = [zone for zone in sold_in if is_zone_id(zone, region)]
    zones = subnet_zone_ids(region, by_id) if by_id else ()
    return zones if len(zones) >= LEAST_ZONES else availability_zones(region)[:ZONES_BY_LETTER]


def network_zone_count(region: str, sold_in: Sequence[str]) -> int:
    """The number of zones that `network_zones` gives; two, the minimum of a network, where they are unknown."""
    if len(sold_in) > 1:
        return min(len(sold_in), MOST_ZONES)
    return LEAST_ZONES if sold_in else max(LEAST_ZONES, min(len(_letters().get(region, "")), ZONES_BY_LETTER))


@cache
def _letters(name: str = "aws-availability-zones.csv") -> dict[str, str]:
    rows = table(name, ("region", "letters", "source"))
    return {row.text("region"): row.text("letters").replace(" ", "") for row in rows}
