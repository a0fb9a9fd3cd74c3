"""What each role of the training stack may do: named actions on this stack's own resources.

A few actions exist only for all resources (`Resource: "*"`). Each stands in a statement of its own that says why, with
the condition that AWS offers for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from components.aws.policy import Statement, actions_of, allow
from greenai_infra.monitoring.metrics import NAMESPACE as METRIC_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.network import TrainingNetwork
    from components.aws.storage import TrainingStorage

JOB_LOGS = "/aws/sagemaker/TrainingJobs"
"""SageMaker writes the logs of all training jobs here; another group can't be chosen."""

SYNC_RULE = "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
"""The EventBridge rule by which Step Functions learns that a job has ended; it makes and keeps it itself."""


@dataclass(frozen=True)
class Scope:
    """Region, account and name prefix of what the statements speak of."""

    workload: str
    region: str
    account_id: Any

    def arn(self, service: str, resource: str) -> Any:
        """ARN of a resource of this account and region."""
        return pulumi.Output.concat(f"arn:aws:{service}:{self.region}:", self.account_id, f":{resource}")

    @property
    def jobs(self) -> Any:
        """Training jobs of this workload."""
        return self.arn("sagemaker", f"training-job/{self.workload}-*")


def execution_statements(
    scope: Scope, network: TrainingNetwork, storage: TrainingStorage, image_arns: Sequence[Any], key_arn: Any
) -> list[Statement]:
    """What a running job may do: read data, keep checkpoints, write results, logs and metrics, join the network."""
    data, checkpoints, artifacts = storage.data.arn, storage.checkpoints.arn, storage.artifacts.arn
    write = actions_of("s3", "AbortMultipartUpload GetObject ListMultipartUploadParts PutObject")
    return [
        allow("FindObjects", ["s3:GetBucketLocation", "s3:ListBucket"], [data, checkpoints, artifacts]),
        allow("ReadData", ["s3:GetObject"], _objects(data)),
        allow("KeepCheckpoints", [*write, "s3:DeleteObject"], _objects(checkpoints)),
        allow("WriteArtifacts", write, _objects(artifacts)),
        allow("UseKey", actions_of("kms", "Decrypt DescribeKey Encrypt GenerateDataKey"), key_arn),
        allow(
            "LendKeyToVolumes",
            ["kms:CreateGrant"],
            key_arn,
            condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        allow(
            "PullImage",
            actions_of("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer"),
            list(image_arns),
        ),
        # A token is for the whole registry; what it pulls is decided by the statement above.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], "*"),
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
        # Metrics are no resources; the namespaces bound it.
        allow(
            "PutMetrics",
            ["cloudwatch:PutMetricData"],
            "*",
            condition={"StringEquals": {"cloudwatch:namespace": [METRIC_NAMESPACE, JOB_LOGS]}},
        ),
        *_network_statements(scope, network),
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


def _network_statements(scope: Scope, network: TrainingNetwork) -> list[Statement]:
    interfaces = scope.arn("ec2", "network-interface/*")
    subnets = [subnet.arn for subnet in network.subnets]
    return [
        allow("JoinNetwork", ["ec2:CreateNetworkInterface"], [interfaces, *subnets, network.job_group.arn]),
        allow(
            "UseOwnInterfaces",
            actions_of(
                "ec2", "CreateNetworkInterfacePermission DeleteNetworkInterface DeleteNetworkInterfacePermission"
            ),
            interfaces,
            condition={"ArnEquals": {"ec2:Vpc": network.vpc.arn}},
        ),
        # EC2 can't narrow what may be described to single resources.
        allow(
            "LookAtNetwork",
            actions_of(
                "ec2",
                "DescribeDhcpOptions DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs",
            ),
            "*",
            condition={"StringEquals": {"aws:RequestedRegion": scope.region}},
        ),
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
        # Log delivery is set up for the account; AWS knows no narrower resource for these.
        allow(
            "DeliverLogs",
            actions_of(
                "logs",
                "CreateLogDelivery DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies GetLogDelivery "
                "ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
            ),
            "*",
            condition={"StringEquals": {"aws:RequestedRegion": scope.region}},
        ),
    ]


def start_statements(state_machine_arn: Any, queue_arn: Any, key_arn: Any) -> list[Statement]:
    """What the schedule may do: start this state machine, or say that it could not."""
    return [
        allow("StartWorkflow", ["states:StartExecution"], state_machine_arn),
        allow("KeepMissedStarts", ["sqs:SendMessage"], queue_arn),
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
    ]


def image_arn(image: str) -> str:
    """ARN of the ECR repository that an image URI (`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`) points into."""
    host, _, path = image.partition("/")
    account_id, _, _, region = host.split(".")[:4]
    repository = path.split("@")[0].split(":")[0]
    return f"arn:aws:ecr:{region}:{account_id}:repository/{repository}"


def _objects(bucket_arn: Any) -> Any:
    return pulumi.Output.concat(bucket_arn, "/*")
