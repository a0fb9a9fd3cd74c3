"""The machines on which Vertex AI trains, and Vertex AI's names for a plan's offer.

The catalog sells GPUs by machine (`a3-highgpu-8g`), T4s one by one with an n1 machine, and TPUs per chip; Vertex AI
takes a machine type with its accelerators, or with a topology of chips.
"""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from greenai_infra.catalog.read import table
from greenai_infra.catalog.tpu import chips_of
from greenai_infra.errors import InputError

_COLUMNS = (
    "machine_type", "accelerator", "accelerator_type", "accelerator_counts", "tpu_topologies", "spot_only", "source",
)  # fmt: skip
TPU_PREFIX = "tpu-"
ATTACHED_PREFIX = "n1+"


class VertexMachine(Struct, frozen=True):
    """A machine type: `accelerator` is the catalog's name, `accelerator_type` Vertex AI's (empty for TPUs).

    `counts` are the possible numbers of GPUs, `topologies` the shapes of TPU chips. `spot_only` machines are not
    available on demand.
    """

    machine_type: str
    accelerator: str
    accelerator_type: str
    counts: tuple[int, ...]
    topologies: tuple[str, ...]
    spot_only: bool


class VertexHardware(Struct, frozen=True):
    """What a job requests: a number of machines with a number of GPUs each, or a slice of TPU chips."""

    machine_type: str
    machines: int
    accelerator_type: str = ""
    accelerator_count: int = 0
    tpu_topology: str = ""


@cache
def vertex_machines() -> dict[str, VertexMachine]:
    """Every machine type with accelerators that Vertex AI trains on, by name."""
    return {
        row.text("machine_type"): VertexMachine(
            machine_type=row.text("machine_type"),
            accelerator=row.text("accelerator"),
            accelerator_type=row.text("accelerator_type"),
            counts=tuple(int(count) for count in row.text("accelerator_counts").split()),
            topologies=tuple(row.text("tpu_topologies").split()),
            spot_only=row.flag("spot_only"),
        )
        for row in table("vertex-machines.csv", _COLUMNS)
    }


def attached_counts(instance_type: str) -> tuple[int, ...]:
    """Numbers of an attached GPU (`n1+nvidia-tesla-t4`) that a machine takes, ascending; 1 where unknown."""
    wanted = _attached_type(instance_type)
    counts = {
        count
        for machine in vertex_machines().values()
        if machine.accelerator_type == wanted
        for count in machine.counts
    }
    return tuple(sorted(counts)) or (1,)


def vertex_hardware(instance_type: str, instances: int) -> VertexHardware:
    """Vertex AI's name for `instances` of an offer of the catalog. Raises InputError where it does not train on it."""
    if instance_type.startswith(TPU_PREFIX):
        return _slice(instance_type, instances)
    if instance_type.startswith(ATTACHED_PREFIX):
        return _attached(instance_type, instances)
    machine = vertex_machines().get(instance_type)
    if machine is None or not machine.counts:
        raise InputError(f"Vertex AI does not train on {instance_type}")
    return VertexHardware(instance_type, instances, machine.accelerator_type, machine.counts[-1])


def _slice(instance_type: str, chips: int) -> VertexHardware:
    """A whole slice: Vertex AI offers only whole slices."""
    names = {"tpu-v5litepod": "TPU-v5e", "tpu-v6e": "TPU-v6e"}
    accelerator = next((name for prefix, name in names.items() if instance_type.startswith(prefix)), None)
    if accelerator is None:
        raise InputError(f"Vertex AI does not train on {instance_type}, only on {' and '.join(names.values())}")
    fitting = {
        chips_of(topology): (machine.machine_type, topology)
        for machine in vertex_machines().values()
        if machine.accelerator == accelerator
        for topology in machine.topologies
    }
    if chips not in fitting:
        raise InputError(
            f"Vertex AI has no slice of {chips} chips of {accelerator}; there are slices of "
            f"{', '.join(map(str, sorted(fitting)))}"
        )
    machine_type, topology = fitting[chips]
    return VertexHardware(machine_type, 1, tpu_topology=topology)


def _attached(instance_type: str, gpus: int) -> VertexHardware:
    """GPUs with the smallest n1 machine that takes that many: one machine, because the offer names no more."""
    wanted = _attached_type(instance_type)
    machines = [machine for machine in vertex_machines().values() if machine.accelerator_type == wanted]
    for machine in sorted(machines, key=lambda one: int(one.machine_type.rpartition("-")[2])):
        if gpus in machine.counts:
            return VertexHardware(machine.machine_type, 1, machine.accelerator_type, gpus)
    raise InputError(f"Vertex AI has no machine with {gpus} of {instance_type}")


def _attached_type(instance_type: str) -> str:
    """Vertex AI's name of an attached GPU: NVIDIA_TESLA_T4 for `n1+nvidia-tesla-t4`."""
    return instance_type.removeprefix(ATTACHED_PREFIX).replace("-", "_").upper()
