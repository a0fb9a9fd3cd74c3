"""What census and kill switch may do. Where AWS knows no narrower resource than `*`, the statement says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.contracts.metrics import NAMESPACE
from greenai_infra.stacks.aws.policy import Statement, allow

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.alarms.watched import Watched


def list_jobs_statements(region: str, account_id: Any) -> list[Statement]:
    """Finding the running jobs and their tags."""
    return [
        # ListTrainingJobs supports no resource and no tag condition: AWS lists all jobs of the account and region.
        allow(
            "ListJobs",
            ["sagemaker:ListTrainingJobs"],
            "*",
            condition={"StringEquals": {"aws:RequestedRegion": region}},
        ),
        # Whether a job is ours is what its tags are read for, so this can't depend on them.
        allow("ReadTagsOfJobs", ["sagemaker:ListTags"], _jobs(region, account_id)),
    ]


def stop_jobs_statement(watched: Watched, account_id: Any) -> Statement:
    """Allows stopping only jobs with this project's tags, even if the state machine asks for others."""
    tags = {"aws:ResourceTag/project": watched.project, "aws:ResourceTag/environment": watched.environment}
    return allow(
        "StopJobsOfTheProject",
        ["sagemaker:StopTrainingJob"],
        _jobs(watched.site.region, account_id),
        condition={"StringEquals": tags},
    )


def write_metrics_statement() -> Statement:
    """Allows writing metrics of the contract. Metrics are not resources; the namespace limits the permission."""
    return allow(
        "WriteMetrics",
        ["cloudwatch:PutMetricData"],
        "*",
        condition={"StringEquals": {"cloudwatch:namespace": [NAMESPACE]}},
    )


def _jobs(region: str, account_id: Any) -> Any:
    return pulumi.Output.concat(f"arn:aws:sagemaker:{region}:", account_id, ":training-job/*")
