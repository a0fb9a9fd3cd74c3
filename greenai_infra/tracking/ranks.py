"""The process's position in a distributed run, from torchrun, SageMaker or Vertex AI, or from arguments.

One process per node measures (local rank 0), and that of node 0 adds up the nodes. Within a node there is nothing to
add: the meter sees the whole machine.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

RESOURCE_CONFIG = Path("/opt/ml/input/config/resourceconfig.json")
"""SageMaker's file with the hosts, for containers without SageMaker's Python packages."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those of the run."""

    node: int = 0
    nodes: int = 1
    local_rank: int = 0
    processes: int = 1

    @property
    def measures(self) -> bool:
        """Whether this process measures its node."""
        return self.local_rank == 0

    @property
    def leads(self) -> bool:
        """Whether it adds up the nodes and reports to the sinks."""
        return self.node == 0 and self.local_rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is no other process."""
        return self.nodes == 1 and self.processes == 1


def find_ranks(environment: Mapping[str, str], node: int | None = None, nodes: int | None = None) -> Ranks:
    """From arguments, else torchrun's variables, else the cloud's, else torch's initialised process group.

    A torchrun started separately on each machine of a job knows only its node; the cloud then gives the node's number.
    RANK and WORLD_SIZE without LOCAL_RANK, as set by Kubernetes' training operator, are node and number of nodes.
    Raises InputError for an impossible rank.
    """
    local_rank = _local_rank(environment)
    found = _of_torchrun(environment, local_rank)
    by_cloud = _of_sagemaker(environment) or _of_vertex(environment)
    if (found is None or found.nodes == 1) and by_cloud is not None and by_cloud[1] > 1:
        found = Ranks(*by_cloud, local_rank, max(by_cloud[1], found.processes if found else 1))
    if found is None:
        found = _of_group() or Ranks()
    if (node is None) != (nodes is None):
        raise InputError("state both node (from 0) and nodes (their number)")
    if node is not None and nodes is not None:
        found = Ranks(node, nodes, local_rank, max(nodes, found.processes))
    if not 0 <= found.node < found.nodes:
        raise InputError(f"node {found.node} of {found.nodes} nodes: nodes count from 0 to {found.nodes - 1}")
    return found


def _local_rank(environment: Mapping[str, str]) -> int:
    """torchrun may give every process local rank 0 (`--virtual-local-rank`): then the rank decides."""
    stated, local = _count(environment, "LOCAL_RANK", 0), _count(environment, "LOCAL_WORLD_SIZE", 1)
    return stated or _count(environment, "RANK", 0) % max(1, local)


def _of_torchrun(environment: Mapping[str, str], local_rank: int) -> Ranks | None:
    if not (environment.get("RANK") and environment.get("WORLD_SIZE")):
        return None
    rank, processes = _count(environment, "RANK", 0), _count(environment, "WORLD_SIZE", 1)
    if not rank < processes:
        raise InputError(f"RANK is {rank} of a WORLD_SIZE of {processes}: ranks count from 0 to {processes - 1}")
    if not environment.get("LOCAL_RANK"):
        return Ranks(rank, processes, 0, processes)
    local = max(1, _count(environment, "LOCAL_WORLD_SIZE", 1))
    nodes = _count(environment, "GROUP_WORLD_SIZE", -(-processes // local))
    return Ranks(_count(environment, "GROUP_RANK", rank // local), max(1, nodes), local_rank, processes)


def _of_sagemaker(environment: Mapping[str, str]) -> tuple[int, int] | None:
    try:
        if "SM_HOSTS" in environment:
            hosts, current = json.loads(environment["SM_HOSTS"]), environment.get("SM_CURRENT_HOST", "")
        elif "TRAINING_JOB_ARN" in environment and RESOURCE_CONFIG.is_file():
            document = json.loads(RESOURCE_CONFIG.read_text(encoding="utf-8"))
            hosts, current = document["hosts"], document["current_host"]
        else:
            return None
        return hosts.index(current), len(hosts)
    except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"SageMaker's hosts (SM_HOSTS, SM_CURRENT_HOST) can't be read: {error!r}") from None


def _of_vertex(environment: Mapping[str, str]) -> tuple[int, int] | None:
    text = environment.get("CLUSTER_SPEC", "").strip()
    if not text:
        return None
    try:
        document = json.loads(text)
        pools, task = document["cluster"], document["task"]
        before = sum(len(pools[name]) for name in sorted(pools) if name < task["type"])
        return before + int(task["index"]), sum(map(len, pools.values()))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"CLUSTER_SPEC of Vertex AI can't be read: {error!r}") from None


def _of_group() -> Ranks | None:
    """A group created without these variables; its processes may share machines, which the report then says."""
    group = sys.modules.get("torch.distributed")
    if group is None or not group.is_available() or not group.is_initialized():
        return None
    return Ranks(group.get_rank(), group.get_world_size(), 0, group.get_world_size())


def _count(environment: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return otherwise
    if not text.isdecimal():
        raise InputError(f"{name} must be a whole number from 0, not {text!r}")
    return int(text)
