"""Cloud regions: where each lies, which grid feeds it, how efficient its buildings are."""

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
    """One region of a provider.

    `zone` is the Electricity Maps zone that feeds it, `watttime_region` WattTime's name (empty if not known).
    `pue` is energy of the building over energy of its computers, 1 or more; `pue_is_fleet_mean` says that the
    provider publishes none for this region and the mean of its whole fleet stands in. `opt_in` says that an account
    can't use the region before it has enabled it.
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
        """Provider and name, as in `aws:us-east-1`."""
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
    """The region of `aws:eu-north-1`, or of the bare `eu-north-1`. Raises InputError, naming near ones, if unknown."""
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
    """Why people take a region, by its key; the one that most would take comes first."""
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
    """The countries that data may lie in, from country codes and group names; case does not matter.

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
                f"residency '{name}' is neither a country code nor one of {', '.join(country_groups())}{hint}"
            )
    return frozenset(allowed)
