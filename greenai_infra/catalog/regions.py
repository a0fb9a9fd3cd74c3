"""Cloud regions: location, grid, and efficiency of the buildings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from greenai_infra.catalog.read import near, table
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = (
    "provider", "region", "place", "country", "latitude", "longitude", "zone", "watttime_region",
    "pue", "pue_year", "pue_scope", "opt_in", "opt_in_source", "source", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """A region of a provider.

    `zone` is the Electricity Maps zone that feeds it, `watttime_region` WattTime's name (empty if unknown).
    `pue` is energy of the building over energy of its computers, 1 or more; `pue_is_fleet_mean`: the provider does not
    publish a PUE for this region, so the mean of its fleet is used. `opt_in`: an account must enable the region before
    using it.
    """

    provider: str
    name: str
    place: str
    country: str
    latitude: float
    longitude: float
    zone: str
    watttime_region: str
    pue: float
    pue_year: int
    pue_is_fleet_mean: bool
    source: str
    note: str
    opt_in: bool = False

    @property
    def key(self) -> str:
        """Provider and name, such as `aws:us-east-1`."""
        return f"{self.provider}:{self.name}"


@cache
def regions() -> tuple[Region, ...]:
    """Every region of the catalog, by provider and name."""
    return tuple(
        Region(
            provider=row.text("provider"),
            name=row.text("region"),
            place=row.text("place"),
            country=row.text("country"),
            latitude=row.signed("latitude"),
            longitude=row.signed("longitude"),
            zone=row.text("zone"),
            watttime_region=row.text("watttime_region"),
            pue=row.number("pue"),
            pue_year=row.integer("pue_year"),
            pue_is_fleet_mean=row.text("pue_scope") == "fleet",
            source=row.text("source"),
            note=row.text("note"),
            opt_in=row.text("opt_in") == "yes",
        )
        for row in table("regions.csv", _COLUMNS)
    )


def enable_command(region: Region) -> str:
    """The command that enables an opt-in region in an account of AWS."""
    return f"aws account enable-region --region-name {region.name}"


@cache
def _by_name() -> dict[str, Region]:
    return {name: region for region in regions() for name in (region.key, region.name)}


def find_region(text: str) -> Region:
    """The region of `aws:eu-north-1`, or of the bare `eu-north-1`. Raises InputError, with similar names."""
    wanted = text.strip().lower()
    region = _by_name().get(wanted)
    if region is None:
        names = [known for known in _by_name() if (":" in known) == (":" in wanted)]
        raise InputError(
            f"'{text}' is not a region in the catalog{near(wanted, names)} "
            "(`greenai-infra regions` lists all; write aws:NAME or gcp:NAME)"
        )
    return region


@cache
def usual_regions() -> dict[str, str]:
    """Why people choose a region, by its key; the most popular region comes first."""
    rows = table("default-regions.csv", ("rank", "provider", "region", "reason", "source", "evidence"))
    return {
        f"{row.text('provider')}:{row.text('region')}": row.text("reason")
        for row in sorted(rows, key=lambda row: row.integer("rank"))
    }


@cache
def country_groups() -> dict[str, frozenset[str]]:
    """Named groups of countries (EU, EEA, continents, ...) as ISO 3166 alpha-2 codes."""
    groups: dict[str, set[str]] = {}
    for row in table("country-groups.csv", ("group", "country", "source")):
        groups.setdefault(row.text("group"), set()).add(row.text("country"))
    return {name: frozenset(members) for name, members in groups.items()}


@cache
def _known_countries() -> frozenset[str]:
    grouped = frozenset[str]().union(*country_groups().values())
    return grouped | {region.country for region in regions()}


def residency_countries(names: Sequence[str]) -> frozenset[str]:
    """The countries that may hold the data, from country codes and group names; case does not matter.

    Raises InputError for a name that is neither a group nor the code of a country in a group or with a region.
    """
    groups = {name.casefold(): members for name, members in country_groups().items()}
    allowed: set[str] = set()
    for name in names:
        text = name.strip()
        if text.casefold() in groups:
            allowed |= groups[text.casefold()]
        elif text.upper() in _known_countries():
            allowed.add(text.upper())
        else:
            hint = near(text, [*country_groups(), *_known_countries()])
            raise InputError(
                f"residency: unknown country code or group '{name}'; the groups are {', '.join(country_groups())}{hint}"
            )
    return frozenset(allowed)
