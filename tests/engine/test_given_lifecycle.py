"""Stacks with resources of the user's own through a whole life on the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stacks.test_given import AWS_GIVEN, GCP_GIVEN, VPC

from .lifecycle import edit_config, whole_life
from .training_project import training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("stack", "given"), [("contiguous", AWS_GIVEN), ("gcp-gpus", GCP_GIVEN)], ids=["aws", "gcp"])
def test_they_are_used_and_never_part_of_the_stack(
    engine: Engine, tmp_path: Path, stack: str, given: dict[str, Any]
) -> None:
    project = training_project(engine, tmp_path, stack)
    edit_config(project, "training", given)

    life = whole_life(project, "training", {"retention_days": 60})

    assert life.outputs["data_bucket"] == "acme-data"
    assert life.outputs["checkpoint_uri"].partition("//")[2].startswith("acme-checkpoints/checkpoints/")
    if stack == "contiguous":
        assert life.outputs["notices_topic_arn"] == AWS_GIVEN["topic_arn"]
        assert life.outputs["job_role_arn"] == AWS_GIVEN["role_arn"]
    assert VPC["vpc_id"] not in [one.get("id") for one in project.resources()]
