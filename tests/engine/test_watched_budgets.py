"""The alarms through a whole life on the real engine, alone, beside a training stack, and referred to by one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.previews.run import preview

from .lifecycle import whole_life
from .project import Project
from .test_offline_equals_engine import compare
from .training_project import CONFIGS, copy_program, training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine

SECTION = "greenai-infra:alarms"
ADDRESS = "https://events.example.com/integration/sEcReT/enqueue"


def set_key(path: Path, key: str, value: Any) -> None:
    document = yaml.safe_load(path.read_text())
    document["config"][key] = value
    path.write_text(yaml.safe_dump(document))


@pytest.mark.parametrize("stack", ["budget-all", "budget-chat", "budgeted"])
def test_alarms_live_through_plain_pulumi(engine: Engine, tmp_path: Path, stack: str) -> None:
    project = training_project(engine, tmp_path, stack)

    monthly = yaml.safe_load((tmp_path / f"Pulumi.{stack}.yaml").read_text())["config"][SECTION]["monthly_budget_kg"]
    life = whole_life(project, "alarms", {"monthly_budget_kg": monthly * 2, "anomaly_band": 3})

    # The four windows of the burn rates, their and the budget's descriptions, the rule of the budget, the dashboard.
    assert life.changed["update"] >= 6
    assert "replace" not in life.changed


@pytest.mark.parametrize("stack", ["budget", "budget-all", "budget-chat", "budgeted"])
def test_offline_equals_engine(engine: Engine, tmp_path: Path, stack: str) -> None:
    copy_program(tmp_path, stack)
    result = compare(engine, tmp_path, stack)
    assert not result.failed
    assert not [one for one in result.findings if one.code == "document-not-checked"]


def test_a_training_stack_refers_to_the_alarms_of_another_stack(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "budget")
    project.changes("up")
    for stack in ("contiguous", "sliced"):
        shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", tmp_path)
        set_key(tmp_path / f"Pulumi.{stack}.yaml", "greenai-infra:alarms-stack", "budget")
        project.engine.pulumi("stack", "init", "--no-select", cwd=tmp_path, stack=stack)
    same = Project(project.engine, tmp_path, "contiguous")
    other = Project(project.engine, tmp_path, "sliced")

    assert set(same.changes("up")) == {"create"}
    alarms = project.engine.json("stack", "output", cwd=tmp_path, stack="budget")
    outputs = project.engine.json("stack", "output", cwd=tmp_path, stack="contiguous")
    refused = other.pulumi("preview", check=False)

    assert outputs["alarms_stack"] == "budget"
    assert outputs["budget_alarm_arn"] == alarms["budget_alarm_arn"]
    assert refused.returncode != 0
    assert "greenai-infra:alarms-stack: stack budget watches project 'assistant', this stack has 'foundation'" in (
        refused.stdout + refused.stderr
    )


def test_an_encrypted_address_is_shown_nowhere(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "budget")
    project.pulumi("config", "set", "--secret", "--path", "alarms.notify.https[0]", ADDRESS)

    file = (tmp_path / "Pulumi.budget.yaml").read_text()
    offline = preview(tmp_path, "budget")
    shown = project.pulumi("preview", "--json").stdout + project.pulumi("preview", "--diff").stdout
    project.changes("up")
    state = project.pulumi("stack", "export").stdout

    assert "sEcReT" not in file + shown + state
    assert "secure:" in file
    assert not offline.failed
    assert "config-encrypted" in {one.code for one in offline.findings}
    assert "assistant-budget-alerts-https-1" in state


def test_an_address_that_is_not_encrypted_is_hidden_where_we_can_and_warned_of(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "budget-all")
    token = "0123456789abcdef0123456789abcdef"
    assert token in (tmp_path / "Pulumi.budget-all.yaml").read_text()
    offline = preview(tmp_path, "budget-all")

    # `preview --json` begins with the stack's config as it stands, which no program can prevent.
    assert token not in str(project.preview()["steps"])
    assert token not in project.pulumi("preview", "--diff").stdout
    assert token not in str(offline.as_json())
    [warning] = [one for one in offline.findings if "notify.https" in one.message]
    assert warning.severity == "warning"
    assert "notify.https stands in the stack's file as plain text" in warning.message
