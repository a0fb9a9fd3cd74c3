"""A mistake written into a user's project, in a component or a stack's config: `preview --offline` tells of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.cli.init import plan_and_pin
from greenai_infra.scaffold.starter import write_project

if TYPE_CHECKING:
    from .conftest import Command

CONFIGS = Path(__file__).parents[1] / "stacks" / "configs"
STACKS = Path(__file__).parents[2] / "greenai_infra" / "stacks"
AWS, GCP = "stacks/components/aws", "stacks/components/gcp"


@dataclass(frozen=True)
class Mistake:
    """`old` becomes `new` in a file of the project. The finding has this code, and is about a resource so named."""

    id: str
    stack: str
    file: str
    old: str
    new: str
    code: str
    about: str


def config_of(stack: str) -> str:
    return f"Pulumi.{stack}.yaml"


SCHEDULE = f"{AWS}/training/planned_start.py"
TRAINING = f"{AWS}/training/workflow_definition.py"
CENSUS = f"{AWS}/alarms/census_definition.py"
SWITCH = f"{AWS}/alarms/kill_switch_definition.py"
WATCHED = f"{AWS}/alarms/watched.py"
GROUP = f"{AWS}/cache/replication_group.py"
BUDGET_METRIC = "        metric_name=CARBON_EMISSIONS_KG.name,"

MISTAKES = (
    *(
        Mistake(
            f"start-{name}",
            "contiguous",
            SCHEDULE,
            "schedule_expression=self.expression",
            f"schedule_expression={text!r}",
            "schedule-malformed",
            "finetune-7b-start",
        )
        for name, text in {
            "with-a-space": "at(2026-12-01 22:00:00)",
            "with-a-zone": "at(2026-12-01T22:00:00Z)",
            "without-seconds": "at(2026-12-01T22:00)",
            "on-no-day": "at(2026-02-30T22:00:00)",
            "not-closed": "at(2026-12-01T22:00:00",
            "cron-of-five-fields": "cron(0 22 1 12 *)",
        }.items()
    ),
    Mistake(
        "census-every-5-minute",
        "budget",
        f"{AWS}/alarms/job_census.py",
        'minutes)"',
        'minute)"',
        "schedule-malformed",
        "assistant-budget-census",
    ),
    Mistake(
        "gcp-start-of-six-fields",
        "gcp-slices",
        f"{GCP}/training/planned_start.py",
        "schedule=self.cron",
        "schedule=self.cron + ' 2026'",
        "schedule-malformed",
        "-start",
    ),
    Mistake(
        "node-type-in-the-component",
        "cache-nodes",
        GROUP,
        "node_type=nodes.node_type",
        'node_type="cache.r7g.huge"',
        "aws-unknown-cache-node",
        "-cache",
    ),
    Mistake(
        "begins-nowhere",
        "contiguous",
        TRAINING,
        '"StartAt": "Begin"',
        '"StartAt": "Start"',
        "state-machine-malformed",
        "finetune-7b-training",
    ),
    Mistake(
        "goes-on-nowhere",
        "contiguous",
        TRAINING,
        '"$.run.limit.start", "Next": "Train"',
        '"$.run.limit.start", "Next": "Trian"',
        "state-machine-malformed",
        "finetune-7b-training",
    ),
    Mistake(
        "a-catch-goes-nowhere",
        "contiguous",
        TRAINING,
        '"$.problem", "Next": "Inspect"',
        '"$.problem", "Next": "Look"',
        "state-machine-malformed",
        "finetune-7b-training",
    ),
    Mistake(
        "a-choice-goes-nowhere",
        "contiguous",
        TRAINING,
        '{**status("InProgress"), "Next": "WaitForJob"}',
        '{**status("InProgress"), "Next": "Wait"}',
        "state-machine-malformed",
        "finetune-7b-training",
    ),
    Mistake(
        "census-begins-nowhere",
        "budget",
        CENSUS,
        '"StartAt": "Begin"',
        '"StartAt": "Start"',
        "state-machine-malformed",
        "assistant-budget-job-census",
    ),
    Mistake(
        "census-goes-on-nowhere",
        "budget",
        CENSUS,
        '"Next": "MorePages"',
        '"Next": "MorePage"',
        "state-machine-malformed",
        "assistant-budget-job-census",
    ),
    Mistake(
        "inside-a-map-nowhere",
        "budget",
        f"{AWS}/alarms/own_jobs.py",
        '"StartAt": start',
        '"StartAt": start + "X"',
        "state-machine-malformed",
        "assistant-budget-job-census",
    ),
    Mistake(
        "switch-begins-nowhere",
        "budget-all",
        SWITCH,
        '"StartAt": "Begin"',
        '"StartAt": "Start"',
        "state-machine-malformed",
        "-kill-switch",
    ),
    Mistake(
        "switch-goes-on-nowhere",
        "budget-all",
        SWITCH,
        '"Next": "StillOver"',
        '"Next": "Over"',
        "state-machine-malformed",
        "-kill-switch",
    ),
    Mistake(
        "budget-on-another-name",
        "budget",
        WATCHED,
        BUDGET_METRIC,
        '        metric_name="carbon_emission_kg",',
        "alarm-on-unwritten-metric",
        "assistant-budget-daily-budget",
    ),
    Mistake(
        "budget-in-another-namespace",
        "budget",
        WATCHED,
        "        namespace=NAMESPACE,",
        '        namespace="GreenAi",',
        "alarm-on-unwritten-metric",
        "assistant-budget-daily-budget",
    ),
    Mistake(
        "budget-without-a-dimension",
        "budget",
        WATCHED,
        BUDGET_METRIC + "\n        dimensions=watched.dimensions,",
        BUDGET_METRIC + '\n        dimensions={"Project": watched.dimensions["Project"]},',
        "alarm-on-unwritten-metric",
        "assistant-budget-daily-budget",
    ),
    Mistake(
        "anomaly-on-another-name",
        "budget-all",
        WATCHED,
        '        "metric_name": CARBON_EMISSIONS_KG.name,',
        '        "metric_name": "carbon_kg",',
        "alarm-on-unwritten-metric",
        "-anomaly",
    ),
    Mistake(
        "gcp-budget-on-another-name",
        "gcp-budget",
        f"{GCP}/alarms/budget.py",
        "series_filter(CARBON_EMISSIONS_KG, self._labels)",
        'series_filter(CARBON_EMISSIONS_KG, self._labels).replace("emissions_kg", "emission_kg")',
        "alert-on-unwritten-metric",
        "-daily-budget",
    ),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `init` writes it, with the stacks of the example configs beside its own."""
    project = tmp_path_factory.mktemp("made") / "p"
    write_project(project, plan_and_pin)
    own_components(project)
    for stack in {mistake.stack for mistake in MISTAKES} | {"cache-serverless"}:
        shutil.copy(CONFIGS / config_of(stack), project)
    return project


