"""The cache stack through a whole life with plain `pulumi` on the real engine; its password stays one and hidden."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from greenai_infra.contracts.cache_connection import CacheConnection

from .lifecycle import edit_config, whole_life
from .training_project import training_project

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from .engine_cli import Engine
    from .project import Project

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("stack", ["cache-serverless", "cache-nodes", "cache-joined"])
def test_a_cache_lives_through_plain_pulumi(engine: Engine, tmp_path: Path, stack: str) -> None:
    project = training_project(engine, tmp_path, stack)

    life = whole_life(project, "cache", {"snapshot_retention_days": 5, "environment": "staging"})

    assert set(life.changed) == {"same", "update"}
    connection = CacheConnection.from_outputs(life.outputs)
    assert connection.cluster_mode == (stack != "cache-joined")
    assert connection.secret.startswith("arn:aws:secretsmanager:")


def test_the_password_is_made_once_and_shown_nowhere(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "cache-joined")

    shown = [project.pulumi("preview", "--json").stdout]
    shown.append(project.pulumi("up", "--yes", "--skip-preview", "--diff").stdout)
    first = passwords(project)
    shown.append(project.pulumi("preview", "--json", "--show-sames").stdout)
    edit_config(project, "cache", {"environment": "staging"})
    shown.append(project.pulumi("up", "--yes", "--skip-preview", "--diff").stdout)
    second = passwords(project)
    edit_config(project, "cache", {"password_generation": 2})
    shown.append(project.pulumi("up", "--yes", "--skip-preview", "--diff").stdout)
    third = passwords(project)

    assert len(first) == 1, "the secret and both users have the same password"
    assert re.fullmatch(r"[0-9a-f]{64}", next(iter(first)))
    assert second == first
    assert len(third) == 1
    assert third != first
    shown.append(json.dumps(project.engine.json("stack", "output", cwd=tmp_path, stack="cache-joined")))
    shown.append(project.pulumi("stack", "export").stdout)
    written = [path.read_text(errors="ignore") for path in tmp_path.rglob("*.json") if path.is_file()]
    assert any("cache-password" in text for text in written), "the state has been read"
    for password in first | third:
        assert not [text for text in [*shown, *written] if password in text]


def passwords(project: Project) -> set[str]:
    """Every password in the state: of the secret's version and of the users, decrypted."""
    exported = project.pulumi("stack", "export", "--show-secrets").stdout
    found = set()
    for resource in json.loads(exported)["deployment"]["resources"]:
        for side in (resource.get("inputs", {}), resource.get("outputs", {})):
            for name in ("secretString", "passwords"):
                found |= texts(side.get(name))
    return found


def texts(value: Any) -> set[str]:
    """The strings in a value of the state; a secret that was decrypted is JSON text."""
    if isinstance(value, dict):
        return texts(json.loads(value["plaintext"])) if "plaintext" in value else set()
    if isinstance(value, list):
        return {text for item in value for text in texts(item)}
    return {value} if isinstance(value, str) else set()
