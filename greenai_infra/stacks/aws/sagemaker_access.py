"""What SageMaker may do with a stack's role, whether it trains or serves: key, image, metrics, network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.stacks.aws.policy import Statement, actions_of, allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.network import PrivateNetwork


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


def use_key_statements(key_arn: Any) -> list[Statement]:
    """Using the stack's key, and lending it to the volumes of instances."""
    return [
        allow("UseKey", actions_of("kms", "Decrypt DescribeKey Encrypt GenerateDataKey"), key_arn),
        allow(
            "LendKeyToVolumes",
            ["kms:CreateGrant"],
            key_arn,
            condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def image_statements(image_arns: Sequence[Any]) -> list[Statement]:
    """Pulling the container's image from its repositories."""
    return [
        allow(
            "PullImage",
            actions_of("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer"),
            list(image_arns),
        ),
        # A token is for the whole registry; what it pulls is decided by the statement above.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], "*"),
    ]


def metrics_statement(namespaces: Sequence[str]) -> Statement:
    """Allows writing metrics. Metrics are not resources; the namespaces limit the permission."""
    condition = {"StringEquals": {"cloudwatch:namespace": list(namespaces)}}
    return allow("PutMetrics", ["cloudwatch:PutMetricData"], "*", condition=condition)


def network_statements(scope: Scope, network: PrivateNetwork) -> list[Statement]:
    """Joining the stack's network, and leaving it."""
    interfaces = scope.arn("ec2", "network-interface/*")
    return [
        allow("JoinNetwork", ["ec2:CreateNetworkInterface"], [interfaces, *network.subnet_arns, network.job_group.arn]),
        allow(
            "UseOwnInterfaces",
            actions_of(
                "ec2", "CreateNetworkInterfacePermission DeleteNetworkInterface DeleteNetworkInterfacePermission"
            ),
            interfaces,
            condition={"ArnEquals": {"ec2:Vpc": network.vpc_arn}},
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


def image_arn(image: str) -> str:
    """ARN of the ECR repository that an image URI (`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`) points into."""
    host, _, path = image.partition("/")
    account_id, _, _, region = host.split(".")[:4]
    repository = path.split("@")[0].split(":")[0]
    return f"arn:aws:ecr:{region}:{account_id}:repository/{repository}"
