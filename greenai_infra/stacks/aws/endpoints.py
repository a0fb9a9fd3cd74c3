"""The exits of a network without internet: an endpoint for each service that is called from inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import Statement, actions_of, allow, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.stacks.aws.site import Site

# Service -> what may be requested through the endpoint. Endpoints are billed by hour and zone, so only those that are
# used are here. `sagemaker.runtime` is not: it invokes endpoints, which neither training nor serving does.
_PULL = "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer"
TRAINING_SERVICES: dict[str, list[str]] = {
    "sagemaker.api": actions_of("sagemaker", "DescribeTrainingJob ListTags"),
    "ecr.api": actions_of("ecr", f"GetAuthorizationToken {_PULL}"),
    "ecr.dkr": actions_of("ecr", _PULL),
    "logs": actions_of("logs", "CreateLogGroup CreateLogStream DescribeLogStreams PutLogEvents"),
    "monitoring": actions_of("cloudwatch", "PutMetricData"),
    "sts": actions_of("sts", "GetCallerIdentity"),
    "kms": actions_of("kms", "Decrypt DescribeKey Encrypt GenerateDataKey"),
}
SERVING_SERVICES: dict[str, list[str]] = {
    service: TRAINING_SERVICES[service] for service in ("logs", "monitoring", "sts", "kms")
}
"""What a serving container may call that is not isolated. Image and model are fetched by SageMaker, not by it."""

S3_ACTIONS = actions_of(
    "s3",
    "AbortMultipartUpload DeleteObject GetBucketLocation GetObject ListBucket ListBucketMultipartUploads "
    "ListMultipartUploadParts PutObject",
)


@dataclass(frozen=True)
class Doorway:
    """The subnets of interface endpoints, and the security group that limits their callers."""

    site: Site
    vpc_id: Any
    subnet_ids: Sequence[Any]
    security_group_id: Any


def interface_endpoint(doorway: Doorway, service: str, statement: Statement, opts: pulumi.ResourceOptions) -> Any:
    """The endpoint of a service, by the service's usual name; only `statement` passes through it."""
    site, what = doorway.site, service.replace(".", "-")
    return aws.ec2.VpcEndpoint(
        f"{site.name}-{what}",
        vpc_id=doorway.vpc_id,
        service_name=f"com.amazonaws.{site.region}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=list(doorway.subnet_ids),
        security_group_ids=[doorway.security_group_id],
        policy=render([statement]),
        region=site.region,
        tags=site.named(what),
        opts=opts,
    )


@dataclass(frozen=True)
class EndpointArgs:
    """The network of the endpoints. Without `services`, only the endpoint of S3 is made."""

    site: Site
    vpc_id: Any
    account_id: Any
    subnet_ids: Sequence[Any]
    route_table_id: Any
    security_group_id: Any
    services: Mapping[str, list[str]]
    readable_buckets: Sequence[str] = ()


class PrivateEndpoints(pulumi.ComponentResource):  # type: ignore[misc]
    """S3 as a gateway endpoint (free), the rest as interface endpoints; each only for callers of our own account."""

    def __init__(self, name: str, args: EndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:PrivateEndpoints", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        self.s3 = aws.ec2.VpcEndpoint(
            f"{site.name}-s3",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{site.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[args.route_table_id],
            policy=render(s3_statements(site.region, args.account_id, args.readable_buckets)),
            region=site.region,
            tags=site.named("s3"),
            opts=child,
        )
        doorway = Doorway(site, args.vpc_id, args.subnet_ids, args.security_group_id)
        for service, actions in args.services.items():
            statement = allow("OwnAccount", actions, "*", principal="*", condition=callers_of(args.account_id))
            interface_endpoint(doorway, service, statement, child)
        self.register_outputs({"s3_prefix_list_id": self.s3.prefix_list_id})


def s3_statements(region: str, account_id: Any, readable_buckets: Sequence[str]) -> list[Statement]:
    """Allows only our account, and only its own buckets, so that data can't be carried out."""
    own = {"StringEquals": {"aws:PrincipalAccount": account_id, "aws:ResourceAccount": account_id}}
    statements = [
        allow("OwnBuckets", S3_ACTIONS, "arn:aws:s3:::*", principal="*", condition=own),
        # ECR keeps image layers in AWS's bucket and hands out signed addresses, so the caller is not our account.
        allow("ImageLayers", ["s3:GetObject"], f"arn:aws:s3:::prod-{region}-starport-layer-bucket/*", principal="*"),
    ]
    if readable_buckets:
        arns = [f"arn:aws:s3:::{bucket}{part}" for bucket in readable_buckets for part in ("", "/*")]
        actions = ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"]
        statements.append(allow("NamedBuckets", actions, arns, principal="*", condition=callers_of(account_id)))
    return statements


def callers_of(account_id: Any) -> dict[str, Any]:
    """The condition that whoever passes through an endpoint is of this account."""
    return {"StringEquals": {"aws:PrincipalAccount": account_id}}