@pytest.fixture
def project(sound: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    shutil.copytree(sound, tmp_path / "p")
    return tmp_path / "p"


def own_components(project: Path) -> None:
    """Give a project a copy of all components, as a user has who changes them, and let its programs import the copy."""
    shutil.copytree(STACKS, project / "stacks" / "components", ignore=shutil.ignore_patterns("__pycache__"))
    for file in (project / "stacks").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("greenai_infra.stacks", "components"), encoding="utf-8")


def preview(greenai: Command, project: Path, stack: str) -> tuple[int, dict[str, Any]]:
    """Exit code and document of the command, with the checks alone: the gate has tests of its own."""
    done = greenai("preview", "--offline", "--json", "--no-policy", "--stack", stack, cwd=project)
    return done.code, json.loads(done.out)


def errors(document: dict[str, Any]) -> list[dict[str, str]]:
    return [one for one in document["findings"] if one["severity"] == "error"]


@pytest.mark.parametrize("stack", sorted({mistake.stack for mistake in MISTAKES}))
def test_without_a_mistake_nothing_is_wrong(stack: str, sound: Path, greenai: Command) -> None:
    code, document = preview(greenai, sound, stack)
    assert (code, errors(document)) == (0, [])


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.id)
def test_a_mistake_is_found(mistake: Mistake, project: Path, greenai: Command) -> None:
    file = project / mistake.file
    text = file.read_text()
    assert mistake.old in text
    file.write_text(text.replace(mistake.old, mistake.new))
    code, document = preview(greenai, project, mistake.stack)
    told = [(one["code"], one["urn"].rpartition("::")[2]) for one in errors(document)]
    assert code == 1
    assert [name for found, name in told if found == mistake.code and name.endswith(mistake.about)], told
    assert all(one["remedy"] for one in errors(document) if one["code"] == mistake.code)
