"""From a plan to a training job that starts at once: which region `up --plan` builds when the first has no capacity."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from .command_line import CommandLine, Run
from .engine_cli import ROOT, Engine
from .provider_double import FAIL_VARIABLE
from .training_project import copy_program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

WORKLOAD = ROOT / "templates" / "workloads" / "finetune-7b.yaml"
PLAN = "plan.json"
AT = "2026-11-24T19:00:00Z"
IMAGE = "123456789012.dkr.ecr.{region}.amazonaws.com/finetune:v1"

JOB = "aws:sagemaker/trainingJob:TrainingJob"
NO_CAPACITY = (
    "creating SageMaker AI Training Job: waiting for creation: CapacityError: Unable to provision requested ML compute "
    "capacity. Please retry using a different ML instance type."
)
NO_QUOTA = (
    "creating SageMaker AI Training Job: operation error SageMaker: CreateTrainingJob, https response error "
    "StatusCode: 400, ResourceLimitExceeded: The account-level service limit 'ml.p5.48xlarge for training job usage' "
    "is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS "
    "Service Quotas to request an increase for this quota."
)
BY_ORGANISATION = (
    "creating SNS Topic: operation error SNS: CreateTopic, https response error StatusCode: 403, api error "
    "AuthorizationError: User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: "
    "SNS:CreateTopic with an explicit deny in a service control policy"
)
DENIED = (
    "creating SageMaker AI Training Job: operation error SageMaker: CreateTrainingJob, https response error "
    "StatusCode: 400, api error AccessDeniedException: User: arn:aws:iam::123456789012:user/ann is not authorized to "
    "perform: sagemaker:CreateTrainingJob"
)

JOB_ALONE = """
import pulumi
import pulumi_aws as aws

config = pulumi.Config().require_object("training")
notices = aws.sns.Topic("notices")
aws.sagemaker.TrainingJob(
    "job",
    training_job_name="finetune",
    role_arn="arn:aws:iam::123456789012:role/training",
    algorithm_specification={"training_image": config["image"], "training_input_mode": "FastFile"},
    output_data_config={"s3_output_path": "s3://models/finetune"},
    resource_config={"instance_type": config["instance_type"], "instance_count": 1, "volume_size_in_gb": 500},
    stopping_condition={"max_runtime_in_seconds": 3600},
    opts=pulumi.ResourceOptions(depends_on=[notices]),
)
"""
"""A program in place of ours for what does not depend on it: a job, and what is built before it."""


@dataclass(frozen=True)
class Planned:
    """A project with a plan, and the stacks that `select` has pinned for it, best first."""

    engine: Engine
    folder: Path
    stacks: tuple[str, ...]

    def region(self, stack: str) -> str:
        return str(self.config(stack)["aws:region"])

    def config(self, stack: str) -> dict[str, object]:
        document = yaml.safe_load(self.file(stack).read_text())
        return dict(document["config"])

    def file(self, stack: str) -> Path:
        return self.folder / f"Pulumi.{stack}.yaml"

    def marks(self) -> dict[str, dict[str, object]]:
        """The marks that say which stack is the chosen one, and which had no capacity for which plan."""
        keys = ("greenai-infra:selected", "greenai-infra:no-capacity")
        configs = {stack: self.config(stack) for stack in self.stacks}
        return {
            stack: {key.partition(":")[2]: config[key] for key in keys if key in config}
            for stack, config in configs.items()
        }

    @property
    def plan_id(self) -> str:
        return str(json.loads((self.folder / PLAN).read_text())["plan_id"])

    def run(self, *arguments: str, failures: dict[str, str] | None = None) -> Run:
        """Run a command while creating a job fails in some stacks' regions, each with a message."""
        lines = [f"{JOB}@{self.region(stack)}={message}" for stack, message in (failures or {}).items()]
        environment = {**self.engine.environment, FAIL_VARIABLE: "\n".join(lines)}
        return CommandLine(self.folder, environment)(*arguments)

    def built(self, stack: str) -> set[str]:
        """The types of what stands in a stack; empty for one that the engine doesn't know."""
        known = [one["name"] for one in json.loads(self.engine.pulumi("stack", "ls", "--json", cwd=self.folder).stdout)]
        return {one["type"] for one in self.engine.resources(self.folder, stack)} if stack in known else set()


def plan_and_select(engine: Engine, folder: Path) -> Planned:
    """Plan an example workload on embedded data and pin two regions, where the job starts with `up`."""
    own = engine.apart(folder / "engine")
    command_line = CommandLine(folder, own.environment)
    planning = command_line("plan", str(WORKLOAD), "--source", "embedded", "--at", AT, "--out", PLAN)
    pinning = command_line("select", PLAN, "--launch", "now", "--image", IMAGE, "--top", "2")
    assert (planning.code, pinning.code) == (0, 0), planning.said + pinning.said
    plan = json.loads((folder / PLAN).read_text())
    placements = (plan["placement"], plan["alternatives"][0])
    planned = Planned(own, folder, tuple(f"finetune-7b-{one['region']}" for one in placements))
    for stack in planned.stacks:
        file = planned.file(stack)
        file.write_text(file.read_text().replace("    launch: now\n", "    launch: now\n    volume_gb: 600  # ours\n"))
    return planned


