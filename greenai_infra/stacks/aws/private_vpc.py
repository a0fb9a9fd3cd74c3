"""A closed VPC: a private subnet in each zone, no internet gateway, no NAT."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from greenai_infra.catalog.zones import is_zone_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from greenai_infra.stacks.aws.site import Site

# Eight blocks of equal size: up to six zones, and the rest left for what joins the network later.
SUBNET_BITS = 3


def subnet_cidrs(cidr: str, count: int) -> list[str]:
    """The first `count` of the eight equal blocks of an address range."""
    blocks = list(ip_network(cidr).subnets(prefixlen_diff=SUBNET_BITS))
    if count > len(blocks):
        raise ValueError(f"{cidr} is split into {len(blocks)} subnets, {count} are wanted")
    return [str(block) for block in blocks[:count]]


@dataclass(frozen=True)
class PrivateVpc:
    """The VPC, the shared route table of its subnets, and the subnets in the order of the zones."""

    vpc: Any
    route_table: Any
    subnets: list[Any]


def private_vpc(site: Site, cidr: str, zones: Sequence[str], opts: pulumi.ResourceOptions) -> PrivateVpc:
    """Declare a VPC with a private subnet in each zone. Its default security group is emptied."""
    vpc = aws.ec2.Vpc(
        f"{site.name}-vpc",
        cidr_block=cidr,
        enable_dns_support=True,
        enable_dns_hostnames=True,  # the endpoints' private names need both
        region=site.region,
        tags=site.named("vpc"),
        opts=opts,
    )
    # A new VPC has a default group that lets its members talk to anyone. Removing its rules prevents use by mistake.
    aws.ec2.DefaultSecurityGroup(
        f"{site.name}-default",
        vpc_id=vpc.id,
        ingress=[],
        egress=[],
        region=site.region,
        tags=site.named("default"),
        opts=opts,
    )
    route_table = aws.ec2.RouteTable(
        f"{site.name}-private",
        vpc_id=vpc.id,
        region=site.region,
        tags=site.named("private"),
        opts=opts,
    )
    blocks = subnet_cidrs(cidr, len(zones))
    subnets = [_subnet(site, vpc, route_table, zone, block, opts) for zone, block in zip(zones, blocks, strict=True)]
    return PrivateVpc(vpc, route_table, subnets)


def _subnet(site: Site, vpc: Any, route_table: Any, zone: str, cidr: str, opts: pulumi.ResourceOptions) -> Any:
    subnet = aws.ec2.Subnet(
        f"{site.name}-{zone}",
        vpc_id=vpc.id,
        cidr_block=cidr,
        **{"availability_zone_id" if is_zone_id(zone, site.region) else "availability_zone": zone},
        map_public_ip_on_launch=False,
        region=site.region,
        tags=site.named(zone),
        opts=opts,
    )
    aws.ec2.RouteTableAssociation(
        f"{site.name}-{zone}",
        subnet_id=subnet.id,
        route_table_id=route_table.id,
        region=site.region,
        opts=opts,
    )
    return subnet
