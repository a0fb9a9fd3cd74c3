"""Serving stacks, caches and budgets of Google Cloud through a whole life on the real engine, against the double."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .lifecycle import edit_config, whole_life
from .test_offline_equals_engine import compare
from .training_project import copy_program, training_project

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine
    from .project import Project

pytestmark = pytest.mark.engine

# Stack, section, a change of its config, and the kinds of steps that it must at least lead to.
LIVES = [
    pytest.param("tpu-vm", "inference", {"notify_emails": ["other@example.com"]}, {"create", "delete"}, id="tpu-vm"),
    pytest.param("tpu-queue", "inference", {"network": {"internet": True}}, {"delete", "same"}, id="tpu-queue"),
    pytest.param("vertex", "inference", {"project": "helpers"}, {"update", "same"}, id="vertex"),
    pytest.param("gcp-budget", "alarms", {"daily_budget_kg": 5}, {"update", "same"}, id="budget"),
    pytest.param("gcp-cache", "cache", {"node_type": "HIGHMEM_MEDIUM"}, {"update", "same"}, id="cache"),
    pytest.param("gcp-cache-cluster", "cache", {"shards": 5}, {"update", "same"}, id="cache-cluster"),
]


@pytest.mark.parametrize(("stack", "section", "change", "expected"), LIVES)
def test_a_stack_lives_from_preview_to_destroy(
    engine: Engine, tmp_path: Path, stack: str, section: str, change: dict[str, Any], expected: set[str]
) -> None:
    project = training_project(engine, tmp_path, stack)

    life = whole_life(project, section, change)

    assert expected <= set(life.changed)


@pytest.mark.parametrize("stack", ["tpu-vm", "tpu-queue", "vertex", "gcp-budget", "gcp-cache", "gcp-cache-cluster"])
def test_the_offline_preview_equals_the_engines(engine: Engine, tmp_path: Path, stack: str) -> None:
    copy_program(tmp_path, stack)

    result = compare(engine, tmp_path, stack)

    assert not result.failed
    assert not result.missing_tags()


def machine_of(project: Project) -> dict[str, Any]:
    """The machine that serves; while it is replaced, the one that still stands."""
    [found] = [one for one in project.resources() if one["type"] == "gcp:tpu/v2Vm:V2Vm"]
    return found


def test_another_script_makes_another_machine_before_the_old_one_goes(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "tpu-vm")
    project.changes("up")
    before = machine_of(project)

    edit_config(project, "inference", {"server.model": "gs://acme-models/llama-3-70b"})
    told = [line for line in project.pulumi("up", "--yes", "--skip-preview").stdout.splitlines() if "V2Vm" in line]
    after = machine_of(project)

    done = [what for line in told for what in ("created replacement", "deleted original") if what in line]
    assert done == ["created replacement", "deleted original"], told
    assert before["id"] != after["id"]
    assert "llama-3-70b" in after["inputs"]["metadata"]["startup-script"]


def test_no_capacity_leaves_the_old_machine_serving(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "tpu-vm")
    project.changes("up")
    before = machine_of(project)

    edit_config(project, "inference", {"server.port": 8080})
    stockout = {"GREENAI_DOUBLE_FAIL": "gcp:tpu/v2Vm:V2Vm=There is no more capacity in the zone"}
    failed = project.pulumi("up", "--yes", "--skip-preview", env=stockout, check=False)

    assert failed.returncode != 0
    assert machine_of(project)["id"] == before["id"]


@pytest.mark.parametrize(
    ("stack", "url", "clustered"),
    [("gcp-cache", "rediss://10.44.0.2:6379", False), ("gcp-cache-cluster", "rediss://10.44.0.2:6379", True)],
)
def test_a_cache_exports_what_its_library_reads(
    engine: Engine, tmp_path: Path, stack: str, url: str, clustered: bool
) -> None:
    from greenai_infra.contracts.cache_connection import CacheConnection

    project = training_project(engine, tmp_path, stack)
    project.changes("up")
    outputs = project.engine.json("stack", "output", cwd=project.folder, stack=project.stack)

    connection = CacheConnection.from_outputs(outputs)

    assert connection.url == url
    assert (connection.auth, connection.secret, connection.username) == ("iam", "", "default")
    assert connection.cluster_mode is clustered
    assert connection.region == "europe-north1"
    assert connection.ca.startswith("-----BEGIN CERTIFICATE-----")