@pytest.fixture(scope="module")
def moved(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Planned, Run]:
    """Our own program, where the plan's first region has no capacity."""
    folder = tmp_path_factory.mktemp("moved")
    copy_program(folder)
    planned = plan_and_select(engine, folder)

    run = planned.run("up", "--plan", PLAN, "--yes", failures={planned.stacks[0]: NO_CAPACITY})

    return planned, run


def test_the_next_ranked_region_is_built_when_the_first_has_no_capacity(moved: tuple[Planned, Run]) -> None:
    planned, run = moved
    first, second = planned.stacks

    assert run.code == 0
    assert f"\n{second} is up: " in run.out
    assert JOB in planned.built(second)
    assert JOB not in planned.built(first)


def test_what_happened_and_what_is_left_is_said(moved: tuple[Planned, Run]) -> None:
    planned, run = moved
    first, second = planned.stacks

    assert run.err.splitlines() == [
        f"no capacity: {first}: {NO_CAPACITY}",
        f"trying the next ranked region: {second}",
        "",
        f"{first} still has what was built before the failure; remove it with:",
        f"  greenai-infra destroy --stack {first}",
    ]
    assert "aws:ec2/vpc:Vpc" in planned.built(first)


def test_the_choice_moves_to_where_the_job_runs(moved: tuple[Planned, Run]) -> None:
    planned, _ = moved
    first, second = planned.stacks

    assert planned.marks() == {first: {"no-capacity": planned.plan_id}, second: {"selected": "true"}}
    assert all("  # ours\n" in planned.file(stack).read_text() for stack in planned.stacks)


def test_a_region_that_starts_nothing_with_up_is_no_region_to_go_on_to(moved: tuple[Planned, Run]) -> None:
    planned, run = moved
    third = f"finetune-7b-{json.loads((planned.folder / PLAN).read_text())['alternatives'][1]['region']}"

    assert f"note: {third} starts at its planned time" in run.out
    assert planned.built(third) == set()


def test_selecting_again_leaves_out_the_region_without_capacity(moved: tuple[Planned, Run]) -> None:
    planned, _ = moved
    first, second = planned.stacks

    again = planned.run("select", PLAN)

    assert again.code == 0
    assert f"note: {first} is left out: for this plan it had no capacity or was closed" in again.out
    assert f"greenai-infra up --stack {second}" in again.out  # long names are folded in the table


@pytest.fixture
def job_alone(engine: Engine, tmp_path: Path) -> Planned:
    """The same with a program that is quick to build, and keeps no rule of the carbon gate, so it has none."""
    copy_program(tmp_path)
    shutil.rmtree(tmp_path / "stacks" / "policy")
    (tmp_path / "stacks" / "__main__.py").write_text(JOB_ALONE)
    return plan_and_select(engine, tmp_path)


def test_when_no_region_has_capacity_that_is_the_error_and_nothing_is_left(job_alone: Planned) -> None:
    first, second = job_alone.stacks
    before = job_alone.marks()

    run = job_alone.run(
        "up", "--plan", PLAN, "--top", "2", "--clean-up", "--yes", failures={first: NO_CAPACITY, second: NO_QUOTA}
    )

    assert run.code == 1
    lines = run.err.splitlines()
    assert [one for one in lines if not one.startswith("to mend it: ask for more of")] == [
        f"no capacity: {first}: {NO_CAPACITY}",
        f"removed what was built in {first}",
        f"trying the next ranked region: {second}",
        "",
        f"no capacity: {second}: the account's SageMaker quota in {second.removeprefix('finetune-7b-')} is used up; "
        "for large instances it is 0 at first.",
        f"  | {NO_QUOTA}",
        f"removed what was built in {second}",
        f"error: none of the ranked regions that were tried has capacity or quota: {first}, {second}; "
        "try later, try more of the ranking with --top, or plan again",
    ]
    assert job_alone.built(first) == job_alone.built(second) == set()
    assert job_alone.marks() == before == {first: {"selected": "true"}, second: {}}


def test_a_region_that_is_closed_to_the_account_is_left_for_the_next(job_alone: Planned) -> None:
    first, second = job_alone.stacks

    run = job_alone.run("up", "--plan", PLAN, "--top", "2", "--yes", failures={first: BY_ORGANISATION})

    assert run.code == 0, run.err
    assert f"region closed: {first}: a policy of your organisation denies it" in run.err
    assert f"trying the next ranked region: {second}" in run.err
    assert f"\n{second} is up: " in run.out


def test_any_other_failure_stops_there(job_alone: Planned) -> None:
    first, second = job_alone.stacks

    run = job_alone.run("up", "--plan", PLAN, "--yes", failures={first: DENIED})

    assert run.code == 1
    assert run.err.startswith(f"error: {first}: the AWS credentials lack a permission.\n")
    assert "sagemaker:CreateTrainingJob" in run.err
    assert "aws:sns/topic:Topic" in job_alone.built(first)
    assert job_alone.built(second) == set()
    assert second not in run.err
