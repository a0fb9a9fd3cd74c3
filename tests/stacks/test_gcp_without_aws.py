"""A stack on Google Cloud is previewed where nothing of AWS is installed."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.engine.command_line import WITHOUT_SITE, CommandLine, packages_without

from .declare import CONFIGS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")


@pytest.fixture
def command(tmp_path: Path) -> CommandLine:
    """A project with one stack on Google Cloud and one on AWS, in an environment with the extra [gcp] only."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    for stack in ("gcp-gpus", "contiguous"):
        shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", folder)
    settings = packages_without(tmp_path / "packages", "pulumi_aws", "boto3", "botocore")
    return CommandLine(folder, {**os.environ, **settings})


def test_it_needs_nothing_of_aws(command: CommandLine) -> None:
    done = command("preview", "--offline", "--stack", "gcp-gpus", "--json", "--no-policy", command=WITHOUT_SITE)

    assert done.code == 0, done.said
    shown = json.loads(done.out)
    assert shown["region"] == "northamerica-northeast1"
    assert shown["findings"] == []
    assert shown["tags"]["common"]["carbon-intensity-g-per-kwh"] == "41"
    assert shown["tags"]["missing"] == {}


def test_a_stack_on_aws_says_what_to_install(command: CommandLine) -> None:
    done = command("preview", "--offline", "--stack", "contiguous", command=WITHOUT_SITE)

    assert done.code == 2
    assert "pip install 'greenai-infra[aws]'" in done.err
