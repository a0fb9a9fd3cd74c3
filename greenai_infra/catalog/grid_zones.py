"""Grid zones by the user's name for them: the zone itself, or a cloud region that it feeds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog import tables
from greenai_infra.catalog.read import near
from greenai_infra.catalog.regions import regions
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.catalog.regions import Region


@cache
def zones_by_folded_name() -> dict[str, str]:
    """Every grid zone of the tables, by its name in lower case."""
    return {one.casefold(): one for one in tables.lifecycle_zones() | {one.zone for one in regions()}}


def find_zone(text: str) -> tuple[str, tuple[Region, ...]]:
    """A zone and the regions that it feeds, of `SE-SE3`; or that of `aws:eu-north-1` or `eu-north-1` with this region.

    Case does not matter. Raises InputError, with similar names, for an unknown zone or region.
    """
    wanted = text.strip().casefold()
    named = tuple(region for region in regions() if wanted in (region.key, region.name))
    if named:
        return named[0].zone, named[:1]
    zones = zones_by_folded_name()
    if wanted in zones:
        return zones[wanted], tuple(region for region in regions() if region.zone == zones[wanted])
    names = [region.key if ":" in wanted else region.name for region in regions()]
    there = [region.key for region in regions() if wanted in (region.place.casefold(), region.country.casefold())]
    if there:
        hint = f"; in {text.strip()} there {'is' if len(there) == 1 else 'are'} {', '.join(there)}"
    else:
        hint = near(wanted, names if ":" in wanted else [*zones.values(), *names])
    raise InputError(
        f"unknown grid zone or region '{text}'{hint} "
        "(write a zone such as SE-SE3 or a region such as aws:eu-north-1; `greenai-infra regions` lists both)"
    )
