"""Grid zones by what a user calls them: the zone itself, or a cloud region that it feeds."""

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
    """Every grid zone that the tables know, by its name in lower case."""
    return {one.casefold(): one for one in tables.lifecycle_zones() | {one.zone for one in regions()}}


def find_zone(text: str) -> tuple[str, tuple[Region, ...]]:
    """A zone and the regions that it feeds, of `SE-SE3`; or that of `aws:eu-north-1` or `eu-north-1` with this region.

    Case does not matter. Raises InputError, naming near ones, for what is neither.
    """
    wanted = text.strip().casefold()
    named = tuple(one for one in regions() if wanted in (one.key, one.name))
    if named:
        return named[0].zone, named[:1]
    zones = zones_by_folded_name()
    if wanted in zones:
        return zones[wanted], tuple(one for one in regions() if one.zone == zones[wanted])
    names = [one.key if ":" in wanted else one.name for one in regions()]
    there = [one.key for one in regions() if wanted in (one.place.casefold(), one.country.casefold())]
    if there:
        hint = f"; in {text.strip()} there {'is' if len(there) == 1 else 'are'} {', '.join(there)}"
    else:
        hint = near(wanted, names if ":" in wanted else [*zones.values(), *names])
    raise InputError(
        f"'{text}' is neither a grid zone nor a region in the catalog{hint} "
        "(write a zone such as SE-SE3 or a region such as aws:eu-north-1; `greenai-infra regions` lists both)"
    )
