"""Three regions in one stack on the real engine: built, moved by a new plan, moved back, destroyed."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.pinning.plans import again, pin, placement, plan

from .project import Project
from .training_project import copy_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine

LATER = [("2026-03-02T02:00:00Z", "2026-03-02T05:00:00Z"), ("2026-03-03T02:00:00Z", "2026-03-03T07:00:00Z")]
AWS = ("eu-north-1", "ca-central-1", "us-west-2")
GCP = ("northamerica-northeast1", "europe-north1", "us-west1")
GPUS = {"provider": "gcp", "instance_type": "g2-standard-96", "instances": 1}


def aws_schedules(resources: list[dict[str, Any]]) -> dict[str, bool]:
    """Region -> whether the schedule is enabled."""
    found = [one["inputs"] for one in resources if one["type"] == "aws:scheduler/schedule:Schedule"]
    return {one["region"]: one["state"] == "ENABLED" for one in found}


def gcp_schedules(resources: list[dict[str, Any]]) -> dict[str, bool]:
    found = [one["inputs"] for one in resources if one["type"] == "gcp:cloudscheduler/job:Job"]
    return {one["region"]: not one["paused"] for one in found}


def aws_given(schedule: dict[str, Any]) -> Any:
    """What the run is given by its schedule."""
    return json.loads(json.loads(schedule["inputs"]["target"]["input"])["Input"])


def gcp_given(schedule: dict[str, Any]) -> Any:
    body = json.loads(base64.b64decode(schedule["inputs"]["httpTarget"]["body"]))
    return json.loads(body["argument"])["plan"]


@pytest.mark.parametrize(
    ("regions", "more", "options", "enabled", "given"),
    [
        (AWS, {}, {}, aws_schedules, aws_given),
        (GCP, GPUS, {"gcp_project": "acme-training"}, gcp_schedules, gcp_given),
    ],
    ids=["aws", "gcp"],
)
def test_a_new_plan_moves_the_run_by_two_schedules_only(
    engine: Engine,
    tmp_path: Path,
    regions: tuple[str, str, str],
    more: dict[str, Any],
    options: dict[str, Any],
    enabled: Callable[[list[dict[str, Any]]], dict[str, bool]],
    given: Callable[[dict[str, Any]], Any],
) -> None:
    first, second, third = regions
    copy_program(tmp_path)
    placements = [placement(region, kg, **more) for region, kg in zip(regions, (2.0, 4.0, 8.0), strict=True)]
    before = plan(*placements)
    # Other hours, another intensity and another figure for each: all that a plan can say of the same machines.
    moved = [
        placement(region, kg, slices=LATER, energy_kwh=51.0, **more)
        for region, kg in zip((second, third, first), (1.0, 6.0, 9.0), strict=True)
    ]
    for one in moved:
        one["intensity"] = {**one["intensity"], "g_per_kwh": 33.0, "observed_at": "2026-03-01T00:00:00Z"}
    after = plan(*moved, as_of="2026-03-01T00:01:00Z")
    pin(tmp_path, before, multi_region=True, **options)
    project = Project(engine.apart(tmp_path / "engine"), tmp_path, "tune")
    project.pulumi("stack", "init", "--no-select")

    created = project.changes("up")
    at_first = project.resources()
    selection = pin(tmp_path, after, multi_region=True, **options)
    changed = project.changes("up")
    then = project.resources()
    pin(tmp_path, again(before), multi_region=True, **options)
    back = project.changes("up")
    unchanged = project.changes("up")
    refreshed = project.changes("refresh")
    destroyed = project.changes("destroy")

    total = created["create"]
    assert set(created) == {"create"}
    assert enabled(at_first) == {first: True, second: False, third: False}
    assert selection.choice.region.endswith(second)
    assert changed == {"update": 2, "same": total - 2}
    assert enabled(then) == {first: False, second: True, third: False}
    assert back == {"update": 2, "same": total - 2}
    assert unchanged == refreshed == {"same": total}
    assert destroyed == {"delete": total}
    assert project.resources() == []

    [schedule] = [one for one in then if _starts(one) and one["inputs"]["region"] == second]
    told = given(schedule)
    assert told["plan_id"] == selection.stacks[0].planned.plan_id
    assert [run["start"] for run in told["runs"]] == [start for start, _ in LATER]
    assert told["environment"]["GREENAI_INTENSITY_G_PER_KWH"] == "33"


def _starts(resource: dict[str, Any]) -> bool:
    return resource["type"] in ("aws:scheduler/schedule:Schedule", "gcp:cloudscheduler/job:Job")
