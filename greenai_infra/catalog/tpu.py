"""TPU slices: their numbers of chips; for single-host slices also their names and boot images.

Serving a model from several hosts needs a cluster (GKE with LeaderWorkerSet, or Ray), so those slices are deliberately
left out of the machines here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import prod

from greenai_infra.catalog.read import table


@dataclass(frozen=True)
class TpuMachine:
    """A single-host slice. `vertex_machine_type` is empty where Vertex AI does not serve from this generation."""

    accelerator_type: str
    accelerator: str
    chips: int
    topology: str
    runtime_version: str
    vertex_machine_type: str


def tpu_machine(accelerator_type: str) -> TpuMachine | None:
    """The machine by Cloud TPU's name, such as `v5litepod-8`."""
    return tpu_machines().get(accelerator_type)


def tpu_family(name: str) -> list[TpuMachine]:
    """The single-host machines of a slice's generation (`v5litepod-1`), smallest first."""
    return [
        machine for machine in tpu_machines().values() if name.startswith(machine.accelerator_type.rpartition("-")[0])
    ]


def slice_sizes(accelerator: str) -> tuple[int, ...]:
    """Chips of each slice on sale of the catalog's accelerator, ascending, single-host and multi-host; () if unknown.

    Slices with the same number of chips count as one shape.
    """
    return _slices().get(accelerator, ())


@cache
def _slices() -> dict[str, tuple[int, ...]]:
    return {
        row.text("accelerator"): tuple(sorted(chips_of(topology) for topology in row.text("topologies").split()))
        for row in table("tpu-slices.csv", ("accelerator", "topologies", "source", "evidence"))
    }


def chips_of(topology: str) -> int:
    """Chips of a topology: 16 of `4x4`."""
    return prod(int(side) for side in topology.split("x"))


@cache
def tpu_machines() -> dict[str, TpuMachine]:
    """All single-host machines by Cloud TPU's name."""
    columns = (
        "accelerator_type",
        "accelerator",
        "chips",
        "hosts",
        "topology",
        "runtime_version",
        "vertex_machine_type",
    )
    rows = table("tpu-machines.csv", (*columns, "source"))
    machines = {}
    for row in rows:
        if row.integer("hosts") != 1:
            raise row.error("hosts", "is not 1: this table holds machines of one host")
        name = row.text("accelerator_type")
        machines[name] = TpuMachine(
            name,
            row.text("accelerator"),
            row.integer("chips"),
            row.text("topology"),
            row.text("runtime_version"),
            row.text("vertex_machine_type"),
        )
    return machines
