"""A program of a user's own with two training regions, a cache and an endpoint, on the real engine."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.stacks.several import write_several

from .project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine

OF_THE_PROJECT = {"gcp:projects/service:Service", "gcp:projects/serviceIdentity:ServiceIdentity"}
"""What a Google Cloud project has once: each component asks for it, and none takes it away."""
PLACES = ("region", "location", "managedZone")
"""Within which an id is one thing's."""


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_they_are_built_together_and_leave_nothing(engine: Engine, tmp_path: Path, cloud: str) -> None:
    write_several(tmp_path, cloud)
    project = Project(engine.apart(tmp_path / "engine"), tmp_path, "dev")
    project.pulumi("stack", "init", "--no-select")

    created = project.changes("up")
    unchanged = project.changes("up")
    given = [
        (one["type"], *(one["inputs"].get(place) for place in PLACES), one["id"])
        for one in project.resources()
        if one.get("custom") and one["type"] not in OF_THE_PROJECT
    ]
    destroyed = project.changes("destroy")

    assert set(created) == {"create"}
    assert unchanged == {"same": created["create"]}
    twice = [one for one, times in Counter(given).items() if times > 1]
    assert twice == [], "no two have the id of the same thing in the cloud"
    assert destroyed == {"delete": created["create"]}
    assert project.resources() == []
