"""A log of the connections inside the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.logs import log_group
from greenai_infra.stacks.aws.policy import allow
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.site import Site


@dataclass(frozen=True)
class TrafficLogArgs:
    """The network to watch."""

    site: Site
    account_id: Any
    vpc_id: Any
    key_arn: Any
    retention_days: int


class TrafficLog(pulumi.ComponentResource):  # type: ignore[misc]
    """VPC flow log of accepted and refused connections, in an encrypted log group."""

    def __init__(self, name: str, args: TrafficLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:TrafficLog", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        self.log_group = log_group(site, "traffic", "/aws/vpc", args.key_arn, args.retention_days, child)
        streams = pulumi.Output.concat(self.log_group.arn, ":*")
        groups = pulumi.Output.concat(f"arn:aws:logs:{site.region}:", args.account_id, ":log-group:*")
        actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        role = ServiceRole(
            f"{name}-role",
            ServiceRoleArgs(
                site=site,
                what="traffic-log",
                service="vpc-flow-logs.amazonaws.com",
                account_id=args.account_id,
                source_arn=pulumi.Output.concat(f"arn:aws:ec2:{site.region}:", args.account_id, ":vpc-flow-log/*"),
                statements=[
                    allow("WriteTraffic", actions, [self.log_group.arn, streams]),
                    allow("FindLogGroup", ["logs:DescribeLogGroups"], groups),
                ],
            ),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{site.name}-traffic",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=self.log_group.arn,
            iam_role_arn=role.arn,
            region=site.region,
            tags=site.named("traffic"),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role])),
        )
        self.register_outputs({"log_group": self.log_group.name})
