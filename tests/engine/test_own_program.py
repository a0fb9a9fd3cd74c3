"""A user's own file in `stacks/`, of which the toolkit knows nothing, runs on the real engine by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.conftest import MakeProject

pytest.importorskip("pulumi_aws")

MAIN = """
from pathlib import Path

from greenai_infra.stacks.program import run_program

run_program(Path(__file__).parent)
"""
OWN = """
import pulumi
import pulumi_aws as aws


def run():
    region = pulumi.Config("aws").require("region")
    topic = aws.sns.Topic("news", region=region, display_name=pulumi.Config().require_object("newsroom")["title"])
    return {"topic": topic.arn}
"""


def test_it_is_built_and_removed(project: MakeProject) -> None:
    made = project(MAIN, {"aws:region": "eu-north-1", "program": "newsroom"})
    (made.folder / "newsroom.py").write_text(OWN)
    made.set(**{"newsroom.title": "Grid"})

    assert made.changes("up")["create"] == 2  # the stack and the topic
    assert made.resource("news")["inputs"]["displayName"] == "Grid"
    assert made.changes("destroy")["delete"] == 2


def test_a_misspelt_program_is_named_beside_those_there_are(project: MakeProject) -> None:
    made = project(MAIN, {"aws:region": "eu-north-1", "program": "newsrom"})
    (made.folder / "newsroom.py").write_text(OWN)
    failed = made.pulumi("up", "--yes", "--skip-preview", check=False)
    assert failed.returncode != 0
    assert "unknown program 'newsrom'" in failed.stdout + failed.stderr
    assert "has newsroom" in failed.stdout + failed.stderr
