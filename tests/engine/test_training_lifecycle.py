"""The training stack through a whole life with plain `pulumi` on the real engine, against the provider double."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from .training_project import training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("stack", ["contiguous", "sliced"])
def test_a_scheduled_stack_lives_through_plain_pulumi(engine: Engine, tmp_path: Path, stack: str) -> None:
    project = training_project(engine, tmp_path, stack)

    planned = [step for step in project.preview()["steps"] if step["op"] == "create"]
    created = project.changes("up")
    unchanged = project.changes("up")
    edit_config(tmp_path / f"Pulumi.{stack}.yaml", {"retention_days": 60, "volume_gb": 1200})
    changed = project.changes("up")
    refreshed = project.changes("refresh")
    destroyed = project.changes("destroy")

    total = len(planned)
    assert created == {"create": total}
    assert unchanged == {"same": total}
    assert set(changed) == {"same", "update"}
    assert refreshed == {"same": total}
    assert destroyed == {"delete": total}
    assert project.resources() == []


def test_a_job_that_starts_now_is_replaced_when_its_instance_changes(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "now")

    created = project.changes("up")
    unchanged = project.changes("up")
    edit_config(tmp_path / "Pulumi.now.yaml", {"instance_type": "ml.g5.4xlarge"})
    changed = project.changes("up")
    destroyed = project.changes("destroy")

    assert set(created) == {"create"}
    assert set(unchanged) == {"same"}
    assert changed["replace"] == 1
    assert set(destroyed) == {"delete"}


def edit_config(path: Path, values: dict[str, object]) -> None:
    """Set keys of the training section of a stack's config."""
    document = yaml.safe_load(path.read_text())
    document["config"]["greenai-infra:training"] |= values
    path.write_text(yaml.safe_dump(document))
