"""An offline preview as a whole process, against one that only imports the SDK services that the stack uses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.benchmarks.conftest import Compare

ROOT = Path(__file__).parents[2]
WORDS = ("-m", "greenai_infra", "preview", "--offline", "--stack")
ALARMS = """
aws.cloudwatch.MetricAlarm, aws.iam.Role, aws.kms.Key, aws.scheduler.Schedule, aws.sfn.StateMachine, aws.sns.Topic
"""
TRAINING = """
aws.cloudwatch.LogGroup, aws.ec2.Vpc, aws.ecr.Repository, aws.iam.Role, aws.kms.Key, aws.s3.Bucket
aws.scheduler.Schedule, aws.sfn.StateMachine, aws.sns.Topic, aws.sqs.Queue, aws.vpc.SecurityGroupEgressRule
"""
SERVICES = {
    "budget": f"import pulumi_aws as aws{ALARMS}",
    "contiguous": f"import pulumi_aws as aws{TRAINING}",
    "budgeted": f"import pulumi_aws as aws{TRAINING}{ALARMS}",
    "gcp-budget": """
import pulumi_gcp as gcp
gcp.cloudscheduler.Job, gcp.monitoring.AlertPolicy, gcp.projects.Service, gcp.serviceaccount.Account
gcp.workflows.Workflow
""",
}


@pytest.mark.parametrize("stack", SERVICES)
def test_preview_against_importing_the_services(compare: "Compare", tmp_path: Path, stack: str) -> None:
    pytest.importorskip(SERVICES[stack].split()[1])
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    shutil.copy(ROOT / "templates" / "greenai-policy.yaml", tmp_path / "stacks" / "policy")
    shutil.copy(ROOT / "tests" / "stacks" / "configs" / f"Pulumi.{stack}.yaml", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def python(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, check=True, capture_output=True)

    name = f"preview --offline of {stack} / import of its SDK services"
    compare(name, lambda: python(*WORDS, stack), lambda: python("-c", SERVICES[stack]), 1.5, 9)
