"""The training stack on Google Cloud through a whole life on the real engine, against the provider double."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .lifecycle import edit_config, whole_life
from .test_offline_equals_engine import compare
from .training_project import copy_program, training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")
pytestmark = pytest.mark.engine


def test_a_scheduled_stack_lives_through_plain_pulumi(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "gcp-slices")

    life = whole_life(project, "training", {"retention_days": 60, "boot_disk_gb": 1200})

    assert life.changed == {"same": life.planned - 4, "update": 4}, "three buckets and the workflow"


def test_a_job_that_starts_now_lives_and_a_new_plan_starts_again(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "gcp-now")

    created = project.changes("up")
    first = project.resource("classify-now")["inputs"]["startExecutionToken"]
    unchanged = project.changes("up")
    edit_config(project, "training", {"spot": False, "boot_disk_gb": 600})
    changed = project.changes("up")
    destroyed = project.changes("destroy")

    assert set(created) == {"create"}
    assert set(unchanged) == {"same"}
    assert changed["update"] == 1, "the workflow; the start is not repeated"
    assert first == "plan-00aa11bb"
    assert set(destroyed) == {"delete"}


@pytest.mark.parametrize("stack", ["gcp-gpus", "gcp-now"])
def test_the_offline_preview_equals_the_engines(engine: Engine, tmp_path: Path, stack: str) -> None:
    copy_program(tmp_path, stack)

    result = compare(engine, tmp_path, stack)

    assert not result.failed
    assert len(result.built) > 55
    assert {one.region for one in result.built if one.region} == {result.region}
