"""Inference on AWS: a placement becomes the section `inference` of one region's SageMaker endpoint.

A plan knows machines, load and carbon. Image and model come from the user: `--image` and `--model-data` for
all stacks, or the file of each stack. A stack without an image is still pinned, and its program says what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from greenai_infra.contracts.stack.inference import InferenceConfig, read_inference_config
from greenai_infra.errors import Refused
from greenai_infra.pinning.pins.aws import image_in, ml_type, network_example, network_values, unreached
from greenai_infra.pinning.pins.common import (
    carbon_values,
    load_of,
    owner_values,
    planned_serving_values,
    refuse_schedule,
    significant,
)
from greenai_infra.pinning.pins.pinner import Pinner

if TYPE_CHECKING:
    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import StackFile


class AwsInference(Pinner):
    """Pins a SageMaker endpoint."""

    program = "inference"
    given_by: ClassVar[dict[str, str]] = {
        "image": "--image URI, and --model-data S3_URI unless the image holds the model"
    }

    def check(self, placement: Placement, options: Options) -> None:
        """An endpoint has no schedule."""
        refuse_schedule(placement, options)

    def provider_config(self, placement: Placement) -> dict[str, str]:
        """The region of the provider."""
        return {"aws:region": placement.region}

    def section(self, plan: PlanFile, placement: Placement, rank: int, options: Options) -> dict[str, Any]:
        """Machines, load and what the plan knows of their carbon; then what the options set."""
        work = plan.workload.work
        requests_per_second, _ = load_of(plan)
        values: dict[str, Any] = {
            **owner_values(plan),
            "region": placement.region,
            "instance_type": ml_type(placement.instance_type),
            "instance_count": placement.instances,
            "requests_per_second": significant(requests_per_second),
        }
        if work.latency_bound_ms is not None:
            values["latency_bound_ms"] = significant(work.latency_bound_ms)
        values["carbon"] = carbon_values(placement)
        values["planned"] = planned_serving_values(plan, placement, rank)
        if options.image:
            values["image"] = image_in(options.image, placement.region)
        if options.model_data:
            values["model_data"] = options.model_data.replace("{region}", placement.region)
        if options.notify:
            values["notify_emails"] = list(options.notify)
        return values

    def settle(self, section: dict[str, Any], placement: Placement, file: StackFile) -> dict[str, Any]:
        """Adds a network if missing from the file. Raises Refused for a serverless stack."""
        if "serverless" in section:
            raise Refused(
                f"{placement.key}: {file.path.name} describes a serverless endpoint, and a plan chooses machines; take "
                f"serverless out of {file.key(self.program)} to serve on {ml_type(placement.instance_type)}"
            )
        return {} if "network" in section else network_values(placement)

    def remarks(self, section: dict[str, Any], placement: Placement) -> list[str]:
        """Whether the subnets reach the machine."""
        return unreached(section, placement)

    def read(self, section: dict[str, Any], where: str) -> InferenceConfig:
        """The typed config. Raises InputError."""
        return read_inference_config(section, where)

    def machine(self, config: InferenceConfig) -> str:
        """The instances."""
        return f"{config.instance_count} x {config.instance_type}"

    def starts_at(self, config: InferenceConfig) -> None:
        """With `up`."""
        return

    def wanted(self, section: dict[str, Any], placement: Placement) -> dict[str, Any]:
        """The image, as the model may lie in it; the network, where the zones of the region are not known."""
        image = f"123456789012.dkr.ecr.{placement.region}.amazonaws.com/llm-neuronx:v1"
        return {"image": image, **network_example(placement)}


PINNER = AwsInference()
