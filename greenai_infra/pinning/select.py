"""From a plan to stack config: a stack per region for the first regions of the ranking, with one stack chosen.

This module writes no files. It sets the plan's values in the file's text and keeps the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from greenai_infra.catalog.service_prices import FETCH
from greenai_infra.clock import format_time
from greenai_infra.contracts.stack.fields import stack_name
from greenai_infra.errors import InputError, Refused
from greenai_infra.pinning.pin import Pinned, pin
from greenai_infra.pinning.pins.budget import names_nobody
from greenai_infra.pinning.ruled_out import ruled_out
from greenai_infra.planning.hysteresis import KG, WITH_CARBON, Choice, choose
from greenai_infra.project import yaml_edit
from greenai_infra.project.stack_files import NO_CAPACITY, SELECTED, StackFile, read_project, stack_file, stack_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import Project

TIME_TO_BUILD = timedelta(minutes=15)
"""A start that is nearer than this may pass before the stack stands."""


MOST_SKIPPED = 3
"""Notes on regions that can't be pinned; the rest is counted."""


@dataclass(frozen=True)
class Selection:
    """The pinned stacks, the stack to apply first; `notes` are sentences on what was left out or left unchanged."""

    stacks: tuple[Pinned, ...]
    choice: Choice
    texts: dict[Path, str]
    notes: tuple[str, ...]


def select(plan: PlanFile, project_dir: Path, options: Options, now: datetime) -> Selection:
    """The stack files to write for a plan.

    Raises Refused if the first choice can't be built by the program of its cloud, or its region has been denied since,
    InputError if its config is invalid.
    """
    if options.multi_region and plan.workload.kind != "training":
        raise InputError(f"--multi-region is for training, and {plan.workload.name} is planned as {plan.workload.kind}")
    if options.model_data and plan.workload.kind != "inference":
        raise InputError(f"--model-data is for inference, and {plan.workload.name} is planned as {plan.workload.kind}")
    if not options.force and any("sandbox" in one.intensity.flags for one in plan.ranked):
        raise Refused(
            "the plan was made on made-up values, as the token is a sandbox token; plan again with a real token or "
            "another --source, or pin it all the same with --force"
        )
    own = [one for one in stack_files(project_dir) if one.section.get("workload") == plan.workload.name]
    current = _current(own, options)
    starved = [] if options.force else [one for one in own if str(one.value(NO_CAPACITY)) == plan.plan_id]
    ranked = _with_capacity(plan, starved)
    choice = choose(
        [(one.key, plan.value_of(one)) for one in ranked],
        current.place if current else None,
        options.threshold_percent,
        force=options.force,
        unit=WITH_CARBON if plan.workload.objective else KG,
    )
    order = sorted(ranked, key=lambda one: one.key != choice.region)
    pinned, notes = _pin_first(plan, order, project_dir, options)
    if options.multi_region:
        notes += _still_built(pinned)
        pinned = _as_one(pinned, pinned[0].file)
    notes += [
        f"{one.stack} is left out: for this plan it had no capacity or was closed; --force tries it again"
        for one in starved
    ]
    notes += _unmarked_notes([one for one in own if one not in starved], pinned, choice)
    notes += [f"{one.stack} can't be built yet: {one.missing}" for one in pinned[:1] if one.missing]
    notes += [note for one in pinned for note in one.notes]
    notes += _lists_not_read(pinned)
    first = pinned[0]
    if names_nobody(first.file, first.text, order[0].provider):
        notes.append(f"nobody hears of the budget alarms of {first.stack} yet: say who with --notify EMAIL")
    start = pinned[0].starts_at
    if start is not None and start < now + TIME_TO_BUILD:
        notes.append(
            f"the planned start {format_time(start)} is past or too near for a schedule: plan again with "
            "when.earliest (such as +1h), or start with `up` itself: --launch now --image URI"
        )
    texts = {one.file.path: one.text for one in pinned if one.text != one.file.text}
    for other in own:
        if other.selected and other.stack not in [one.stack for one in pinned]:
            texts[other.path] = yaml_edit.edit(
                other.text, {("config", other.key(SELECTED)): yaml_edit.REMOVE}, str(other.path)
            )
    return Selection(tuple(pinned), choice, texts, tuple(notes))


