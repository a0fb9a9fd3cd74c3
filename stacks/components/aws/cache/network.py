"""Where a cache stands and who may connect: private subnets, and a security group that lets in named clients only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws.network import subnet_cidrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.site import Site
    from greenai_infra.deploy.stack_configs.cache import CacheNetwork

HTTPS = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443}


@dataclass(frozen=True)
class CacheNetworkArgs:
    """`ports` are the first and the last port that the cache answers at."""

    site: Site
    network: CacheNetwork
    ports: tuple[int, int]


class CachePlace(pulumi.ComponentResource):  # type: ignore[misc]
    """Subnets without a way to the internet, of its own or of a VPC that is there, and the security groups.

    Members of `client_group` may connect. In a network of its own they also reach `endpoint_group`, by which the
    endpoint to Secrets Manager opens: without it nobody in that network could read the password.
    """

    def __init__(self, name: str, args: CacheNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:CachePlace", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        network = args.network
        self.own = network.vpc_id is None
        self.vpc_id: Any = network.vpc_id
        self.subnet_ids: Sequence[Any] = network.subnet_ids or ()
        if self.own:
            self._own_network(network.cidr, network.availability_zones or ())
        self.cache_group = self._group("cache", "The cache: its port, from named clients")
        self.client_group = self._group("clients", "Clients of the cache: join it to connect")
        self.account_id = self.cache_group.owner_id
        self.endpoint_group = self._group("secrets", "Endpoint to Secrets Manager") if self.own else None
        self._rules()
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": list(self.subnet_ids)})

    def _own_network(self, cidr: str, zones: Sequence[str]) -> None:
        site = self._args.site
        vpc = aws.ec2.Vpc(
            f"{site.workload}-vpc",
            cidr_block=cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # the endpoint's private name needs both
            region=site.region,
            tags=site.named("vpc"),
            opts=self._child,
        )
        self.vpc_id = vpc.id
        # A VPC is born with a group that lets its members talk to anyone. Without rules nobody can use it by mistake.
        aws.ec2.DefaultSecurityGroup(
            f"{site.workload}-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            region=site.region,
            tags=site.named("default"),
            opts=self._child,
        )
        route_table = aws.ec2.RouteTable(
            f"{site.workload}-private",
            vpc_id=vpc.id,
            region=site.region,
            tags=site.named("private"),
            opts=self._child,
        )
        self.subnet_ids = [
            self._subnet(zone, block, route_table)
            for zone, block in zip(zones, subnet_cidrs(cidr, len(zones)), strict=True)
        ]

    def _subnet(self, zone: str, cidr: str, route_table: Any) -> Any:
        site = self._args.site
        subnet = aws.ec2.Subnet(
            f"{site.workload}-{zone}",
            vpc_id=self.vpc_id,
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
            route_table_id=route_table.id,
            region=site.region,
            opts=self._child,
        )
        return subnet.id

    def _group(self, what: str, description: str) -> Any:
        site = self._args.site
        # checkov:skip=CKV2_AWS_5: the clients' group is joined by clients, and they are in other stacks
        return aws.ec2.SecurityGroup(
            f"{what}-{site.workload}",  # a group's name must not begin with `sg-`, a workload's may
            vpc_id=self.vpc_id,
            description=description,
            region=site.region,
            tags=site.named(what),
            opts=self._child,
        )

    def _rules(self) -> None:
        cache, clients = self.cache_group.id, self.client_group.id
        first, last = self._args.ports
        port = {"ip_protocol": "tcp", "from_port": first, "to_port": last}
        self._rule("clients-to-cache", False, clients, {**port, "referenced_security_group_id": cache})
        self._rule("cache-from-clients", True, cache, {**port, "referenced_security_group_id": clients})
        for group in dict.fromkeys(self._args.network.client_security_groups):
            self._rule(f"cache-from-{group}", True, cache, {**port, "referenced_security_group_id": group})
        for cidr in dict.fromkeys(self._args.network.client_cidrs):
            self._rule(f"cache-from-{cidr.replace('/', '-')}", True, cache, {**port, "cidr_ipv4": cidr})
        if self.endpoint_group is not None:
            secrets = self.endpoint_group.id
            self._rule("clients-to-secrets", False, clients, {**HTTPS, "referenced_security_group_id": secrets})
            self._rule("secrets-from-clients", True, secrets, {**HTTPS, "referenced_security_group_id": clients})

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
