"""A network that jobs and endpoints can't leave: private subnets, no internet gateway, no NAT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from greenai_infra.stacks.aws.endpoints import TRAINING_SERVICES, EndpointArgs, PrivateEndpoints
from greenai_infra.stacks.aws.private_vpc import private_vpc
from greenai_infra.stacks.aws.security_groups import HTTPS, SecurityGroups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.stacks.aws.site import Site


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
        site, inside, child = args.site, args.inside, pulumi.ResourceOptions(parent=self)
        place = private_vpc(site, args.cidr, args.availability_zones, child)
        self.vpc, self.subnets = place.vpc, place.subnets
        self.account_id = self.vpc.owner_id
        groups = SecurityGroups(site, self.vpc.id, child)
        reaches = [*(["each other"] if inside.together else []), *(["the endpoints"] if inside.services else []), "S3"]
        self.job_group = groups.group(inside.name, f"{inside.plural}: {', '.join(reaches)}")
        self.endpoint_group = (
            groups.group("endpoints", f"Interface endpoints: HTTPS from {inside.plural.lower()}")
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
                route_table_id=place.route_table.id,
                security_group_id=self.endpoint_group.id if self.endpoint_group else None,
                services=inside.services,
                readable_buckets=args.readable_buckets,
            ),
            opts=child,
        )
        self._rules(groups, inside)
        self.register_outputs({"vpc_id": self.vpc.id, "subnet_ids": [subnet.id for subnet in self.subnets]})

    def _rules(self, groups: SecurityGroups, inside: Inside) -> None:
        jobs = self.job_group.id
        who = "jobs" if inside is TRAINING else inside.name
        if inside.together:
            # Several nodes, and the Elastic Fabric Adapter between them, need every port and protocol both ways.
            anything = {"ip_protocol": "-1", "referenced_security_group_id": jobs}
            groups.allow_in(f"{who}-from-{who}", jobs, anything)
            groups.allow_out(f"{who}-to-{who}", jobs, anything)
        groups.allow_out(f"{who}-to-s3", jobs, {**HTTPS, "prefix_list_id": self.endpoints.s3.prefix_list_id})
        if self.endpoint_group:
            endpoints = self.endpoint_group.id
            groups.allow_out(f"{who}-to-endpoints", jobs, {**HTTPS, "referenced_security_group_id": endpoints})
            groups.allow_in(f"endpoints-from-{who}", endpoints, {**HTTPS, "referenced_security_group_id": jobs})
