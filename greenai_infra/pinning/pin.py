"""From one placement of a plan to one stack's config: the plan's values are set, the rest of the file stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.availability import one_zone_note, opt_in_note
from greenai_infra.catalog.buildable import not_built
from greenai_infra.catalog.regions import regions
from greenai_infra.errors import Refused
from greenai_infra.pinning.pins.budget import budget_changes
from greenai_infra.pinning.pins.registry import pinner_for
from greenai_infra.project import yaml_edit
from greenai_infra.project.stack_files import NO_CAPACITY, SELECTED, StackFile

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
    """One stack as it will be written; `starts_at` is None for what starts with `up`.

    `missing` says what is to be given before it can be built; then `config` has examples in the place of that.
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


def pin(plan: PlanFile, placement: Placement, file: StackFile, rank: int, options: Options) -> Pinned:
    """The stack for a placement. Raises Refused if no program can build it, InputError if its config is invalid."""
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
    own = file.value(pinner.program)
    section = {**(own if isinstance(own, dict) else {}), **values}
    values |= pinner.settle(section, placement, file)
    section = {key: value for key, value in (section | values).items() if value is not yaml_edit.REMOVE}
    name = file.key(pinner.program)
    lacking = {key: value for key, value in pinner.wanted(section, placement).items() if key not in section}
    config = pinner.read(section | lacking, f"{file.path.name}: {name}")
    assert config.planned is not None, "a pinner writes what was planned"
    changes: dict[yaml_edit.Path, Any] = {
        **{("config", key): value for key, value in pinner.provider_config(placement).items()},
        ("config", file.key("program")): pinner.program,
        ("config", file.key(SELECTED)): "true" if rank == 1 else yaml_edit.REMOVE,
        ("config", file.key(NO_CAPACITY)): yaml_edit.REMOVE,
        **{("config", name, key): value for key, value in values.items()},
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
