"""A stack in a region that its workload's file rules out by now: nothing is pinned, previewed or built there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from tests.pinning.plans import FOUR

if TYPE_CHECKING:
    from .conftest import Command

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "tests" / "stacks" / "configs"
# Stack -> the example workload that it is of, its region, and one that it is not in.
STACKS = {
    "contiguous": ("finetune-7b", "aws:eu-north-1", "aws:us-west-2"),
    "gcp-gpus": ("finetune-7b", "gcp:northamerica-northeast1", "gcp:us-west1"),
    "inferentia": ("serve-8b", "aws:eu-north-1", "aws:us-west-2"),
    "tpu-vm": ("serve-8b", "gcp:europe-west4", "gcp:us-west1"),
}


def workload(name: str, *rules: str, named: str = "") -> str:
    """An example workload with other rules about places."""
    text = (ROOT / "templates" / "workloads" / f"{name}.yaml").read_text()
    where = "where:\n  providers: [aws]\n"
    assert where in text
    lines = "".join(f"  {one}\n" for one in rules or ("providers: [aws, gcp]",))
    text = text.replace(where, f"where:\n{lines}")
    return text.replace(f"name: {name}\n", f"name: {named}\n") if named else text


@pytest.fixture
def project(own_project: Path) -> Path:
    for stack in STACKS:
        shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", own_project)
    return own_project


BOTH = "providers: [aws, gcp]"


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("rule", ["deny: [{here}]", "allow: [{other}]"])
def test_preview_and_check_refuse_it(stack: str, rule: str, project: Path, greenai: Command) -> None:
    name, here, other = STACKS[stack]
    file = project / "workload.yaml"
    file.write_text(workload(name, BOTH))
    before = greenai("preview", "--offline", "--no-policy", "--json", "--stack", stack, cwd=project)
    assert before.code == 0, before.out
    assert json.loads(before.out)["summary"]["resources"] > 5

    file.write_text(workload(name, BOTH, rule.format(here=here, other=other)))
    done = greenai("preview", "--offline", "--json", "--stack", stack, cwd=project)
    checked = greenai("check", "--json", "--stack", stack, cwd=project)

    found = json.loads(done.out)
    (error,) = [one for one in found["findings"] if one["severity"] == "error"]
    assert error["code"] == "refused"
    key = f"where.{rule.partition(':')[0]}"
    assert f"region: {here} is ruled out by {key} in workload.yaml now; plan and select again" in error["message"]
    assert f"(greenai-infra plan workload.yaml --out plan.json), or change {key} there" in error["message"]
    assert (done.code, found["summary"]["resources"]) == (1, 0)
    assert checked.code == 1
    assert key in json.loads(checked.out)["broken"]
    told = greenai("check", "--stack", stack, cwd=project).out
    assert "the stack is refused, so no rule could run:" in told


@pytest.mark.parametrize("place", ["workload.yaml", "train.yml", "workloads/tune.yaml"])
def test_select_refuses_it_and_writes_nothing(place: str, project: Path, greenai: Command) -> None:
    plan = project / "plan.json"
    plan.write_text(json.dumps(FOUR))
    file = project / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(workload("finetune-7b", BOTH, "deny: [aws:eu-north-1]", named="tune"))
    there = sorted(one.name for one in project.iterdir())

    done = greenai("select", "plan.json", cwd=project)

    assert done.code == 1
    assert f"error: tune: aws:eu-north-1 is ruled out by where.deny in {place} now" in done.err
    assert sorted(one.name for one in project.iterdir()) == there


def test_select_leaves_out_a_later_region_and_says_so(project: Path, greenai: Command) -> None:
    (project / "plan.json").write_text(json.dumps(FOUR))
    (project / "workload.yaml").write_text(workload("finetune-7b", BOTH, "deny: [ca-central-1]", named="tune"))

    done = greenai("select", "plan.json", "--top", "2", cwd=project)

    assert done.code == 0
    assert "note: skipped: tune: aws:ca-central-1 is ruled out by where.deny in workload.yaml" in done.out
    assert not (project / "Pulumi.tune-ca-central-1.yaml").exists()
    assert (project / "Pulumi.tune-us-west-2.yaml").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(workload("finetune-7b", BOTH, "deny: [aws:eu-nowhere-1]"), "eu-nowhere-1", id="unknown region"),
        pytest.param(workload("finetune-7b", BOTH, "deny: [aws:eu-north-1"), "not valid YAML", id="no YAML"),
    ],
)
def test_a_workload_file_that_can_t_be_read_denies_nothing_silently(
    text: str, why: str, project: Path, greenai: Command
) -> None:
    (project / "workload.yaml").write_text(text)
    done = greenai("preview", "--offline", "--stack", "contiguous", cwd=project)
    assert done.code == 2
    assert why in " ".join(done.out.split())
    assert "0 resources" in done.out


def test_a_file_that_is_no_workload_of_that_name_denies_nothing(project: Path, greenai: Command) -> None:
    denied = "deny: [aws:eu-north-1]"
    (project / "other.yaml").write_text(workload("finetune-7b", BOTH, denied, named="finetune-70b"))
    (project / "compose.yaml").write_text("name: finetune-7b\nservices: {}\n")
    (project / "job.yaml").write_text("kind: training\nname: [finetune-7b\n")
    done = greenai("preview", "--offline", "--no-policy", "--stack", "contiguous", cwd=project)
    assert done.code == 0, done.out
