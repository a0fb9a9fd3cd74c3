"""The names in a workload file, looked up once: chips, regions, countries."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from greenai_infra.catalog.accelerators import Accelerator, accelerators, find_accelerator
from greenai_infra.catalog.regions import Region, find_region, residency_countries
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.planning.workload_parts import Baseline, Data, Hardware, Where
    from greenai_infra.planning.workload_work import Work
    from greenai_infra.typed_yaml.types import KeyPath, Problem

Found = TypeVar("Found")


class Resolved(Struct, frozen=True):
    """What a workload's names stand for in the catalog; None for what the workload does not state.

    `chips` are the accepted chips by name, `work_chip` the chip of measured work or of stated accelerator hours.
    """

    chips: Mapping[str, Accelerator]
    work_chip: Accelerator | None
    allow: frozenset[Region] | None
    deny: frozenset[Region]
    countries: frozenset[str] | None
    data_region: Region | None
    baseline_region: Region | None
    baseline_chip: Accelerator | None


def resolve(
    hardware: Hardware, work: Work, where: Where, data: Data | None, baseline: Baseline
) -> tuple[Resolved, list[Problem]]:
    """The names' objects, and a problem with similar names for each unknown name, whose object is left out."""
    look = _LookUp()
    if hardware.accelerators == "any":
        chips = accelerators()
    else:
        chips = look.all(("hardware", "accelerators"), hardware.accelerators, find_accelerator)
    work_chip = None
    for key in ("accelerator_hours", "measured", "measured_request"):
        if (stated := getattr(work, key)) is not None:
            work_chip = look.one(("work", key, "accelerator"), stated.accelerator, find_accelerator)
    allow = None if where.allow is None else frozenset(look.all(("where", "allow"), where.allow, find_region))
    deny = frozenset(look.all(("where", "deny"), where.deny, find_region))
    countries = None
    if where.residency is not None:
        groups = look.all(("where", "residency"), where.residency, lambda name: residency_countries([name]))
        countries = frozenset[str]().union(*groups)
    data_region = None
    if data is not None:
        data_region = look.one(("data", "region"), data.region, find_region)
    baseline_region = look.one(("baseline", "region"), baseline.region, find_region)
    baseline_chip = look.one(("baseline", "accelerator"), baseline.accelerator, find_accelerator)
    found = Resolved(
        chips={chip.name: chip for chip in chips},
        work_chip=work_chip,
        allow=allow,
        deny=deny,
        countries=countries,
        data_region=data_region,
        baseline_region=baseline_region,
        baseline_chip=baseline_chip,
    )
    return found, look.problems


class _LookUp:
    """Looks names up and collects what is unknown."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def one(self, at: KeyPath, name: str | None, find: Callable[[str], Found]) -> Found | None:
        try:
            return None if name is None else find(name)
        except InputError as error:
            self.problems.append((at, str(error)))
            return None

    def all(self, at: KeyPath, names: Sequence[str], find: Callable[[str], Found]) -> tuple[Found, ...]:
        found = [self.one((*at, number), name, find) for number, name in enumerate(names)]
        return tuple(one for one in found if one is not None)
