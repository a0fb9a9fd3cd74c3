"""`doctor`: without a project, with one, and its exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("boto3", reason="the aws extra is not installed")

if TYPE_CHECKING:
    from .conftest import Command

CONFIGS = Path(__file__).parents[1] / "stacks" / "configs"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copy(CONFIGS / "Pulumi.sliced.yaml", folder)
    return folder


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS credentials anywhere."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")


def test_without_a_project_only_the_machine_is_looked_at(greenai: Command, tmp_path: Path) -> None:
    done = greenai("doctor", cwd=tmp_path)
    assert "only this machine is looked at" in done.out
    assert "AWS" not in done.out


def test_a_stack_without_credentials_or_backend_is_told_what_to_do(
    greenai: Command, project: Path, account: None
) -> None:
    done = greenai("doctor", "--stack", "sliced", "--json", cwd=project)
    document = json.loads(done.out)
    states = {one["part"]: one["state"] for one in document["checkups"]}

    assert done.code == 1
    assert document["stack"] == "sliced"
    assert (states["state"], states["passphrase"], states["AWS account"]) == ("error", "error", "error")
    assert all(one["remedy"] for one in document["checkups"] if one["state"] != "ok")


def test_an_unknown_stack_is_wrong_use(greenai: Command, project: Path) -> None:
    done = greenai("doctor", "--stack", "slicde", cwd=project)
    assert done.code == 2
    assert "there is no Pulumi.slicde.yaml" in done.err
