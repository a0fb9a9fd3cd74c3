"""A closed network on Google Cloud: machines reach only one private subnet and Google's APIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from greenai_infra.stacks.gcp.site import Site

# Google Cloud, "Configure Private Google Access": the addresses behind private.googleapis.com.
API_RANGE = "199.36.153.8/30"
API_ADDRESSES = ("199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11")
API_DOMAINS = {"googleapis": "googleapis.com.", "images": "pkg.dev."}
LAST = 65534
"""The priority of a rule that holds where no other does."""


@dataclass(frozen=True)
class NetworkArgs:
    """Address range of the subnet."""

    site: Site
    cidr: str


class PrivateNetwork(pulumi.ComponentResource):  # type: ignore[misc]
    """VPC whose only way out leads to Google's APIs: no default route, no NAT, no external addresses.

    The firewall closes what is left: in and out only within the subnet, and HTTPS to the APIs. The names of the APIs
    and of Artifact Registry resolve to those addresses. Servers add a rule for their requests.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:PrivateNetwork", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        site = args.site
        self.network = gcp.compute.Network(
            f"{site.name}-network",
            description=f"{site.workload} in {site.region}",
            auto_create_subnetworks=False,
            delete_default_routes_on_create=True,
            routing_mode="REGIONAL",
            project=site.gcp_project,
            opts=self._child,
        )
        self.subnet = gcp.compute.Subnetwork(
            f"{site.name}-subnet",
            network=self.network.id,
            ip_cidr_range=args.cidr,
            private_ip_google_access=True,
            log_config={
                "aggregation_interval": "INTERVAL_5_MIN",
                "flow_sampling": 0.5,
                "metadata": "INCLUDE_ALL_METADATA",
            },
            region=site.region,
            project=site.gcp_project,
            opts=self._child,
        )
        gcp.compute.Route(
            f"{site.name}-to-apis",
            network=self.network.id,
            dest_range=API_RANGE,
            next_hop_gateway="default-internet-gateway",  # for this range that is Google's own network
            project=site.gcp_project,
            opts=self._child,
        )
        self._firewall()
        self._names()
        self.id, self.subnet_id = self.network.id, self.subnet.id
        self.register_outputs({"network_id": self.id, "subnet_id": self.subnet_id})

    def _firewall(self) -> None:
        inside, everything = [{"protocol": "all"}], [{"protocol": "all"}]
        self._rule("inside-in", "INGRESS", 1000, source_ranges=[self._args.cidr], allows=inside)
        self._rule("inside-out", "EGRESS", 1000, destination_ranges=[self._args.cidr], allows=inside)
        https = [{"protocol": "tcp", "ports": ["443"]}]
        self._rule("apis-out", "EGRESS", 1000, destination_ranges=[API_RANGE], allows=https)
        self._rule("nothing-in", "INGRESS", LAST, source_ranges=["0.0.0.0/0"], denies=everything)
        self._rule("nothing-out", "EGRESS", LAST, destination_ranges=["0.0.0.0/0"], denies=everything)

    def _rule(self, what: str, direction: str, priority: int, **rule: Any) -> None:
        site = self._args.site
        gcp.compute.Firewall(
            f"{site.name}-{what}",
            network=self.network.id,
            description=what.replace("-", " "),
            direction=direction,
            priority=priority,
            log_config={"metadata": "INCLUDE_ALL_METADATA"} if "denies" in rule else None,
            project=site.gcp_project,
            opts=self._child,
            **rule,
        )

    def _names(self) -> None:
        site = self._args.site
        for what, domain in API_DOMAINS.items():
            zone = gcp.dns.ManagedZone(
                f"{site.name}-{what}",
                description=f"{domain} as {site.workload} reaches it",
                dns_name=domain,
                visibility="private",
                private_visibility_config={"networks": [{"network_url": self.network.id}]},
                labels=dict(site.labels),
                project=site.gcp_project,
                opts=self._child,
            )
            target = "private.googleapis.com." if domain == "googleapis.com." else domain
            for record, type_, values in (
                (target, "A", list(API_ADDRESSES)),
                (f"*.{domain}", "CNAME", [target]),
            ):
                gcp.dns.RecordSet(
                    f"{site.name}-{what}-{type_.lower()}",
                    managed_zone=zone.name,
                    name=record,
                    type=type_,
                    ttl=300,
                    rrdatas=values,
                    project=site.gcp_project,
                    opts=self._child,
                )
