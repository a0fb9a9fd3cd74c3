"""Plans that somebody edited, files given for others, and texts of files that would move the terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.pinning.plans import FOUR, make_project
from tests.reporting.previews import preview, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Command

WORKLOAD = """
name: tune
project: assistants
team: research
kind: training
work: {accelerator_hours: {hours: 24, accelerator: H100}}
hardware: {accelerators: [H100], count: 8}
where: {providers: [aws]}
"""
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"


@pytest.fixture
def plan(greenai: Command, tmp_path: Path) -> Path:
    project = make_project(tmp_path / "project")
    (project / "workload.yaml").write_text(WORKLOAD)
    made = greenai("plan", "workload.yaml", "--source", "embedded", "--out", "plan.json", cwd=project)
    assert made.code == 0, made.err
    return project / "plan.json"


def edit(plan: Path, change: Callable[[dict[str, Any]], None]) -> str:
    """Change the document as a hand would; the plan_id that it says."""
    document = json.loads(plan.read_text(encoding="utf-8"))
    change(document)
    plan.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return str(document["plan_id"])


def cheaper(document: dict[str, Any]) -> None:
    document["placement"]["emissions_kg"] /= 2


def test_a_plan_that_was_only_written_anew_is_the_same(greenai: Command, plan: Path) -> None:
    edit(plan, lambda document: None)  # other blanks, other escapes
    done = greenai("explain", "plan.json", cwd=plan.parent)
    assert (done.code, done.err) == (0, "")
    assert greenai("select", "plan.json", cwd=plan.parent).code == 0


@pytest.mark.parametrize("arguments", [["select", "plan.json"], ["up", "--plan", "plan.json", "--yes"]])
def test_an_edited_plan_is_not_built(greenai: Command, plan: Path, arguments: list[str]) -> None:
    said = edit(plan, cheaper)
    before = sorted(plan.parent.iterdir())
    done = greenai(*arguments, cwd=plan.parent)
    assert done.code == 2
    assert done.err.startswith(f"error: plan.json was edited after it was made: it says plan_id '{said}', and its")
    assert "make it again with: greenai-infra plan WORKLOAD --out plan.json" in done.err
    assert sorted(plan.parent.iterdir()) == before


def test_an_edited_plan_is_explained_with_a_warning(greenai: Command, plan: Path) -> None:
    edit(plan, cheaper)
    done = greenai("explain", "plan.json", cwd=plan.parent)
    assert done.code == 0
    assert "warning: plan.json was edited after it was made" in done.err
    assert "tune" in done.out


def test_a_comment_says_that_its_plan_was_edited(greenai: Command, tmp_path: Path) -> None:
    pinned = "f730a77b9bf3acf3"
    write(tmp_path / "head.json", preview())  # of a stack that says this plan_id
    (tmp_path / "plan.json").write_text(json.dumps({**FOUR, "plan_id": pinned}))
    done = greenai("comment", "head.json", "--plan", "plan.json", "--dry-run", "--fail-on", "never", cwd=tmp_path)
    assert done.code == 0, done.err
    assert f"note: plan.json was edited after it was made: it says plan_id '{pinned}'" in done.err
    assert f"plan `{pinned}`, edited after it was made, of 2026-03-01 00:00 UTC" in done.out


def test_a_plan_of_others_can_not_move_the_terminal(greenai: Command, plan: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        document["workload"]["name"] += EVIL
        document["placement"]["place"] += EVIL
        document["placement"]["intensity"]["source"] += EVIL
        document["notes"] = [note + EVIL for note in document["notes"]] + [EVIL]

    edit(plan, spoil)
    done = greenai("explain", "plan.json", cwd=plan.parent)
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(done.out + done.err)
    assert "\\u001b[2J" in done.out

    edit(plan, lambda document: document.update(schema_version=EVIL))
    done = greenai("select", "plan.json", cwd=plan.parent)
    assert done.code == 2
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(done.out + done.err)


@pytest.mark.parametrize("arguments", [["plan"], ["watch", "--rounds", "1"]])
def test_a_plan_given_for_a_workload_is_answered_with_what_takes_it(
    greenai: Command, plan: Path, arguments: list[str]
) -> None:
    for text in (plan.read_text(), json.dumps(json.loads(plan.read_text()), sort_keys=True)):
        plan.write_text(text)
        done = greenai(*arguments, "plan.json", cwd=plan.parent)
        assert (done.code, done.out) == (2, "")
        assert done.err == (
            "error: plan.json is a plan, not a workload file: show it with `greenai-infra explain plan.json`, "
            "pin it with `greenai-infra select plan.json`\n"
        )


@pytest.mark.parametrize("arguments", [["select"], ["explain"], ["up", "--yes", "--plan"]])
def test_a_workload_given_for_a_plan_is_answered_with_what_makes_one(
    greenai: Command, plan: Path, arguments: list[str]
) -> None:
    as_json = plan.parent / "workload.json"
    as_json.write_text(json.dumps(yaml.safe_load(WORKLOAD)))
    for name in ("workload.yaml", as_json.name):
        done = greenai(*arguments, name, cwd=plan.parent)
        assert (done.code, done.out) == (2, "")
        assert done.err == (
            f"error: {name} is a workload file, not a plan: make one with `greenai-infra plan {name} --out plan.json`\n"
        )


def test_a_stack_file_given_for_a_workload_is_answered_with_what_takes_it(greenai: Command, plan: Path) -> None:
    assert greenai("select", "plan.json", cwd=plan.parent).code == 0
    stack = next(plan.parent.glob("Pulumi.tune-*.yaml"))
    done = greenai("plan", stack.name, cwd=plan.parent)
    assert done.code == 2
    assert f"{stack.name} is a stack file, not a workload file: preview it with" in done.err
