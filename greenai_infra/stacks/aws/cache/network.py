"""Where a cache stands and who may connect: private subnets, and a security group that lets in named clients only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.stacks.aws.private_vpc import private_vpc
from greenai_infra.stacks.aws.security_groups import HTTPS, SecurityGroups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.stack.cache import CacheNetwork
    from greenai_infra.stacks.aws.site import Site


@dataclass(frozen=True)
class CacheNetworkArgs:
    """`ports` are the first and the last port that the cache answers at."""

    site: Site
    network: CacheNetwork
    ports: tuple[int, int]


class CachePlace(pulumi.ComponentResource):  # type: ignore[misc]
    """Subnets without a way to the internet, in a new or an existing VPC, and the security groups.

    Members of `client_group` may connect. In a new network they also reach `endpoint_group`, which opens the endpoint
    to Secrets Manager, so that they can read the password.
    """

    def __init__(self, name: str, args: CacheNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:CachePlace", name, None, opts)
        child, network = pulumi.ResourceOptions(parent=self), args.network
        self.own = network.vpc_id is None
        self.vpc_id: Any = network.vpc_id
        self.subnet_ids: Sequence[Any] = network.subnet_ids or ()
        if self.own:
            place = private_vpc(args.site, network.cidr, network.availability_zones or (), child)
            self.vpc_id, self.subnet_ids = place.vpc.id, [subnet.id for subnet in place.subnets]
        groups = SecurityGroups(args.site, self.vpc_id, child)
        self.cache_group = groups.group("cache", "The cache: its port, from named clients")
        self.client_group = groups.group("clients", "Clients of the cache: join it to connect")
        self.account_id = self.cache_group.owner_id
        self.endpoint_group = groups.group("secrets", "Endpoint to Secrets Manager") if self.own else None
        self._rules(groups, network, args.ports)
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": list(self.subnet_ids)})

    def _rules(self, groups: SecurityGroups, network: CacheNetwork, ports: tuple[int, int]) -> None:
        cache, clients = self.cache_group.id, self.client_group.id
        port = {"ip_protocol": "tcp", "from_port": ports[0], "to_port": ports[1]}
        groups.allow_out("clients-to-cache", clients, {**port, "referenced_security_group_id": cache})
        groups.allow_in("cache-from-clients", cache, {**port, "referenced_security_group_id": clients})
        for group in dict.fromkeys(network.client_security_groups):
            groups.allow_in(f"cache-from-{group}", cache, {**port, "referenced_security_group_id": group})
        for cidr in dict.fromkeys(network.client_cidrs):
            groups.allow_in(f"cache-from-{cidr.replace('/', '-')}", cache, {**port, "cidr_ipv4": cidr})
        if self.endpoint_group is not None:
            secrets = self.endpoint_group.id
            groups.allow_out("clients-to-secrets", clients, {**HTTPS, "referenced_security_group_id": secrets})
            groups.allow_in("secrets-from-clients", secrets, {**HTTPS, "referenced_security_group_id": clients})
