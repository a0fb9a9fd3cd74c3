"""A stack that version 0.1 built keeps standing through an upgrade of its project and an ejected component."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenai_infra.scaffold.eject import eject
from greenai_infra.scaffold.upgrade import upgrade_of

from .training_project import training_project

if TYPE_CHECKING:
    from .engine_cli import Engine

pytestmark = pytest.mark.engine
ARCHIVE = Path(__file__).parents[1] / "scaffold" / "project-0.1.tar.gz"


@pytest.mark.parametrize(
    ("stack", "component"), [("sliced", "aws.TrainingRegion"), ("gcp-slices", "gcp.TrainingRegion")]
)
def test_what_an_older_version_has_built_stays_as_it_is(
    engine: Engine, tmp_path: Path, stack: str, component: str
) -> None:
    project = training_project(engine, tmp_path, stack)
    shutil.rmtree(project.folder / "stacks")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(project.folder, filter="data")

    [(created, count)] = project.changes("up").items()
    upgrade_of(project.folder).apply()
    upgraded = project.changes("up")
    eject(project.folder, component)
    ejected = project.changes("up")

    assert created == "create"
    assert not (project.folder / "stacks" / "components").exists()
    assert (upgraded, ejected) == ({"same": count}, {"same": count})
    assert project.changes("destroy") == {"delete": count}
