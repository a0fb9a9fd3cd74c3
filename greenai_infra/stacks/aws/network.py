"""A network that jobs and endpoints can't leave: private subnets, no internet gateway, no NAT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.stacks.aws.endpoints import TRAINING_SERVICES, EndpointArgs, PrivateEndpoints
from greenai_infra.stacks.aws.private_vpc import private_vpc
from greenai_infra.stacks.aws.security_groups import HTTPS, SecurityGroups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.contracts.stack.fields import Network
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
    network: Network
    readable_buckets: Sequence[str] = ()
    inside: Inside = TRAINING


class PrivateNetwork(pulumi.ComponentResource):  # type: ignore[misc]
    """VPC with a private subnet in each zone, endpoints for the services called inside, and closed security groups.

    In an existing VPC, only the security group of the workload is made: it reaches S3 and other services through the
    VPC's endpoints and routes.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"greenai:aws:{args.inside.name.capitalize()}Network", name, None, opts)
        site, inside, child = args.site, args.inside, pulumi.ResourceOptions(parent=self)
        if args.network.vpc_id is not None:
            self._join(args.network.vpc_id, args.network.subnet_ids or (), args, child)
            return
        place = private_vpc(site, args.network.cidr, args.network.availability_zones or (), child)
        self.vpc: Any = place.vpc
        self.account_id, self.vpc_arn = self.vpc.owner_id, self.vpc.arn
        self.subnet_ids: list[Any] = [subnet.id for subnet in place.subnets]
        self.subnet_arns: list[Any] = [subnet.arn for subnet in place.subnets]
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
                subnet_ids=self.subnet_ids,
                route_table_id=place.route_table.id,
                security_group_id=self.endpoint_group.id if self.endpoint_group else None,
                services=inside.services,
                readable_buckets=args.readable_buckets,
            ),
            opts=child,
        )
        self._rules(groups, inside)
        self.register_outputs({"vpc_id": self.vpc.id, "subnet_ids": self.subnet_ids})

    def _join(self, vpc_id: str, subnet_ids: Sequence[str], args: NetworkArgs, child: pulumi.ResourceOptions) -> None:
        """Uses an existing VPC, with a group for the workload: out by HTTPS only, in at most from each other."""
        inside, region = args.inside, args.site.region
        groups = SecurityGroups(args.site, vpc_id, child)
        self.vpc = None
        self.job_group = groups.group(inside.name, f"{inside.plural}: out by HTTPS")
        self.account_id = self.job_group.owner_id

        def arn(resource: str) -> Any:
            return pulumi.Output.concat(f"arn:aws:ec2:{region}:", self.account_id, f":{resource}")

        self.vpc_arn = arn(f"vpc/{vpc_id}")
        self.subnet_ids = list(subnet_ids)
        self.subnet_arns = [arn(f"subnet/{subnet}") for subnet in subnet_ids]
        who = "jobs" if inside is TRAINING else inside.name
        self._among_each_other(groups, inside, who)
        # Where the endpoints of this VPC are, and whose, is unknown here.
        groups.allow_out(f"{who}-to-https", self.job_group.id, {**HTTPS, "cidr_ipv4": "0.0.0.0/0"})
        self.register_outputs({"vpc_id": vpc_id, "subnet_ids": self.subnet_ids})

    def _among_each_other(self, groups: SecurityGroups, inside: Inside, who: str) -> None:
        if inside.together:
            # Several nodes, and the Elastic Fabric Adapter between them, need every port and protocol both ways.
            jobs = self.job_group.id
            anything = {"ip_protocol": "-1", "referenced_security_group_id": jobs}
            groups.allow_in(f"{who}-from-{who}", jobs, anything)
            groups.allow_out(f"{who}-to-{who}", jobs, anything)

    def _rules(self, groups: SecurityGroups, inside: Inside) -> None:
        jobs = self.job_group.id
        who = "jobs" if inside is TRAINING else inside.name
        self._among_each_other(groups, inside, who)
        groups.allow_out(f"{who}-to-s3", jobs, {**HTTPS, "prefix_list_id": self.endpoints.s3.prefix_list_id})
        if self.endpoint_group:
            endpoints = self.endpoint_group.id
            groups.allow_out(f"{who}-to-endpoints", jobs, {**HTTPS, "referenced_security_group_id": endpoints})
            groups.allow_in(f"endpoints-from-{who}", endpoints, {**HTTPS, "referenced_security_group_id": jobs})
