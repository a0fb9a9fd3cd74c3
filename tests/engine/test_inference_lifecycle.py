"""The inference stack through a whole life with plain `pulumi` on the real engine, against the provider double."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .lifecycle import edit_config, whole_life
from .training_project import training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine
    from .project import Project

pytestmark = pytest.mark.engine

CONFIGURATION, ENDPOINT = "endpointConfiguration:EndpointConfiguration", "endpoint:Endpoint"


@pytest.mark.parametrize(
    ("stack", "change"),
    [
        ("inferentia", {"scale_in_cooldown_s": 300, "max_error_percent": 2.0, "retention_days": 30}),
        ("serverless", {"latency_bound_ms": 500.0, "retention_days": 30}),
    ],
)
def test_an_endpoint_lives_through_plain_pulumi(
    engine: Engine, tmp_path: Path, stack: str, change: dict[str, Any]
) -> None:
    project = training_project(engine, tmp_path, stack)

    life = whole_life(project, "inference", change)

    assert set(life.changed) == {"same", "update"}


def test_another_instance_type_is_a_new_configuration_and_the_same_endpoint(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "inferentia")
    project.changes("up")
    before = {kind: outputs(project, kind) for kind in (CONFIGURATION, ENDPOINT)}

    edit_config(project, "inference", {"instance_type": "ml.inf2.8xlarge", "instance_count": 3})
    steps = steps_of_up(project, tmp_path / "events.json")

    after = {kind: outputs(project, kind) for kind in (CONFIGURATION, ENDPOINT)}
    assert after[CONFIGURATION]["name"] != before[CONFIGURATION]["name"]
    assert after[ENDPOINT]["name"] == before[ENDPOINT]["name"] == "greenai-serve-8b"
    assert after[ENDPOINT]["endpointConfigName"] == after[CONFIGURATION]["name"]
    # The new one is there before the endpoint moves to it, and the old one goes after that.
    order = [step for step in steps if step[1] in (CONFIGURATION, ENDPOINT) and step[0] not in ("same", "replace")]
    assert order == [
        ("create-replacement", CONFIGURATION),
        ("update", ENDPOINT),
        ("delete-replaced", CONFIGURATION),
    ]


def test_another_image_is_a_new_model_behind_the_same_endpoint(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "inferentia")
    project.changes("up")

    image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/llm-neuronx:v2"
    edit_config(project, "inference", {"image": image})
    steps = steps_of_up(project, tmp_path / "events.json")

    ops = [(op, kind) for op, kind in steps if op not in ("same", "replace") and kind != "pulumi:Stack"]
    assert ops[:3] == [
        ("create-replacement", "model:Model"),
        ("create-replacement", CONFIGURATION),
        ("update", ENDPOINT),
    ]
    assert set(ops[3:]) == {("delete-replaced", CONFIGURATION), ("delete-replaced", "model:Model")}


def test_a_stack_without_an_image_stops_before_it_builds_anything(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "inferentia")
    edit_config(project, "inference", {"image": None})

    stopped = project.pulumi("up", "--yes", "--skip-preview", check=False)

    assert stopped.returncode != 0
    assert "greenai-infra:inference: image: missing" in stopped.stdout + stopped.stderr
    assert [one for one in project.resources() if one["type"].startswith("aws:")] == []


def outputs(project: Project, kind: str) -> dict[str, Any]:
    """Outputs of the one resource of a kind in the state."""
    [found] = [one for one in project.resources() if one["type"].endswith(kind)]
    return dict(found["outputs"])


def steps_of_up(project: Project, log: Path) -> list[tuple[str, str]]:
    """(operation, kind of resource) of each step, in the order in which the engine takes them."""
    # The engine has this flag only for who debugs it.
    project.pulumi("up", "--yes", "--skip-preview", "--event-log", str(log), env={"PULUMI_DEBUG_COMMANDS": "true"})
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line]
    metadata = [one["resourcePreEvent"]["metadata"] for one in events if "resourcePreEvent" in one]
    return [(one["op"], one["type"].rpartition("/")[2] or one["type"]) for one in metadata]
