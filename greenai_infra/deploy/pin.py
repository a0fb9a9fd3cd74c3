"""From one placement of a plan to one stack's config: the plan's values are set, the rest of the file stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.sagemaker import is_sagemaker_training
from greenai_infra.catalog.zones import availability_zones
from greenai_infra.clock import format_time
from greenai_infra.deploy import yaml_edit
from greenai_infra.deploy.stack_configs.training import TrainingConfig, read_training_config
from greenai_infra.deploy.stack_files import NO_CAPACITY, SELECTED, StackFile
from greenai_infra.errors import InputError, Refused
from greenai_infra.planning.hysteresis import DEFAULT_THRESHOLD_PERCENT

if TYPE_CHECKING:
    from greenai_infra.deploy.plan_file import Placement, PlanFile

HEADER = "# greenai-infra select pins the plan here. Your own keys and edits survive the next select.\n"


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


def pin(plan: PlanFile, placement: Placement, file: StackFile, rank: int, options: Options) -> Pinned:
    """The stack for a placement. Raises Refused if no program can build it, InputError if its config is invalid."""
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


def _significant(value: float) -> float:
    """Six significant digits: more is noise in a tag or a file."""
    return float(f"{value:.6g}")
