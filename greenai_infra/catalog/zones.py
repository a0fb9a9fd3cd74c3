"""Availability zones of AWS regions, for subnets."""

from __future__ import annotations

from functools import cache

from greenai_infra.catalog.read import table


def availability_zones(region: str) -> tuple[str, ...]:
    """Zone names of an AWS region, as in `eu-north-1a`; empty if the catalog isn't sure of them.

    Letters stand for other buildings in another account; where an account lacks one, the stack's
    `network.availability_zones` setting takes precedence.
    """
    return tuple(f"{region}{letter}" for letter in _letters().get(region, ""))


@cache
def _letters() -> dict[str, str]:
    rows = table("aws-availability-zones.csv", ("region", "letters", "source"))
    return {row.text("region"): row.text("letters").replace(" ", "") for row in rows}
