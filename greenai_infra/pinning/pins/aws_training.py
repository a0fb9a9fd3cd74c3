"""Training on AWS: a placement becomes the section `training` of one region's stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.contracts.stack.training import TrainingConfig, read_training_config
from greenai_infra.pinning.pins.aws import image_in, ml_type, network_example, network_values, unreached
from greenai_infra.pinning.pins.common import carbon_values, owner_values, planned_values
from greenai_infra.pinning.pins.pinner import Pinner
from greenai_infra.project import yaml_edit

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import StackFile


class AwsTraining(Pinner):
    """Pins a SageMaker training region."""

    program = "training"

    def provider_config(self, placement: Placement) -> dict[str, str]:
        """The region of the provider."""
        return {"aws:region": placement.region}

    def section(self, plan: PlanFile, placement: Placement, rank: int, options: Options) -> dict[str, Any]:
        """Machine, slices and what the plan knows of their carbon; then what the options set."""
        values = {
            **owner_values(plan),
            "region": placement.region,
            "instance_type": ml_type(placement.instance_type),
            "instance_count": placement.instances,
            "spot": placement.purchase == "spot",
            "slices": [{"start": format_time(one.start), "end": format_time(one.end)} for one in placement.slices],
            "carbon": carbon_values(placement),
            "planned": planned_values(plan, placement, rank),
        }
        if options.launch:
            values["launch"] = options.launch
        if options.image:
            values["image"] = image_in(options.image, placement.region)
        if options.notify:
            values["notify_emails"] = list(options.notify)
        return values

    def settle(self, section: dict[str, Any], placement: Placement, file: StackFile) -> dict[str, Any]:
        """Adds a network if missing from the file; keeps `max_wait_hours` only if the plan is a single run on spot."""
        values = {} if "network" in section else network_values(placement)
        if "max_wait_hours" in section and (not section["spot"] or len(section["slices"]) > 1):
            values["max_wait_hours"] = yaml_edit.REMOVE
        return values

    def wanted(self, section: dict[str, Any], placement: Placement) -> dict[str, Any]:
        """The network, where the zones of the region are not known."""
        return network_example(placement)

    def remarks(self, section: dict[str, Any], placement: Placement) -> list[str]:
        """Whether the subnets reach the machine."""
        return unreached(section, placement)

    def read(self, section: dict[str, Any], where: str) -> TrainingConfig:
        """The typed config. Raises InputError."""
        return read_training_config(section, where)

    def machine(self, config: TrainingConfig) -> str:
        """The instances."""
        return f"{config.instance_count} x {config.instance_type}"

    def starts_at(self, config: TrainingConfig) -> datetime | None:
        """The first slice, unless the job starts with `up`."""
        return config.start if config.launch == "scheduled" else None


PINNER = AwsTraining()
