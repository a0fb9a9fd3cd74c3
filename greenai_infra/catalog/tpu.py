"""TPU machines of one host: what a slice is called, how many chips it has, and what boots on it.

A model that is served from several hosts needs a cluster of its own (GKE with LeaderWorkerSet, or Ray): those slices
are left out here on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import table


@dataclass(frozen=True)
class TpuMachine:
    """One single-host slice. `vertex_machine_type` is empty where Vertex AI serves nothing from this generation."""

    accelerator_type: str
    accelerator: str
    chips: int
    topology: str
    runtime_version: str
    vertex_machine_type: str


def tpu_machine(accelerator_type: str) -> TpuMachine | None:
    """The machine by Cloud TPU's name, such as `v5litepod-8`."""
    return tpu_machines().get(accelerator_type)


def tpu_machine_of(accelerator: str, chips: int) -> TpuMachine | None:
    """The machine with exactly this many chips of the catalog's accelerator (`TPU-v5e`)."""
    found = [one for one in tpu_machines().values() if (one.accelerator, one.chips) == (accelerator, chips)]
    return found[0] if found else None


def tpu_family(name: str) -> list[TpuMachine]:
    """The machines of a slice's generation (`v5litepod-1`), smallest first; none of several hosts."""
    return [one for one in tpu_machines().values() if name.startswith(one.accelerator_type.rpartition("-")[0])]


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
