"""What each role of the training stack may do: named actions on this stack's own resources.

A few actions exist only for all resources (`Resource: "*"`). Each has a separate statement that says why, with
the condition that AWS offers for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.contracts.metrics import NAMESPACE as METRIC_NAMESPACE
from greenai_infra.stacks.aws.logs import deliver_logs_statement
from greenai_infra.stacks.aws.policy import Statement, actions_of, allow
from greenai_infra.stacks.aws.sagemaker_access import (
    image_statements,
    metrics_statement,
    network_statements,
    use_key_statements,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.network import PrivateNetwork
    from greenai_infra.stacks.aws.sagemaker_access import Scope
    from greenai_infra.stacks.aws.storage import TrainingStorage

JOB_LOGS = "/aws/sagemaker/TrainingJobs"
"""SageMaker writes the logs of all training jobs here; another group can't be chosen."""

SYNC_RULE = "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
"""The EventBridge rule by which Step Functions learns that a job has ended; it makes and keeps it itself."""


def execution_statements(
    scope: Scope, network: PrivateNetwork, storage: TrainingStorage, image_arns: Sequence[Any], key_arn: Any
) -> list[Statement]:
    """What a running job may do: read data, keep checkpoints, write results, logs and metrics, join the network."""
    data, checkpoints, artifacts = storage.data.arn, storage.checkpoints.arn, storage.artifacts.arn
    write = actions_of("s3", "AbortMultipartUpload GetObject ListMultipartUploadParts PutObject")
    return [
        allow("FindObjects", ["s3:GetBucketLocation", "s3:ListBucket"], [data, checkpoints, artifacts]),
        allow("ReadData", ["s3:GetObject"], _objects(data)),
        allow("KeepCheckpoints", [*write, "s3:DeleteObject"], _objects(checkpoints)),
        allow("WriteArtifacts", write, _objects(artifacts)),
        *use_key_statements(key_arn),
        *image_statements(image_arns),
        allow(
            "FindJobLogs",
            actions_of("logs", "CreateLogGroup DescribeLogStreams"),
            [scope.arn("logs", f"log-group:{JOB_LOGS}"), scope.arn("logs", f"log-group:{JOB_LOGS}:*")],
        ),
        allow(
            "WriteJobLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            scope.arn("logs", f"log-group:{JOB_LOGS}:log-stream:{scope.workload}-*"),
        ),
        metrics_statement([METRIC_NAMESPACE, JOB_LOGS]),
        *network_statements(scope, network),
    ]


def read_bucket_statements(buckets: Sequence[str]) -> list[Statement]:
    """Reading training data that lies in buckets outside the stack."""
    if not buckets:
        return []
    arns = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
    return [
        allow("FindOtherData", ["s3:GetBucketLocation", "s3:ListBucket"], arns),
        allow("ReadOtherData", ["s3:GetObject"], [f"{arn}/*" for arn in arns]),
    ]


def workflow_statements(
    scope: Scope, instance_type: str, execution_role_arn: Any, topic_arn: Any, key_arn: Any
) -> list[Statement]:
    """What the state machine may do: start, watch and stop this workload's jobs, and send notices."""
    return [
        allow(
            "StartPlannedJobs",
            ["sagemaker:CreateTrainingJob"],
            scope.jobs,
            condition={"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": [instance_type]}},
        ),
        allow(
            "WatchAndStopJobs",
            actions_of("sagemaker", "AddTags DescribeTrainingJob ListTags StopTrainingJob"),
            scope.jobs,
        ),
        allow(
            "LendJobItsRole",
            ["iam:PassRole"],
            execution_role_arn,
            condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow(
            "HearWhenJobsEnd",
            actions_of("events", "DescribeRule PutRule PutTargets"),
            scope.arn("events", f"rule/{SYNC_RULE}"),
        ),
        allow("SendNotices", ["sns:Publish"], topic_arn),
        allow("EncryptNotices", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
        # SageMaker makes the volumes of a job in the name of whoever creates it.
        allow(
            "LendKeyToVolumes",
            ["kms:CreateGrant", "kms:DescribeKey"],
            key_arn,
            condition={"StringEquals": {"kms:ViaService": f"sagemaker.{scope.region}.amazonaws.com"}},
        ),
        deliver_logs_statement(scope.region),
    ]


def start_statements(state_machine_arn: Any, queue_arn: Any, key_arn: Any) -> list[Statement]:
    """What the schedule may do: start this state machine, or say that it could not."""
    return [
        allow("StartWorkflow", ["states:StartExecution"], state_machine_arn),
        allow("KeepMissedStarts", ["sqs:SendMessage"], queue_arn),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
    ]


def _objects(bucket_arn: Any) -> Any:
    return pulumi.Output.concat(bucket_arn, "/*")
