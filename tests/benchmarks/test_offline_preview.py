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
SERVICES = """
import pulumi_aws as aws
aws.cloudwatch.LogGroup, aws.ec2.Vpc, aws.ecr.Repository, aws.iam.Role, aws.kms.Key, aws.s3.Bucket
aws.scheduler.Schedule, aws.sfn.StateMachine, aws.sns.Topic, aws.sqs.Queue, aws.vpc.SecurityGroupEgressRule
"""
PREVIEW = """
from pathlib import Path
from greenai_infra.cli.preview_offline import run_offline
raise SystemExit(run_offline(Path("."), "contiguous", False))
"""


def test_preview_against_importing_the_services(compare: "Compare", tmp_path: Path) -> None:
    pytest.importorskip("pulumi_aws")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    shutil.copy(ROOT / "templates" / "greenai-policy.yaml", tmp_path / "stacks" / "policy")
    shutil.copy(ROOT / "tests" / "stacks" / "configs" / "Pulumi.contiguous.yaml", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def python(program: str) -> None:
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, capture_output=True)

    name = "preview --offline / import of the stack's SDK services"
    compare(name, lambda: python(PREVIEW), lambda: python(SERVICES), 1.5, 9)
