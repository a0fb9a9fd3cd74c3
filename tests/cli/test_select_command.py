"""`select`: from a plan file to stack files, what it prints, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from greenai_infra.scaffold.starter import GATE, GATE_EXAMPLE
from greenai_infra.templates import shipped
from tests.pinning.plans import (
    FOUR,
    NORTH,
    OREGON,
    again,
    make_project,
    placement,
    plan,
    selected,
    stack,
    stacks,
    write_plan,
)

from .in_process import run_here

if TYPE_CHECKING:
    import subprocess

    from .conftest import Command

ROOT = Path(__file__).parents[2]
FINETUNE = ROOT / "templates" / "workloads" / "finetune-7b.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_an_example_goes_from_workload_to_preview(tmp_path: Path, greenai: Command) -> None:
    project = tmp_path / "my project"
    shutil.copytree(shipped("stacks"), project / "stacks")
    shutil.copy(shipped(GATE_EXAMPLE), project / GATE)
    shutil.copy(shipped("Pulumi.yaml"), project)

    planned = greenai("plan", FINETUNE, "--source", "embedded", "--out", "plan.json", cwd=project)
    chosen = greenai("select", "plan.json", cwd=project)
    preview = preview_offline(project, "--json")

    assert (planned.code, chosen.code, preview.returncode) == (0, 0, 0), planned.err + chosen.err + preview.stderr
    document = json.loads((project / "plan.json").read_text(encoding="utf-8"))
    ranked = [document["placement"], *document["alternatives"]]
    assert stacks(project) == sorted(f"Pulumi.finetune-7b-{one['region']}.yaml" for one in ranked[:3])
    for one in ranked[:3]:
        check_against_plan(project / f"Pulumi.finetune-7b-{one['region']}.yaml", document, one)
    shown = json.loads(preview.stdout)
    assert shown["stack"] == f"finetune-7b-{document['placement']['region']}"
    assert shown["summary"]["errors"] == 0
    assert [one["code"] for one in shown["findings"]] == ["alarm-heard"]  # whom it should reach only the user knows
    assert shown["budget"] == {"daily_kg": 4.0, "monthly_kg": 40.0, "stack": shown["stack"]}
    assert shown["summary"]["resources"] > 40


def preview_offline(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run_here("preview", "--offline", *options, cwd=project)


def check_against_plan(file: Path, document: dict[str, Any], one: dict[str, Any]) -> None:
    section = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]["greenai-infra:training"]
    assert {key: section[key] for key in ("region", "instance_count", "spot", "slices")} == {
        "region": one["region"],
        "instance_count": one["instances"],
        "spot": False,
        "slices": one["slices"],
    }
    assert section["instance_type"] == f"ml.{one['instance_type']}"
    assert {key: section[key] for key in ("workload", "project", "team")} == {
        key: document["workload"][name]
        for key, name in (("workload", "name"), ("project", "project"), ("team", "team"))
    }
    assert section["carbon"] == {
        "zone": one["zone"],
        "intensity_g_per_kwh": pytest.approx(one["intensity"]["g_per_kwh"], rel=1e-5),
        **{key: one["intensity"][key] for key in ("signal", "basis", "source", "kind", "observed_at")},
    }
    assert section["planned"]["plan_id"] == document["plan_id"]
    assert section["planned"]["planned_at"] == document["as_of"]
    for key in ("energy_kwh", "emissions_kg", "cost_usd"):
        assert section["planned"][key] == pytest.approx(one[key], rel=1e-5)


def test_it_shows_the_stacks_the_reason_and_the_commands_that_come_next(project: Path, greenai: Command) -> None:
    write_plan(project, FOUR)

    done = greenai("select", "plan.json", "--top", 2, "--launch", "now", "--image", image("{region}"), cwd=project)

    assert (done.code, done.err) == (0, "")
    lines = [re.sub(r"  +", "  ", line).strip() for line in done.out.splitlines()]
    assert lines == [
        "stack  machines  start UTC  kg CO2e  USD",
        "1  tune-eu-north-1  1 x ml.p5.48xlarge  with up  2  471.25",
        "2  tune-ca-central-1  1 x ml.p5.48xlarge  with up  4  471.25",
        "",
        "aws:eu-north-1 has the least emissions in this plan (2 kg CO2e)",
        "",
        "Look at it without an account, then build it:",
        "greenai-infra preview --offline --stack tune-eu-north-1",
        "greenai-infra up --stack tune-eu-north-1",
    ]


def image(region: str) -> str:
    return f"123456789012.dkr.ecr.{region}.amazonaws.com/tune:v1"


def test_from_another_folder_the_commands_that_come_next_name_the_project(tmp_path: Path, greenai: Command) -> None:
    project = make_project(tmp_path / "my project")
    write_plan(project, FOUR)

    done = greenai("select", project / "plan.json", "--dir", "my project")

    assert done.code == 0
    assert "greenai-infra preview --offline --stack tune-eu-north-1 --dir 'my project'" in done.out
    assert len(stacks(project)) == 3


def test_a_start_that_is_past_is_noted(project: Path, greenai: Command) -> None:
    write_plan(project, FOUR)

    done = greenai("select", "plan.json", cwd=project)

    assert done.code == 0
    assert "note: the planned start 2026-03-01T01:00:00Z is past" in done.out


def test_thresholds_and_force_reach_the_choice(project: Path, greenai: Command) -> None:
    write_plan(project, FOUR)
    greenai("select", "plan.json", cwd=project)
    write_plan(project, plan(placement(OREGON, 1.5), placement(NORTH, 2.0)))  # a gain of 25 %

    stays = greenai("select", "plan.json", "--threshold", 25, cwd=project)
    stayed = selected(project)
    moves = greenai("select", "plan.json", "--threshold", 24, cwd=project)

    assert "stays in aws:eu-north-1: aws:us-west-2 would save 25 %" in stays.out
    assert stayed == ["Pulumi.tune-eu-north-1.yaml"]
    assert "moved from aws:eu-north-1 to aws:us-west-2: saves 25 %" in moves.out
    assert selected(project) == ["Pulumi.tune-us-west-2.yaml"]
    assert "aws:us-west-2 has the least" in greenai("select", "plan.json", "--force", cwd=project).out


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            plan(placement("europe-north1", 1.0, provider="gcp")),
            "error: gcp:europe-north1: Vertex AI does not train on p5.48xlarge",
        ),
        (plan(placement(NORTH, 1.0, instance_type="u-6tb1.metal")), "SageMaker does not train on u-6tb1.metal"),
    ],
    ids=["cloud", "instance"],
)
def test_what_no_program_can_build_ends_with_1(
    project: Path, greenai: Command, document: dict[str, Any], message: str
) -> None:
    write_plan(project, document)

    done = greenai("select", "plan.json", cwd=project)

    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert stacks(project) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["missing.json"], "missing.json can't be read (No such file or directory)"),
        (["."], "can't be read (Is a directory)"),
        (["Pulumi.yaml"], "Pulumi.yaml is not a plan: not JSON"),
        (["wrong.json"], "wrong.json: placement.energy_kwh: must be more than 0 (is -48.5)"),
        (["plan.json", "--dir", "nowhere"], "nowhere has no Pulumi.yaml"),
        (["plan.json", "--top", "0"], "Invalid value for '--top'"),
        (["plan.json", "--threshold", "-1"], "Invalid value for '--threshold'"),
        (["plan.json", "--threshold", "nan"], "--threshold"),
        (["plan.json", "--launch", "later"], "Invalid value for '--launch'"),
        (["plan.json", "--launch", "now"], "launch: now needs image"),
        (["plan.json", "--image", "python:3"], "(is 'python:3')"),
        (["plan.json", "--notify", "nobody"], "(is 'nobody')"),
        ([], "Missing argument 'PLAN'"),
    ],
)
def test_what_can_not_be_used_ends_with_2_and_writes_nothing(
    project: Path, greenai: Command, options: list[str], message: str
) -> None:
    write_plan(project, plan(placement(NORTH, 1.0, energy_kwh=-48.5))).rename(project / "wrong.json")
    write_plan(project, FOUR)

    done = greenai("select", *options, cwd=project)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert stacks(project) == []


def test_where_one_file_can_not_be_written_none_is(
    project: Path, greenai: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan(project, FOUR)
    greenai("select", "plan.json", cwd=project)
    before = {path.name: path.read_bytes() for path in project.iterdir()}
    later = again(FOUR)
    write_plan(project, later)
    replace = Path.replace

    def refuse_oregon(path: Path, target: Path) -> Path:
        if OREGON in target.name and later["plan_id"].encode() in path.read_bytes():
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse_oregon)
    done = greenai("select", "plan.json", cwd=project)

    assert (done.code, done.out) == (2, "")
    assert "Pulumi.tune-us-west-2.yaml: cannot be written: No space left on device" in done.err
    after = {path.name: path.read_bytes() for path in project.iterdir()}
    assert {**after, "plan.json": b""} == {**before, "plan.json": b""}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_project_that_may_not_be_written_stays_as_it_is(project: Path, greenai: Command) -> None:
    write_plan(project, FOUR)
    project.chmod(0o555)

    done = greenai("select", "plan.json", cwd=project)
    project.chmod(0o755)

    assert done.code == 2
    assert "cannot be written: Permission denied" in done.err
    assert stacks(project) == []


def test_a_project_of_another_name_previews_with_its_own_keys(tmp_path: Path, greenai: Command) -> None:
    project = make_project(tmp_path / "shop", name="shop")
    shutil.copytree(shipped("stacks"), project / "stacks")
    shutil.copy(shipped(GATE_EXAMPLE), project / GATE)
    write_plan(project, FOUR)
    greenai("select", "plan.json", cwd=project)

    done = preview_offline(project)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Offline preview of shop/tune-{NORTH} in {NORTH}")
    assert "shop:training" in stack(project, NORTH).read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--daily-budget-kg", "--monthly-budget-kg"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "much"])
def test_a_budget_that_is_none_is_a_usage_error(greenai: Command, option: str, value: str) -> None:
    done = greenai("select", "plan.json", option, value)
    assert done.code == 2
    assert option in done.err


ONE_H100 = """
name: tune
project: trial
team: planner
kind: training
work: {accelerator_hours: {hours: 4, accelerator: H100}}
hardware: {accelerators: [H100], instance_types: [a3-highgpu-1g]}
where: {providers: [gcp]}
"""


def test_nobody_is_told_to_pin_what_select_refuses(greenai: Command, own_project: Path) -> None:
    # Vertex AI gives a single H100 as spot only, and the plan is for on demand.
    job, out = own_project / "one.yaml", own_project / "one.json"
    job.write_text(ONE_H100, encoding="utf-8")

    planned = greenai("plan", job, "--source", "embedded", "--out", out)
    refused = greenai("select", out, "--dir", own_project)

    assert planned.code == 0, planned.err
    assert "pin it" not in planned.out
    assert "no program of greenai-infra can build this, so `select` refuses it" in " ".join(planned.out.split())
    assert refused.code == 1
    assert str(json.loads(out.read_text(encoding="utf-8"))["placement"]["not_built"]) in refused.err
