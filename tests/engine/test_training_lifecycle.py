"""The training stack through a whole life with plain `pulumi` on the real engine, against the provider double."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .lifecycle import whole_life
from .training_project import training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("stack", ["contiguous", "sliced"])
def test_a_scheduled_stack_lives_through_plain_pulumi(engine: Engine, tmp_path: Path, stack: str) -> None:
    project = training_project(engine, tmp_path, stack)

    life = whole_life(project, "training", {"retention_days": 60, "volume_gb": 1200})

    assert set(life.changed) == {"same", "update"}


def test_a_job_that_starts_now_is_replaced_when_its_instance_changes(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "now")

    life = whole_life(project, "training", {"instance_type": "ml.g5.4xlarge"})

    assert life.changed["replace"] == 1