def _current(own: Sequence[StackFile], options: Options) -> StackFile | None:
    marked = [one for one in own if one.selected]
    if len(marked) > 1 and not options.force:
        files = ", ".join(one.path.name for one in marked)
        raise InputError(
            f"more than one stack is marked as chosen ({files}); take `{marked[0].key(SELECTED)}` out of all but one, "
            "or choose anew with --force"
        )
    return marked[0] if marked else None


def _with_capacity(plan: PlanFile, starved: Sequence[StackFile]) -> list[Placement]:
    """The plan's ranking without the regions that had no capacity for it."""
    without = {one.place for one in starved}
    ranked = [one for one in plan.ranked if one.key not in without]
    if not ranked:
        raise Refused(
            "every region had no capacity for this plan or was closed; plan again, or try them again with --force"
        )
    return ranked


def _pin_first(
    plan: PlanFile, order: Sequence[Placement], project_dir: Path, options: Options
) -> tuple[list[Pinned], list[str]]:
    """Returns the first `top` placements that can be pinned. Raises the error of the first placement."""
    project = read_project(project_dir)
    pinned: list[Pinned] = []
    skipped: list[str] = []
    for placement in order:
        if len(pinned) == options.top:
            break
        if options.multi_region and placement.provider != order[0].provider:
            skipped.append(f"skipped: {placement.key}: the stack's regions are all of {order[0].provider}")
            continue
        file = _file_for(plan, placement, project, pinned, options)
        try:
            if reason := ruled_out(project_dir, plan.workload.name, placement.key):
                raise Refused(f"{plan.workload.name}: {reason}")
            pinned.append(pin(plan, placement, file, len(pinned) + 1, options))
        except (Refused, InputError) as error:
            if not pinned:
                raise
            skipped.append(f"skipped: {str(error).splitlines()[0].rstrip(':')}")
    shown = skipped if len(skipped) <= MOST_SKIPPED + 1 else skipped[:MOST_SKIPPED]
    more = [f"skipped: {len(skipped) - len(shown)} more of the ranking, too"] if shown != skipped else []
    return pinned, shown + more


def _file_for(
    plan: PlanFile, placement: Placement, project: Project, pinned: Sequence[Pinned], options: Options
) -> StackFile:
    """Returns the file to pin a placement in: the region's file, or the shared file as left by the regions before."""
    if not options.multi_region:
        return stack_file(project, stack_name(plan.workload.name, placement.region))
    return pinned[-1].written if pinned else stack_file(project, plan.workload.name)


def _as_one(pinned: Sequence[Pinned], file: StackFile) -> list[Pinned]:
    """Returns the regions of a stack, each with the file on disk and with its last text."""
    return [replace(one, file=file, text=pinned[-1].text) for one in pinned]


def _still_built(pinned: Sequence[Pinned]) -> list[str]:
    """The regions in the stack's file that are not of this plan."""
    section = pinned[-1].written.value("training") or {}
    names, file = [one.placement.region for one in pinned], pinned[-1].file.path.name
    left = [name for name in section.get("regions", {}) if name not in names]
    return [f"{name} stays in {file} and stays built; to destroy it, take it out and run up" for name in left]


def _lists_not_read(pinned: Sequence[Pinned]) -> list[str]:
    """Returns the regions where SageMaker's offer of the machine is unknown."""
    keys = [one.placement.key for one in pinned if not one.placement.service_list_read]
    if not keys:
        return []
    fetch = f"{FETCH} {' '.join(f'--region {key}' for key in keys)}"
    return [f"EC2 has it, SageMaker's list not read: {', '.join(keys)}; to read it, and then plan again: {fetch}"]


def _unmarked_notes(own: Sequence[StackFile], pinned: Sequence[Pinned], choice: Choice) -> list[str]:
    notes = []
    names = [one.stack for one in pinned]
    if left := [one.path.name for one in own if one.stack not in names]:
        verb, what = ("is", "it keeps its") if len(left) == 1 else ("are", "they keep their")
        notes.append(f"{', '.join(left)} {verb} not among the pinned regions of this plan; {what} earlier plan")
    if choice.switched:
        notes += [
            f"if {one.stack} has been built, it still stands; remove it with: greenai-infra destroy --stack {one.stack}"
            for one in own
            if one.selected and one.stack != names[0]
        ]
    return notes
