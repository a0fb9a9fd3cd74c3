"""What the programs of this toolkit can build: the rule by which a plan marks its rows and `select` refuses them."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.sagemaker import is_sagemaker_hosting, is_sagemaker_training
from greenai_infra.catalog.tpu import tpu_family
from greenai_infra.catalog.vertex import TPU_PREFIX, vertex_hardware, vertex_machines
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_SAGEMAKER_RUN = timedelta(days=28)
"""SageMaker's limit for a training job."""
LONGEST_VERTEX_PLAN = timedelta(days=35)
"""Limit for all runs together plus half: the steps of a workflow execution (100,000) can watch for this long."""
MOST_INSTANCES = {"training": 64, "inference": 1000}
MOST_SLICES = {"aws": 500, "gcp": 200}
SMALL_SLICES = ("1x1", "2x2", "2x4")
"""TPU topologies of one machine."""
OTHER_CHIPS = "plan with other hardware.accelerators"


class NotBuilt(NamedTuple):
    """Why no program can build the hardware, and what to plan instead."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}"


def not_built(
    kind: str,
    provider: str,
    instance_type: str,
    instances: int,
    purchase: str,
    slices_s: Sequence[tuple[float, float]],
) -> NotBuilt | None:
    """Why no program can build a run of a kind of work; None if it can be built. `slices_s` are Unix seconds."""
    if found := _machine_not_built(kind, provider, instance_type, instances, purchase):
        return found
    return _times_not_built(provider, slices_s) if kind == "training" else None


@cache
def _machine_not_built(kind: str, provider: str, instance_type: str, instances: int, purchase: str) -> NotBuilt | None:
    if provider == "gcp":
        check = _not_trained_on_vertex if kind == "training" else _not_served_on_tpus
        return check(instance_type, instances, purchase)
    does, usable = ("train", is_sagemaker_training) if kind == "training" else ("serve", is_sagemaker_hosting)
    if not usable(instance_type):
        return NotBuilt(f"SageMaker does not {does} on {instance_type}", OTHER_CHIPS)
    if kind == "inference" and purchase == "spot":
        return NotBuilt("SageMaker has no spot instances for endpoints", "plan with hardware.purchase on_demand")
    return _too_many(kind, instance_type, instances)


def _not_trained_on_vertex(instance_type: str, instances: int, purchase: str) -> NotBuilt | None:
    try:
        hardware = vertex_hardware(instance_type, instances)
    except InputError as error:
        return NotBuilt(str(error), OTHER_CHIPS)
    if vertex_machines()[hardware.machine_type].spot_only and purchase != "spot":
        return NotBuilt(
            f"Vertex AI has {hardware.machine_type} only as spot",
            "plan with hardware.purchase: spot, or with other hardware.accelerators",
        )
    if hardware.tpu_topology and hardware.tpu_topology not in SMALL_SLICES and purchase == "spot":
        return NotBuilt("Vertex AI has no spot slices of several machines", "plan with hardware.purchase on_demand")
    return _too_many("training", instance_type, hardware.machines)


def _not_served_on_tpus(instance_type: str, chips: int, purchase: str) -> NotBuilt | None:
    if not instance_type.startswith(TPU_PREFIX):
        return NotBuilt(
            f"on Google Cloud the inference program serves on TPUs only, not on {instance_type}",
            "plan with hardware.accelerators: [TPU-v5e]",
        )
    sizes = [machine.chips for machine in tpu_family(instance_type.removeprefix(TPU_PREFIX))]
    if chips in sizes:
        return None
    return NotBuilt(
        f"the plan takes {chips} chips of {instance_type}, and one host has {', '.join(map(str, sizes)) or 'none'}",
        "plan for less traffic per replica, or with other hardware.accelerators",
    )


def _too_many(kind: str, instance_type: str, instances: int) -> NotBuilt | None:
    most = MOST_INSTANCES[kind]
    if instances <= most:
        return None
    return NotBuilt(
        f"a stack takes at most {most} x {instance_type}, not {instances}", "plan with a smaller hardware.count"
    )


def _times_not_built(provider: str, slices_s: Sequence[tuple[float, float]]) -> NotBuilt | None:
    if len(slices_s) > MOST_SLICES[provider]:
        return NotBuilt(
            f"a stack takes at most {MOST_SLICES[provider]} slices, not {len(slices_s)}",
            "plan with a longer when.interruptible.minimum_slice_hours",
        )
    if provider == "gcp":
        longest, limit, what = slices_s[-1][1] - slices_s[0][0], LONGEST_VERTEX_PLAN, "a workflow can watch a plan"
    else:
        longest, limit = max(end - start for start, end in slices_s), LONGEST_SAGEMAKER_RUN
        what = "SageMaker lets a job run"
    if longest <= limit.total_seconds():
        return None
    return NotBuilt(
        f"{what} for {limit.days} days at most, not {longest / 86_400:.1f}", "plan with more or faster accelerators"
    )
