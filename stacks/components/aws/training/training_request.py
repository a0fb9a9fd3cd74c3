"""The training job that the plan asks for, as SageMaker's CreateTrainingJob takes it.

Name and limits are left out: a scheduled plan names each run when it starts, a one-shot job has its name from the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from components.aws.training.access import METRIC_NAMESPACE
from components.tags import number
from greenai_infra.catalog.local_disks import has_local_disk
from greenai_infra.clock import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.deploy.stack_configs.training import TrainingConfig

CHECKPOINT_DIR = "/opt/ml/checkpoints"
INTERNAL_ERROR_RETRIES = 2
"""SageMaker's own retries, for its internal errors only; the time limits hold for all of them together."""


@dataclass(frozen=True)
class JobParts:
    """What the stack built for the job. `data_uri` is None where there is nothing to read yet."""

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
        # One node talks to nobody, and encryption costs it time.
        "EnableInterContainerTrafficEncryption": config.instance_count > 1,
        # Isolation would cut the container off from S3 and CloudWatch too. The network has no way out as it is.
        "EnableNetworkIsolation": False,
        "RetryStrategy": {"MaximumRetryAttempts": INTERNAL_ERROR_RETRIES},
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
    if parts.data_uri is not None:
        source = {"S3DataType": "S3Prefix", "S3Uri": parts.data_uri, "S3DataDistributionType": "FullyReplicated"}
        request["InputDataConfig"] = [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]
    return request


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
    """What the tracker in the container is told of the plan, so that measured emissions can be held against it."""
    carbon, planned = config.carbon, config.planned
    return {
        "GREENAI_PROJECT": config.project,
        "GREENAI_TEAM": config.team,
        "GREENAI_WORKLOAD": config.workload,
        "GREENAI_ENVIRONMENT": config.environment,
        "GREENAI_REGION": config.region,
        "GREENAI_PLAN_ID": planned.plan_id,
        "GREENAI_PLANNED_ENERGY_KWH": number(planned.energy_kwh),
        "GREENAI_PLANNED_EMISSIONS_KG": number(planned.emissions_kg),
        "GREENAI_INTENSITY_G_PER_KWH": number(carbon.intensity_g_per_kwh),
        "GREENAI_INTENSITY_ZONE": carbon.zone,
        "GREENAI_INTENSITY_SIGNAL": carbon.signal,
        "GREENAI_INTENSITY_BASIS": carbon.basis,
        "GREENAI_INTENSITY_SOURCE": carbon.source[:512],
        "GREENAI_INTENSITY_OBSERVED_AT": format_time(carbon.observed_at),
        "GREENAI_METRIC_NAMESPACE": METRIC_NAMESPACE,
        "GREENAI_CHECKPOINT_DIR": CHECKPOINT_DIR,
        "GREENAI_CHECKPOINT_URI": checkpoint_uri,
    }


def prefix_uri(bucket_name: Any, prefix: str) -> Any:
    """`s3://BUCKET/PREFIX`."""
    return pulumi.Output.concat("s3://", bucket_name, f"/{prefix}")
