"""Several processes: which machines the cloud has given, and the arguments of torchrun for them.

The number of machines is the plan's (`instance_count` of the stack); SageMaker lists them in resourceconfig.json,
Vertex AI in $CLUSTER_SPEC. Each machine runs one process a GPU.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from training.contract import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.contract import Folders

PORT = 29_500
"""Of torchrun's rendezvous on the first machine, as torchrun has it by default."""


@dataclass(frozen=True)
class Cluster:
    """The machines of the job, and which of them this is."""

    hosts: tuple[str, ...] = ("localhost",)
    rank: int = 0


def read_cluster(folders: Folders, environment: Mapping[str, str]) -> Cluster:
    """From resourceconfig.json or $CLUSTER_SPEC; without them a single machine."""
    path = folders.config / "resourceconfig.json"
    if told := read_json(path):
        hosts, current = told.get("hosts"), told.get("current_host")
        if not (isinstance(hosts, list) and hosts and current in hosts):
            raise InputError(f"{path}: current_host {current!r} is not among hosts {hosts!r}")
        ordered = sorted(map(str, hosts), key=lambda host: (len(host), host))  # algo-2 before algo-10
        return Cluster(tuple(ordered), ordered.index(str(current)))
    if text := environment.get("CLUSTER_SPEC"):
        return _of_vertex(text)
    return Cluster()


def _of_vertex(text: str) -> Cluster:
    """Pools are ordered by name: workerpool0 is the chief's."""
    try:
        spec: dict[str, Any] = json.loads(text)
        pools = spec["cluster"]
        names = sorted(pools)
        task = (str(spec["task"]["type"]), int(spec["task"]["index"]))
        places = [(name, index) for name in names for index in range(len(pools[name]))]
        hosts = [str(host).rpartition(":")[0] or str(host) for name in names for host in pools[name]]
        return Cluster(tuple(hosts), places.index(task))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"CLUSTER_SPEC is not as Vertex AI writes it: {error!r}") from None


def gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> int:
    """NVIDIA GPUs that this container may use, without loading a driver."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return sum(bool(one.strip()) and one.strip() != "-1" for one in visible.split(","))
    return sum(path.name.removeprefix("nvidia").isdigit() for path in devices.glob("nvidia*"))


def torchrun_arguments(cluster: Cluster, processes: int) -> list[str]:
    """The arguments of torchrun on this machine; empty if a single process does all the work."""
    if processes * len(cluster.hosts) == 1:
        return []
    if len(cluster.hosts) == 1:
        return ["--standalone", f"--nproc-per-node={processes}"]
    return [
        f"--nnodes={len(cluster.hosts)}",
        f"--nproc-per-node={processes}",
        f"--node-rank={cluster.rank}",
        f"--master-addr={cluster.hosts[0]}",
        f"--master-port={PORT}",
    ]


def run_torchrun(arguments: Sequence[str], program: Sequence[str]) -> int:
    """Run torchrun in this process; returns the exit code of the process that ended first."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        run.main([*arguments, *program])
    except ChildFailedError as error:
        code = int(error.get_first_failure()[1].exitcode)
        return code if code >= 0 else 128 - code
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0
