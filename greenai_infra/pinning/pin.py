"""From a placement of a plan to a stack's config: sets the plan's values and keeps the rest of the file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.availability import one_zone_note, opt_in_note
from greenai_infra.catalog.buildable import not_built
from greenai_infra.catalog.regions import regions
from greenai_infra.contracts.stack.several_regions import RUN_KEYS, is_of_several
from greenai_infra.errors import InputError, Refused
from greenai_infra.pinning.pins.budget import budget_changes
from greenai_infra.pinning.pins.registry import pinner_for
from greenai_infra.project import yaml_edit
from greenai_infra.project.stack_files import NO_CAPACITY, SELECTED, StackFile, config_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.contracts.stack.fields import CarbonTagged, Planned
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.pinning.pins.pinner import Pinner

HEADER = "# greenai-infra select pins the plan here. Your own keys and edits survive the next select.\n"


@dataclass(frozen=True)
class Pinned:
    """A stack as it will be written; `starts_at` is None if the workload starts with `up`.

    `missing` says what the user must supply before the stack can be built; until then `config` holds examples for it.
    """

    file: StackFile
    placement: Placement
    config: CarbonTagged
    planned: Planned
    machine: str
    starts_at: datetime | None
    text: str
    missing: str = ""
    notes: tuple[str, ...] = ()
    """What is to be known of its region, its zones and its machine, in sentences."""

    @property
    def stack(self) -> str:
        """Its name."""
        return self.file.stack

    @property
    def label(self) -> str:
        """The stack's name, or the region's name if a single stack holds several regions."""
        return self.placement.region if is_of_several(self.written.value("training")) else self.stack

    @property
    def written(self) -> StackFile:
        """The file with its new text."""
        config = config_of(yaml_edit.load(self.text, str(self.file.path)), self.file.path)
        return replace(self.file, text=self.text, config=config)


def pin(plan: PlanFile, placement: Placement, file: StackFile, rank: int, options: Options) -> Pinned:
    """Returns the stack for a placement. Raises Refused without a program for it, InputError for an invalid config.

    With `multi_region` the placement is one region of the stack. A region already in the file keeps the plan with which
    it was built; the current plan of the first rank goes into `run`.
    """
    if found := not_built(
        plan.workload.kind,
        placement.provider,
        placement.instance_type,
        placement.instances,
        placement.purchase,
        [(one.start.timestamp(), one.end.timestamp()) for one in placement.slices],
    ):
        raise Refused(f"{placement.key}: {found}")
    pinner = pinner_for(placement.provider, plan.workload.kind)
    pinner.check(placement, options)
    values = pinner.section(plan, placement, rank, options)
    name = file.key(pinner.program)
    own, at = _own_section(file, name, placement, options)
    run = {key: values[key] for key in RUN_KEYS} if options.multi_region else {}
    built_with = {key: own[key] for key in run if key in own}
    section = {**own, **values, **built_with}
    values = {key: value for key, value in values.items() if key not in built_with}
    values |= pinner.settle(section, placement, file)
    section = {key: value for key, value in (section | values).items() if value is not yaml_edit.REMOVE}
    lacking = {key: value for key, value in pinner.wanted(section, placement).items() if key not in section}
    config = pinner.read(section | lacking | run, f"{file.path.name}: {'.'.join(at)}")
    assert config.planned is not None, "a pinner writes what was planned"
    changes: dict[yaml_edit.Path, Any] = {
        **{
            ("config", key): value
            for key, value in pinner.provider_config(placement).items()
            if not (options.multi_region and key in file.config)  # the resources name their region themselves
        },
        ("config", file.key("program")): pinner.program,
        ("config", file.key(SELECTED)): "true" if rank == 1 or options.multi_region else yaml_edit.REMOVE,
        ("config", file.key(NO_CAPACITY)): yaml_edit.REMOVE,
        **(_of_all_regions(name, placement, run) if options.multi_region and rank == 1 else {}),
        **{("config", *at, key): value for key, value in values.items()},
        **budget_changes(plan, file, options, placement.provider),
    }
    text = yaml_edit.edit(file.text, changes, str(file.path))
    text = text if file.text else HEADER + text
    missing = _missing(pinner, lacking, file) if lacking else ""
    notes = (*_of_place(placement), *(f"{file.path.name}: {one}" for one in pinner.remarks(section, placement)))
    return Pinned(
        file=file,
        placement=placement,
        config=config,
        planned=config.planned,
        machine=pinner.machine(config),
        starts_at=pinner.starts_at(config),
        text=text,
        missing=missing,
        notes=notes,
    )


def _own_section(
    file: StackFile, name: str, placement: Placement, options: Options
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Returns the section of the placement's region in the file, and the keys that lead to it.

    Raises InputError if the file's section is for a single region and the new section for several, or vice versa.
    """
    found = file.config.get(name)
    section = found if isinstance(found, dict) else {}
    if section and is_of_several(section) != options.multi_region:
        has, other = ("several regions", "with") if is_of_several(section) else ("one region", "without")
        raise InputError(f"{file.path.name}: {name} is for {has}; select {other} --multi-region, or remove the file")
    if not options.multi_region:
        return section, (name,)
    regions = section.get("regions")
    own = regions.get(placement.region) if isinstance(regions, dict) else None
    return (own if isinstance(own, dict) else {}), (name, "regions", placement.region)


def _of_all_regions(name: str, placement: Placement, run: dict[str, Any]) -> dict[yaml_edit.Path, Any]:
    """Where the run starts, and its plan."""
    provider = {"provider": "gcp"} if placement.provider == "gcp" else {}
    values: dict[str, Any] = {**provider, "active": placement.region, "run": run}
    return {("config", name, key): value for key, value in values.items()}


def _of_place(placement: Placement) -> Iterator[str]:
    """Whether the account must enable the region first, and whether the machine is offered there and where."""
    region = next((one for one in regions() if one.key == placement.key), None)
    if region and region.opt_in:
        yield opt_in_note(region)
    if placement.offered != "listed" and placement.availability:
        yield placement.availability
    if one := one_zone_note(placement.instance_type, placement.key, placement.zone_count, placement.zones):
        yield one


def _missing(pinner: Pinner, lacking: dict[str, Any], file: StackFile) -> str:
    """What the stack lacks, and how to give it: by an option of `select`, or as these lines in its file."""
    options = {key: pinner.given_by[key] for key in lacking if key in pinner.given_by}
    again = f" (or for {', '.join(options)}: select again with {' '.join(options.values())})" if options else ""
    lines = yaml_edit.dump({"config": {file.key(pinner.program): lacking}}).rstrip()
    return (
        f"it lacks {', '.join(lacking)}, which no plan knows; write into {file.path.name}, with your own "
        f"values{again}:\n{lines}"
    )
