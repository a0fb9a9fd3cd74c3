"""Zones of regions: AWS's for subnets, Google Cloud's for what stands in one zone."""

from __future__ import annotations

from functools import cache

from greenai_infra.catalog.read import table


def availability_zones(region: str) -> tuple[str, ...]:
    """Zone names of an AWS region, as in `eu-north-1a`; empty if the catalog isn't sure of them.

    Letters stand for other buildings in another account; where an account lacks one, the stack's
    `network.availability_zones` setting takes precedence.
    """
    return tuple(f"{region}{letter}" for letter in _letters().get(region, ""))


def gcp_zones(region: str) -> tuple[str, ...]:
    """Zone names of a Google Cloud region, as in `europe-west4-a`; empty if the catalog isn't sure of them.

    Its AI zones (as in `us-south1-ai1b`) are not among them.
    """
    return tuple(f"{region}-{letter}" for letter in _letters("gcp-zones.csv").get(region, ""))


@cache
def _letters(name: str = "aws-availability-zones.csv") -> dict[str, str]:
    rows = table(name, ("region", "letters", "source"))
    return {row.text("region"): row.text("letters").replace(" ", "") for row in rows}
