"""The machines of a plan: from the stack to what the cloud tells each of them, and on to the arguments of torchrun."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.stacks.declare import declare
from training.cluster import read_cluster, torchrun_arguments
from training.contract import folders_of

if TYPE_CHECKING:
    from pathlib import Path


def found(document: Any, key: str) -> list[Any]:
    """Every value of a key, however deep."""
    if isinstance(document, list):
        return [value for one in document for value in found(one, key)]
    if not isinstance(document, dict):
        return []
    return [value for name, one in document.items() for value in ([one] if name == key else found(one, key))]


def ranks_and_nodes(arguments: list[str]) -> tuple[str, str]:
    stated = dict(one.removeprefix("--").split("=") for one in arguments)
    return stated["node-rank"], stated["nnodes"]


def test_on_sagemaker(tmp_path: Path) -> None:
    pytest.importorskip("pulumi_aws")
    definition = json.loads(declare("sliced").one("StateMachine").inputs["definition"])
    (resources,) = found(definition, "ResourceConfig")
    hosts = [f"algo-{number + 1}" for number in range(resources["InstanceCount"])]
    assert len(hosts) == 2

    told = []
    for host in hosts:
        folders = folders_of(tmp_path / host, {})
        folders.config.mkdir(parents=True)
        document = {"current_host": host, "hosts": hosts, "network_interface_name": "eth0"}
        (folders.config / "resourceconfig.json").write_text(json.dumps(document))
        told.append(ranks_and_nodes(torchrun_arguments(read_cluster(folders, {}), 8)))

    assert told == [("0", "2"), ("1", "2")]


def test_on_vertex_ai(tmp_path: Path) -> None:
    pytest.importorskip("pulumi_gcp")
    source = json.loads(declare("gcp-slices").one("Workflow").inputs["sourceContents"])
    (pools,) = found(source, "workerPoolSpecs")
    cluster = {
        f"workerpool{number}": [f"job-workerpool{number}-{replica}:2222" for replica in range(pool["replicaCount"])]
        for number, pool in enumerate(pools)
    }

    told = []
    for pool in cluster:
        spec = {"cluster": cluster, "environment": "cloud", "task": {"type": pool, "index": 0}}
        machines = read_cluster(folders_of(tmp_path, {}), {"CLUSTER_SPEC": json.dumps(spec)})
        told.append(ranks_and_nodes(torchrun_arguments(machines, 8)))

    assert told == [("0", "2"), ("1", "2")]
