"""A training job that starts with `up` and is a resource itself: for `launch: now`.

Any change but to its tags replaces the job, and `destroy` stops it while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.site import Site
    from greenai_infra.stacks.aws.training.run_limits import RunLimit


@dataclass(frozen=True)
class OneShotArgs:
    """`request` is the job by the names of SageMaker's API, without name and limits."""

    site: Site
    job_name: str
    request: dict[str, Any]
    limit: RunLimit
    depends_on: Sequence[Any]


def one_shot_job(args: OneShotArgs, opts: pulumi.ResourceOptions) -> Any:
    """The SageMaker training job. It waits for `depends_on`: its role's policy, and the network it runs in."""
    request = args.request
    algorithm, output, resources = (
        request[part] for part in ("AlgorithmSpecification", "OutputDataConfig", "ResourceConfig")
    )
    stopping = {"max_runtime_in_seconds": args.limit.run_s}
    if request["EnableManagedSpotTraining"]:
        stopping["max_wait_time_in_seconds"] = args.limit.wait_s
    return aws.sagemaker.TrainingJob(
        f"{args.site.name}-job",
        training_job_name=args.job_name,
        role_arn=request["RoleArn"],
        algorithm_specification={
            "training_image": algorithm["TrainingImage"],
            "training_input_mode": algorithm["TrainingInputMode"],
        },
        hyper_parameters=request["HyperParameters"],
        environment=request["Environment"],
        input_data_configs=[_channel(channel) for channel in request.get("InputDataConfig", [])] or None,
        output_data_config={"s3_output_path": output["S3OutputPath"], "kms_key_id": output["KmsKeyId"]},
        checkpoint_config={
            "s3_uri": request["CheckpointConfig"]["S3Uri"],
            "local_path": request["CheckpointConfig"]["LocalPath"],
        },
        resource_config={
            "instance_type": resources["InstanceType"],
            "instance_count": resources["InstanceCount"],
            "volume_size_in_gb": resources["VolumeSizeInGB"],
            "volume_kms_key_id": resources.get("VolumeKmsKeyId"),
        },
        vpc_config={
            "security_group_ids": request["VpcConfig"]["SecurityGroupIds"],
            "subnets": request["VpcConfig"]["Subnets"],
        },
        stopping_condition=stopping,
        retry_strategy={"maximum_retry_attempts": request["RetryStrategy"]["MaximumRetryAttempts"]},
        enable_managed_spot_training=request["EnableManagedSpotTraining"],
        enable_inter_container_traffic_encryption=request["EnableInterContainerTrafficEncryption"],
        enable_network_isolation=request["EnableNetworkIsolation"],
        delete_vpc_enis_on_destroy=True,  # else the subnets can't be destroyed
        region=args.site.region,
        tags={tag["Key"]: tag["Value"] for tag in request["Tags"]},
        opts=pulumi.ResourceOptions.merge(
            opts,
            # The name is the plan's, and a name is free again only once its job is deleted.
            pulumi.ResourceOptions(depends_on=list(args.depends_on), delete_before_replace=True),
        ),
    )


def _channel(channel: dict[str, Any]) -> dict[str, Any]:
    source = channel["DataSource"]["S3DataSource"]
    return {
        "channel_name": channel["ChannelName"],
        "data_source": {
            "s3_data_source": {
                "s3_data_type": source["S3DataType"],
                "s3_uri": source["S3Uri"],
                "s3_data_distribution_type": source["S3DataDistributionType"],
            }
        },
    }
