"""A network that jobs and endpoints can't leave: private subnets, no internet gateway, no NAT."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.endpoints import TRAINING_SERVICES, EndpointArgs, PrivateEndpoints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.aws.site import Site

# Eight blocks of equal size: up to six zones, and the rest left for what joins the network later.
SUBNET_BITS = 3


def subnet_cidrs(cidr: str, count: int) -> list[str]:
    """The first `count` of the eight equal blocks of an address range."""
    blocks = list(ip_network(cidr).subnets(prefixlen_diff=SUBNET_BITS))
    if count > len(blocks):
        raise ValueError(f"{cidr} is split into {len(blocks)} subnets, {count} are wanted")
    return [str(block) for block in blocks[:count]]


@dataclass(frozen=True)
class Inside:
    """Who lives in the network: their name, the services that they call, and whether they talk to each other."""

    name: str
    plural: str
    services: Mapping[str, list[str]]
    together: bool


TRAINING = Inside("training", "Training jobs", TRAINING_SERVICES, together=True)


@dataclass(frozen=True)
class NetworkArgs:
    """`readable_buckets` names buckets of other owners that are read from inside."""

    site: Site
    cidr: str
    availability_zones: Sequence[str]
    readable_buckets: Sequence[str] = ()
    inside: Inside = TRAINING


class PrivateNetwork(pulumi.ComponentResource):  # type: ignore[misc]
    """VPC with a private subnet in each zone, endpoints for the services called inside, and closed security groups."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"greenai:aws:{args.inside.name.capitalize()}Network", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        site = args.site
        self.vpc = aws.ec2.Vpc(
            f"{site.workload}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # the endpoints' private names need both
            region=site.region,
            tags=site.named("vpc"),
            opts=self._child,
        )
        self.account_id = self.vpc.owner_id
        # A VPC is born with a group that lets its members talk to anyone. Without rules nobody can use it by mistake.
        aws.ec2.DefaultSecurityGroup(
            f"{site.workload}-default",
            vpc_id=self.vpc.id,
            ingress=[],
            egress=[],
            region=site.region,
            tags=site.named("default"),
            opts=self._child,
        )
        self.route_table = aws.ec2.RouteTable(
            f"{site.workload}-private",
            vpc_id=self.vpc.id,
            region=site.region,
            tags=site.named("private"),
            opts=self._child,
        )
        self.subnets = self._subnets()
        inside = args.inside
        reaches = [*(["each other"] if inside.together else []), *(["the endpoints"] if inside.services else []), "S3"]
        self.job_group = self._group(inside.name, f"{inside.plural}: {', '.join(reaches)}")
        self.endpoint_group = (
            self._group("endpoints", f"Interface endpoints: HTTPS from {inside.plural.lower()}")
            if inside.services
            else None
        )
        self.endpoints = PrivateEndpoints(
            f"{name}-endpoints",
            EndpointArgs(
                site=site,
                vpc_id=self.vpc.id,
                account_id=self.account_id,
                subnet_ids=[subnet.id for subnet in self.subnets],
                route_table_id=self.route_table.id,
                security_group_id=self.endpoint_group.id if self.endpoint_group else None,
                services=inside.services,
                readable_buckets=args.readable_buckets,
            ),
            opts=self._child,
        )
        self._rules()
        self.register_outputs({"vpc_id": self.vpc.id, "subnet_ids": [subnet.id for subnet in self.subnets]})

    def _subnets(self) -> list[Any]:
        site, zones = self._args.site, self._args.availability_zones
        subnets = []
        for zone, cidr in zip(zones, subnet_cidrs(self._args.cidr, len(zones)), strict=True):
            subnet = aws.ec2.Subnet(
                f"{site.workload}-{zone}",
                vpc_id=self.vpc.id,
                cidr_block=cidr,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                region=site.region,
                tags=site.named(zone),
                opts=self._child,
            )
            aws.ec2.RouteTableAssociation(
                f"{site.workload}-{zone}",
                subnet_id=subnet.id,
                route_table_id=self.route_table.id,
                region=site.region,
                opts=self._child,
            )
            subnets.append(subnet)
        return subnets

    def _group(self, what: str, description: str) -> Any:
        site = self._args.site
        # checkov:skip=CKV2_AWS_5: jobs and models take it along; it does not count SageMaker's as attachments
        return aws.ec2.SecurityGroup(
            f"{what}-{site.workload}",  # a group's name must not begin with `sg-`, a workload's may
            vpc_id=self.vpc.id,
            description=description,
            region=site.region,
            tags=site.named(what),
            opts=self._child,
        )

    def _rules(self) -> None:
        jobs, inside = self.job_group.id, self._args.inside
        who = "jobs" if inside is TRAINING else inside.name
        if inside.together:
            # Several nodes, and the Elastic Fabric Adapter between them, need every port and protocol both ways.
            self._rule(f"{who}-from-{who}", True, jobs, {"ip_protocol": "-1", "referenced_security_group_id": jobs})
            self._rule(f"{who}-to-{who}", False, jobs, {"ip_protocol": "-1", "referenced_security_group_id": jobs})
        https = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443}
        self._rule(f"{who}-to-s3", False, jobs, {**https, "prefix_list_id": self.endpoints.s3.prefix_list_id})
        if self.endpoint_group:
            endpoints = self.endpoint_group.id
            self._rule(f"{who}-to-endpoints", False, jobs, {**https, "referenced_security_group_id": endpoints})
            self._rule(f"endpoints-from-{who}", True, endpoints, {**https, "referenced_security_group_id": jobs})

    def _rule(self, what: str, inbound: bool, group_id: Any, rule: dict[str, Any]) -> None:
        site = self._args.site
        rule_type = aws.vpc.SecurityGroupIngressRule if inbound else aws.vpc.SecurityGroupEgressRule
        rule_type(
            f"{site.workload}-{what}",
            security_group_id=group_id,
            description=what.replace("-", " "),
            region=site.region,
            tags=site.named(what),
            opts=self._child,
            **rule,
        )
