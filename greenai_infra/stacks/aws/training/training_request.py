"""The training job that the plan asks for, as SageMaker's CreateTrainingJob takes it.

Name and limits are left out: a scheduled plan names each run when it starts, a one-shot job has its name from the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.catalog.local_disks import has_local_disk
from greenai_infra.contracts.metrics import NAMESPACE
from greenai_infra.stacks.plan_environment import plan_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.stack.training import TrainingConfig

CHECKPOINT_DIR = "/opt/ml/checkpoints"
CHECKPOINT_PREFIX = "checkpoints/"
INTERNAL_ERROR_RETRIES = 2
"""SageMaker's own retries, for its internal errors only; the time limits cover all retries together."""


@dataclass(frozen=True)
class JobParts:
    """What the stack built for the job. `data_uri` is None if there is no data yet."""

    role_arn: Any
    image: Any
    data_uri: Any | None
    checkpoint_uri: Any
    artifact_uri: Any
    key_arn: Any
    subnet_ids: list[Any]
    security_group_id: Any


def training_request(config: TrainingConfig, parts: JobParts, tags: Mapping[str, str]) -> dict[str, Any]:
    """The request, by the names of SageMaker's API."""
    request: dict[str, Any] = {
        "RoleArn": parts.role_arn,
        "AlgorithmSpecification": {"TrainingImage": parts.image, "TrainingInputMode": "File"},
        "HyperParameters": dict(sorted(config.hyperparameters.items())),
        "Environment": environment(config, parts.checkpoint_uri),
        "OutputDataConfig": {"S3OutputPath": parts.artifact_uri, "KmsKeyId": parts.key_arn},
        # What lies here is copied to the job's disk before it starts and kept in step while it runs: it resumes.
        "CheckpointConfig": {"S3Uri": parts.checkpoint_uri, "LocalPath": CHECKPOINT_DIR},
        "ResourceConfig": _resources(config, parts.key_arn),
        "VpcConfig": {"SecurityGroupIds": [parts.security_group_id], "Subnets": parts.subnet_ids},
        "EnableManagedSpotTraining": config.spot,
        # A single node has no peers, and encryption would slow it down.
        "EnableInterContainerTrafficEncryption": config.instance_count > 1,
        # Isolation would cut the container off from S3 and CloudWatch too. The network already has no way out.
        "EnableNetworkIsolation": False,
        "RetryStrategy": {"MaximumRetryAttempts": INTERNAL_ERROR_RETRIES},
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if parts.data_uri is not None:
        source = {"S3DataType": "S3Prefix", "S3Uri": parts.data_uri, "S3DataDistributionType": "FullyReplicated"}
        request["InputDataConfig"] = [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]
    return request


def of_input(request: dict[str, Any], config: TrainingConfig, bucket_name: Any, given: str) -> dict[str, Any]:
    """The request with all that is the plan's taken from the execution's input, at the path `given`."""
    told = {f"{name}.$": f"{given}.environment.{name}" for name in plan_environment(config)}
    checkpoints = pulumi.Output.concat(
        "States.Format('s3://{}/", CHECKPOINT_PREFIX, "{}/', '", bucket_name, f"', {given}.folder)"
    )
    fixed = {name: value for name, value in request["Environment"].items() if f"{name}.$" not in told}
    del fixed["GREENAI_CHECKPOINT_URI"]
    return {
        **{key: value for key, value in request.items() if key != "Tags"},
        "Environment": {**told, **fixed, "GREENAI_CHECKPOINT_URI.$": checkpoints},
        "CheckpointConfig": {"S3Uri.$": checkpoints, "LocalPath": CHECKPOINT_DIR},
        "Tags.$": f"{given}.tags",
    }


def plan_folder(config: TrainingConfig) -> str:
    """Folder of the plan in the bucket of checkpoints: another plan starts afresh."""
    return config.planned.plan_id[:12]


def _resources(config: TrainingConfig, key_arn: Any) -> dict[str, Any]:
    resources = {
        "InstanceType": config.instance_type,
        "InstanceCount": config.instance_count,
        "VolumeSizeInGB": config.volume_gb,
    }
    if not has_local_disk(config.instance_type):
        resources["VolumeKmsKeyId"] = key_arn
    return resources


def environment(config: TrainingConfig, checkpoint_uri: Any) -> dict[str, Any]:
    """Returns the plan for the tracker in the container, and the folders of checkpoints and metrics."""
    return {
        **plan_environment(config),
        "GREENAI_METRIC_NAMESPACE": NAMESPACE,
        "GREENAI_CHECKPOINT_DIR": CHECKPOINT_DIR,
        "GREENAI_CHECKPOINT_URI": checkpoint_uri,
    }


def prefix_uri(bucket_name: Any, prefix: str) -> Any:
    """`s3://BUCKET/PREFIX`."""
    return pulumi.Output.concat("s3://", bucket_name, f"/{prefix}")
