"""From a plan to stack config: one stack a region for the first regions of the ranking, one of them chosen.

Nothing is written here. What the plan decides is set in the file's text; everything else in it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.sagemaker import is_sagemaker_training
from greenai_infra.catalog.zones import availability_zones
from greenai_infra.clock import format_time
from greenai_infra.deploy import yaml_edit
from greenai_infra.deploy.choice import DEFAULT_THRESHOLD_PERCENT, Choice, choose
from greenai_infra.deploy.stack_config import TrainingConfig, read_training_config, stack_name
from greenai_infra.deploy.stack_files import (
    NO_CAPACITY,
    SELECTED,
    StackFile,
    project_name,
    stack_file,
    stack_files,
)
from greenai_infra.errors import InputError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from greenai_infra.deploy.plan_file import Placement, PlanFile

HEADER = "# greenai-infra select pins the plan here. Your own keys and edits survive the next select.\n"

TIME_TO_BUILD = timedelta(minutes=15)
"""A start that is nearer than this may pass before the stack stands."""


@dataclass(frozen=True)
class Options:
    """What the user says beside the plan; None leaves a setting of the stack file as it is."""

    top: int = 3
    threshold_percent: float = DEFAULT_THRESHOLD_PERCENT
    force: bool = False
    launch: str | None = None
    image: str | None = None
    notify: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pinned:
    """One stack as it will be written."""

    file: StackFile
    config: TrainingConfig
    text: str

    @property
    def stack(self) -> str:
        """Its name."""
        return self.file.stack


@dataclass(frozen=True)
class Selection:
    """The pinned stacks, the one to apply first; `notes` are sentences on what was left out or left alone."""

    stacks: tuple[Pinned, ...]
    choice: Choice
    texts: dict[Path, str]
    notes: tuple[str, ...]


def select(plan: PlanFile, project_dir: Path, options: Options, now: datetime) -> Selection:
    """The stack files to write for a plan.

    Raises Refused if the first choice can't be built by the programs there are, InputError if its config is invalid.
    """
    if plan.workload.kind != "training":
        raise Refused(
            f"{plan.workload.name} is planned as {plan.workload.kind}; there is only a program for training yet"
        )
    own = [one for one in stack_files(project_dir) if one.training.get("workload") == plan.workload.name]
    current = _current(own, options)
    starved = [] if options.force else [one for one in own if str(one.value(NO_CAPACITY)) == plan.plan_id]
    ranked = _with_capacity(plan, starved)
    choice = choose(
        [(one.key, one.emissions_kg) for one in ranked],
        f"aws:{current.training.get('region')}" if current else None,
        options.threshold_percent,
        force=options.force,
    )
    order = sorted(ranked, key=lambda one: one.key != choice.region)
    pinned, notes = _pin_first(plan, order, project_dir, options)
    notes += [
        f"{one.stack} is left out: it reported no capacity for this plan; --force tries it again" for one in starved
    ]
    notes += _unmarked_notes([one for one in own if one not in starved], pinned, choice)
    first = pinned[0].config
    if first.launch == "scheduled" and first.start < now + TIME_TO_BUILD:
        notes.append(
            f"the planned start {format_time(first.start)} is past or too near for a schedule: plan again with "
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
    without = {f"aws:{one.training.get('region')}" for one in starved}
    ranked = [one for one in plan.ranked if one.key not in without]
    if not ranked:
        raise Refused("every region of this plan reported no capacity; plan again, or try them again with --force")
    return ranked


def _pin_first(
    plan: PlanFile, order: Sequence[Placement], project_dir: Path, options: Options
) -> tuple[list[Pinned], list[str]]:
    """The first `top` placements that can be pinned. What is wrong with the first one is raised."""
    project = project_name(project_dir)
    pinned: list[Pinned] = []
    notes: list[str] = []
    elsewhere: list[str] = []
    for placement in order:
        if len(pinned) == options.top:
            break
        if pinned and placement.provider != "aws":
            elsewhere.append(placement.key)
            continue
        file = stack_file(project_dir, project, stack_name(plan.workload.name, placement.region))
        try:
            pinned.append(_pin(plan, placement, file, len(pinned) + 1, options))
        except (Refused, InputError) as error:
            if not pinned:
                raise
            notes.append(f"skipped: {error}")
    if elsewhere:
        notes.append(f"skipped, as there is no program for that cloud yet: {', '.join(elsewhere)}")
    return pinned, notes


def _pin(plan: PlanFile, placement: Placement, file: StackFile, rank: int, options: Options) -> Pinned:
    check_deployable(placement)
    values = plan_values(plan, placement, rank) | _user_values(placement.region, options)
    training = {**file.training, **values}
    if "network" not in training:
        training["network"] = values["network"] = {"availability_zones": _zones(placement.region, file)}
    training = {key: value for key, value in training.items() if value is not yaml_edit.REMOVE}
    if "max_wait_hours" in training and (not training["spot"] or len(training["slices"]) > 1):
        del training["max_wait_hours"]  # bounds the wait of a single run on spot, which this plan is not
        values["max_wait_hours"] = yaml_edit.REMOVE
    config = read_training_config(training, f"{file.path.name}: {file.key('training')}")
    section = file.key("training")
    changes: dict[yaml_edit.Path, Any] = {
        ("config", "aws:region"): placement.region,
        ("config", file.key("program")): "training",
        ("config", file.key(SELECTED)): "true" if rank == 1 else yaml_edit.REMOVE,
        ("config", file.key(NO_CAPACITY)): yaml_edit.REMOVE,
        **{("config", section, key): value for key, value in values.items()},
    }
    text = yaml_edit.edit(file.text, changes, str(file.path))
    return Pinned(file, config, text if file.text else HEADER + text)


def check_deployable(placement: Placement) -> None:
    """Raises Refused, with the reason, for a placement that no program of `stacks/` can build."""
    if placement.provider != "aws":
        raise Refused(
            f"{placement.key} is on {placement.provider.upper()}, for which there is no program yet; "
            "plan with where.providers: [aws]"
        )
    if not is_sagemaker_training(placement.instance_type):
        raise Refused(
            f"{placement.key}: SageMaker does not train on {placement.instance_type}; "
            "plan with other hardware.accelerators"
        )
    if placement.cost_usd is None:
        raise Refused(f"{placement.key} has no cost in the plan; plan with an offer that has a price")


def _zones(region: str, file: StackFile) -> list[str]:
    zones = availability_zones(region)
    if len(zones) < 2:
        raise InputError(
            f"the availability zones of {region} are not known; name at least two in {file.path.name} as "
            f"network.availability_zones under {file.key('training')}, such as [{region}a, {region}b]"
        )
    return list(zones[:3])


def plan_values(plan: PlanFile, placement: Placement, rank: int) -> dict[str, Any]:
    """The keys of the training section that the plan decides, in the order in which they are written."""
    intensity = placement.intensity
    flags = f" [{', '.join(intensity.flags)}]" if intensity.flags else ""
    return {
        "workload": plan.workload.name,
        "project": plan.workload.project,
        "team": plan.workload.team,
        "region": placement.region,
        "instance_type": f"ml.{placement.instance_type.removeprefix('ml.')}",
        "instance_count": placement.instances,
        "spot": placement.purchase == "spot",
        "slices": [{"start": format_time(one.start), "end": format_time(one.end)} for one in placement.slices],
        "carbon": {
            "zone": placement.zone,
            "intensity_g_per_kwh": _significant(intensity.g_per_kwh),
            "signal": intensity.signal,
            "basis": intensity.basis,
            "source": intensity.source + flags,
            "kind": intensity.kind,
            "observed_at": format_time(intensity.observed_at),
        },
        "planned": {
            "plan_id": plan.plan_id,
            "planned_at": format_time(plan.as_of),
            "rank": rank,
            "energy_kwh": _significant(placement.energy_kwh),
            "emissions_kg": _significant(placement.emissions_kg),
            "cost_usd": _significant(placement.cost_usd or 0.0),
        },
    }


def _user_values(region: str, options: Options) -> dict[str, Any]:
    """What options set, for a stack in this region."""
    values: dict[str, Any] = {}
    if options.launch:
        values["launch"] = options.launch
    if options.image:
        values["image"] = image_in(options.image, region)
    if options.notify:
        values["notify_emails"] = list(options.notify)
    return values


def image_in(image: str, region: str) -> str:
    """The image's URI for a region: `{region}` is filled in. Raises Refused if it lies in another region's ECR."""
    uri = image.replace("{region}", region)
    parts = uri.split("/")[0].split(".")
    if parts[1:3] == ["dkr", "ecr"] and len(parts) > 3 and parts[3] != region:
        raise Refused(
            f"aws:{region}: the image lies in {parts[3]}, and SageMaker pulls from its own region only; "
            "write {region} in the URI and replicate the image"
        )
    return uri


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


def _significant(value: float) -> float:
    """Six significant digits: more is noise in a tag or a file."""
    return float(f"{value:.6g}")
