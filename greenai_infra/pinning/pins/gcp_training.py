"""Training on Google Cloud: a placement becomes the section `training` of one region's stack on Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from greenai_infra.catalog.vertex import VertexHardware, vertex_hardware
from greenai_infra.clock import format_time
from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig, read_gcp_training_config
from greenai_infra.pinning.pins.common import GCP_PROJECT, carbon_values, owner_values, planned_values
from greenai_infra.pinning.pins.pinner import Pinner
from greenai_infra.project import yaml_edit

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import StackFile

_HARDWARE = ("accelerator_type", "accelerator_count", "tpu_topology")


class GcpTraining(Pinner):
    """Pins a region that trains on Vertex AI."""

    program = "training"
    given_by: ClassVar[dict[str, str]] = {"gcp_project": "--gcp-project ID"}

    def provider_config(self, placement: Placement) -> dict[str, str]:
        """The region of the provider; resources name their project themselves."""
        return {"gcp:region": placement.region}

    def section(self, plan: PlanFile, placement: Placement, rank: int, options: Options) -> dict[str, Any]:
        """Machine, slices and what the plan knows of their carbon; then what the options set."""
        hardware = _hardware(placement)
        values = {
            "provider": "gcp",
            **({"gcp_project": options.gcp_project} if options.gcp_project else {}),
            **owner_values(plan),
            "region": placement.region,
            "machine_type": hardware.machine_type,
            **_accelerators(hardware),
            "instance_count": hardware.machines,
            "spot": placement.purchase == "spot",
            "slices": [{"start": format_time(one.start), "end": format_time(one.end)} for one in placement.slices],
            "carbon": carbon_values(placement),
            "planned": planned_values(plan, placement, rank),
        }
        if options.launch:
            values["launch"] = options.launch
        if options.image:
            values["image"] = options.image.replace("{region}", placement.region)
        if options.notify:
            values["notify_emails"] = list(options.notify)
        return values

    def settle(self, section: dict[str, Any], placement: Placement, file: StackFile) -> dict[str, Any]:
        """No accelerators of an earlier plan's machine."""
        hardware = _accelerators(_hardware(placement))
        return {key: yaml_edit.REMOVE for key in _HARDWARE if key in section and key not in hardware}

    def wanted(self, section: dict[str, Any], placement: Placement) -> dict[str, Any]:
        """The project."""
        return GCP_PROJECT

    def read(self, section: dict[str, Any], where: str) -> GcpTrainingConfig:
        """The typed config. Raises InputError."""
        return read_gcp_training_config(section, where)

    def machine(self, config: GcpTrainingConfig) -> str:
        """Returns the machines with the GPUs attached to each, or a single slice by its topology."""
        if config.tpu_topology:
            return f"{config.tpu_topology} slice of {config.machine_type}"
        gpus = f" + {config.accelerator_count} GPU" if config.machine_type.startswith("n1-") else ""
        return f"{config.instance_count} x {config.machine_type}{gpus}"

    def starts_at(self, config: GcpTrainingConfig) -> datetime | None:
        """The first slice, unless the job starts with `up`."""
        return config.start if config.launch == "scheduled" else None


def _hardware(placement: Placement) -> VertexHardware:
    return vertex_hardware(placement.instance_type, placement.instances)


def _accelerators(hardware: VertexHardware) -> dict[str, Any]:
    if hardware.tpu_topology:
        return {"tpu_topology": hardware.tpu_topology}
    return {"accelerator_type": hardware.accelerator_type, "accelerator_count": hardware.accelerator_count}


PINNER = GcpTraining()
