"""Inference on Google Cloud's TPUs: a placement becomes the section `inference` of one region's stack.

A plan knows region, chips and carbon. Project, zone, image and model come from the user: `--gcp-project` sets the
project for all stacks, the file of each stack holds the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from greenai_infra.catalog.tpu import tpu_family
from greenai_infra.catalog.vertex import TPU_PREFIX
from greenai_infra.catalog.zones import gcp_zones
from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig, read_gcp_inference_config
from greenai_infra.errors import Refused
from greenai_infra.pinning.pins.common import (
    GCP_PROJECT,
    carbon_values,
    owner_values,
    planned_serving_values,
    refuse_schedule,
)
from greenai_infra.pinning.pins.pinner import Pinner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.catalog.tpu import TpuMachine
    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import StackFile


class GcpInference(Pinner):
    """Pins a region that serves on TPUs."""

    program = "inference"
    given_by: ClassVar[dict[str, str]] = {"gcp_project": "--gcp-project ID"}

    def check(self, placement: Placement, options: Options) -> None:
        """Options that say something to an endpoint on TPUs only."""
        if options.model_data:
            raise Refused(f"{placement.key}: --model-data is for AWS; on Google Cloud the stack's file names the model")
        refuse_schedule(placement, options)

    def provider_config(self, placement: Placement) -> dict[str, str]:
        """The region of the provider."""
        return {"gcp:region": placement.region}

    def section(self, plan: PlanFile, placement: Placement, rank: int, options: Options) -> dict[str, Any]:
        """Machine, and what the plan knows of its carbon; then what the options set."""
        values = {
            "provider": "gcp",
            **owner_values(plan),
            "region": placement.region,
            "accelerator_type": _machine(placement).accelerator_type,
            "carbon": carbon_values(placement),
            "planned": planned_serving_values(plan, placement, rank),
        }
        if options.gcp_project:
            values["gcp_project"] = options.gcp_project
        if options.notify:
            values["notify_emails"] = list(options.notify)
        return values

    def settle(self, section: dict[str, Any], placement: Placement, file: StackFile) -> dict[str, Any]:
        """Adds how the machine is bought, if `serve_on` has that setting, and a zone if the file lacks it."""
        spot = placement.purchase == "spot"
        if _on_vertex(section):
            return {"garden": {**_mapping(section["garden"]), "spot": spot}} if "garden" in section else {}
        zone = {"zone": placement.zones[0]} if placement.zones and "zone" not in section else {}
        return {"spot": spot, **zone}

    def remarks(self, section: dict[str, Any], placement: Placement) -> list[str]:
        """Whether the zone has the machine."""
        zone, zones = section.get("zone"), placement.zones
        if not zones or zone is None or zone in zones or _on_vertex(section):
            return []
        return [f"zone is {zone}, and {placement.instance_type} is offered in {', '.join(zones)}"]

    def wanted(self, section: dict[str, Any], placement: Placement) -> dict[str, Any]:
        """Project, and what is served where."""
        if _on_vertex(section):
            return GCP_PROJECT | {"garden": {"publisher_model": "publishers/google/models/gemma3@gemma-3-1b-it"}}
        image = f"{placement.region}-docker.pkg.dev/acme-ml/serving/vllm-tpu:v1"
        zones = gcp_zones(placement.region) or (f"{placement.region}-a",)
        server = {"image": image, "model": "gs://acme-models/llama-3-8b"}
        return GCP_PROJECT | {"zone": zones[-1], "server": server}

    def read(self, section: dict[str, Any], where: str) -> GcpInferenceConfig:
        """The typed config. Raises InputError."""
        return read_gcp_inference_config(section, where)

    def machine(self, config: GcpInferenceConfig) -> str:
        """The slice."""
        return f"1 x {config.accelerator_type}"

    def starts_at(self, config: GcpInferenceConfig) -> None:
        """With `up`."""
        return


def _machine(placement: Placement) -> TpuMachine:
    """The slice with the planned number of chips."""
    family = tpu_family(placement.instance_type.removeprefix(TPU_PREFIX))
    return next(one for one in family if one.chips == placement.instances)


def _on_vertex(section: Mapping[str, Any]) -> bool:
    return str(section.get("serve_on")) == "vertex"


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


PINNER = GcpInference()
