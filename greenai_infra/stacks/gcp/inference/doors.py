"""Who may talk to the server on a TPU machine, and what the machine may reach beside Google's APIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_inference import GcpNetwork
    from greenai_infra.stacks.gcp.network import PrivateNetwork
    from greenai_infra.stacks.gcp.site import Site

# Google Cloud documentation, "Private uptime checks" and "Firewall rules" of load balancing: where probes come from.
UPTIME_CHECKS = "35.199.192.0/19"
LOAD_BALANCERS = ("35.191.0.0/16", "130.211.0.0/22")


@dataclass(frozen=True)
class DoorsArgs:
    """`tag` is the network tag of the machines that serve."""

    site: Site
    network: PrivateNetwork
    tag: str
    port: int
    config: GcpNetwork


class Doors(pulumi.ComponentResource):  # type: ignore[misc]
    """Firewall rules for a single port, from named ranges only; and Cloud NAT if the config asks for the internet."""

    def __init__(self, name: str, args: DoorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:Doors", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        port = [{"protocol": "tcp", "ports": [str(args.port)]}]
        sources = {"health-in": [UPTIME_CHECKS]}
        if args.config.client_ranges:
            sources["clients-in"] = list(args.config.client_ranges)
        if args.config.load_balanced:
            sources["balancers-in"] = list(LOAD_BALANCERS)
        for what, ranges in sources.items():
            self._rule(what, direction="INGRESS", source_ranges=ranges, allows=port, target_tags=[args.tag])
        if args.config.internet:
            self._way_out()
        self.register_outputs({})

    def _rule(self, what: str, **rule: Any) -> None:
        site = self._args.site
        gcp.compute.Firewall(
            f"{site.name}-{what}",
            network=self._args.network.id,
            description=what.replace("-", " "),
            priority=1000,
            project=site.gcp_project,
            opts=self._child,
            **rule,
        )

    def _way_out(self) -> None:
        site, network = self._args.site, self._args.network
        gcp.compute.Route(
            f"{site.name}-to-internet",
            network=network.id,
            dest_range="0.0.0.0/0",
            next_hop_gateway="default-internet-gateway",
            tags=[self._args.tag],
            project=site.gcp_project,
            opts=self._child,
        )
        router = gcp.compute.Router(
            f"{site.name}-router",
            network=network.id,
            region=site.region,
            project=site.gcp_project,
            opts=self._child,
        )
        gcp.compute.RouterNat(
            f"{site.name}-nat",
            router=router.name,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetworks=[{"name": network.subnet_id, "source_ip_ranges_to_nats": ["ALL_IP_RANGES"]}],
            log_config={"enable": True, "filter": "ERRORS_ONLY"},
            region=site.region,
            project=site.gcp_project,
            opts=self._child,
        )
        https = [{"protocol": "tcp", "ports": ["443"]}]
        self._rule(
            "internet-out",
            direction="EGRESS",
            destination_ranges=["0.0.0.0/0"],
            allows=https,
            target_tags=[self._args.tag],
        )
