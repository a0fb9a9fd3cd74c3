"""A section for several regions of one cloud, of which one is active.

    greenai-infra:training:
      provider: gcp                  as in a section for one region; AWS without it
      active: eu-north-1             where the run is started
      run: {slices, carbon, planned} the current plan of the active region; default: the plan in its section
      regions:
        eu-north-1: {...}            each a whole section, as in the plan that added the region
        eu-west-3: {...}

A plan changes only `active` and `run`. Both are kept apart from the regions, so tags and resources stay unchanged when
a later plan moves the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from greenai_infra.catalog.read import near
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RUN_KEYS = ("slices", "carbon", "planned")
"""The keys of a section that come from the plan, and so are in `run`."""
_KEYS = ("provider", "active", "run", "regions")

Config = TypeVar("Config")


@dataclass(frozen=True)
class SeveralRegions(Generic[Config]):
    """The configs of the regions, by name; `run` is the active region's current run."""

    regions: dict[str, Config]
    active: str
    run: Config


def is_of_several(section: Any) -> bool:
    """Whether a section is for several regions."""
    return isinstance(section, dict) and "regions" in section


def regional_sections(section: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the section of each region, by name, the active region's first and with the current plan.

    Returns a section for a single region, or an unreadable section, as the only entry.
    """
    regions, active, run = section.get("regions"), section.get("active"), section.get("run")
    if not isinstance(regions, dict) or not isinstance(regions.get(active), dict):
        return {str(section.get("region") or ""): dict(section)}
    placed = {name: {"region": name, **values} for name, values in regions.items() if isinstance(values, dict)}
    now = {key: value for key, value in run.items() if key in RUN_KEYS} if isinstance(run, dict) else {}
    return {active: {**placed.pop(active), **now}, **placed}


def running_section(section: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the section of the region where the run is started, with the current plan."""
    return next(iter(regional_sections(section).values()))


def read_several(values: Any, where: str, read: Callable[[Any, str], Config]) -> SeveralRegions[Config]:
    """Returns the typed configs. `read` reads a section for one region. Raises InputError."""
    for key in values:
        if key not in _KEYS:
            raise InputError(
                f"{where}.{key}: unknown key beside `regions`{near(str(key), _KEYS)}; put it into each region"
            )
    regions, active, run = values["regions"], values.get("active"), values.get("run", {})
    if not isinstance(regions, dict) or not regions or not all(isinstance(one, dict) for one in regions.values()):
        raise InputError(f"{where}.regions: expected a section below the name of each region")
    if active not in regions:
        raise InputError(
            f"{where}.active: expected one of {', '.join(regions)}, the names in `regions` (is {active!r})"
        )
    if not isinstance(run, dict) or set(run) - set(RUN_KEYS):
        raise InputError(f"{where}.run: expected the keys {', '.join(RUN_KEYS)} and no other")
    for name, section in regions.items():
        if section.get("region", name) != name:
            raise InputError(f"{where}.regions.{name}.region: is {section['region']!r}, below the name of {name}")
        for key in ("workload", "provider"):
            if section.get(key) != regions[active].get(key):
                raise InputError(
                    f"{where}.regions.{name}.{key}: is {section.get(key)!r}, and {regions[active].get(key)!r} in "
                    f"{active}; all regions are of one {key}"
                )
    sections = {name: {"region": name, **section} for name, section in regions.items()}
    configs = {name: read(section, f"{where}.regions.{name}") for name, section in sections.items()}
    return SeveralRegions(configs, active, read({**sections[active], **run}, f"{where}.run" if run else where))
