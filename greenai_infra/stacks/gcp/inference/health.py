"""Whether the server answers: asked every minute from inside the network; people are notified if it doesn't.

A private uptime check, not a health check of Compute Engine: the latter needs a load balancer, and a TPU
machine is not a Compute Engine instance of the project, so it can't be in a load balancer's instance group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.alerts import ThresholdAlertArgs, threshold_alert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.network import PrivateNetwork
    from greenai_infra.stacks.gcp.site import Site

UPTIME_METRIC = "monitoring.googleapis.com/uptime_check/check_passed"
# What Google's probes need to look an address up in Service Directory and reach it over the private network.
PROBE_ROLES = ("roles/servicedirectory.viewer", "roles/servicedirectory.pscAuthorizedService")


@dataclass(frozen=True)
class HealthArgs:
    """`address` is the server's address, None if the workflow enters it later.

    `agent` is the IAM member of Cloud Monitoring's service agent; `project_number` is the network's project's.
    """

    site: Site
    network: PrivateNetwork
    address: Any
    port: int
    path: str
    agent: Any
    project_number: Any
    channels: Sequence[Any]


class Health(pulumi.ComponentResource):  # type: ignore[misc]
    """Entry in Service Directory, a private uptime check of it, and an alert when it fails for five minutes."""

    def __init__(self, name: str, args: HealthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:Health", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        namespace_id, service_id, endpoint_id = site.name, "server", "tpu"
        namespace = gcp.servicedirectory.Namespace(
            f"{site.name}-directory",
            project=site.gcp_project,
            location=site.region,
            namespace_id=namespace_id,
            labels=dict(site.labels),
            opts=child,
        )
        service = gcp.servicedirectory.Service(
            f"{site.name}-entry", namespace=namespace.id, service_id=service_id, opts=child
        )
        network = pulumi.Output.concat(
            "projects/", args.project_number, "/locations/global/networks/", args.network.network.name
        )
        entered_later = pulumi.ResourceOptions(ignore_changes=["address"]) if args.address is None else None
        gcp.servicedirectory.Endpoint(
            f"{site.name}-address",
            service=service.id,
            endpoint_id=endpoint_id,
            address=args.address,
            port=args.port,
            network=network,
            opts=pulumi.ResourceOptions.merge(child, entered_later),
        )
        self.endpoint_path = (
            f"projects/{site.gcp_project}/locations/{site.region}/namespaces/{namespace_id}"
            f"/services/{service_id}/endpoints/{endpoint_id}"
        )
        rights = [
            gcp.projects.IAMMember(
                f"{site.name}-{role.rpartition('.')[2]}",
                project=site.gcp_project,
                role=role,
                member=args.agent,
                opts=child,
            )
            for role in PROBE_ROLES
        ]
        check = gcp.monitoring.UptimeCheckConfig(
            f"{site.name}-health",
            project=site.gcp_project,
            display_name=f"greenai {site.workload}: health of the server",
            checker_type="VPC_CHECKERS",
            period="60s",
            timeout="10s",
            http_check={"path": args.path, "port": args.port, "request_method": "GET"},
            monitored_resource={
                "type": "servicedirectory_service",
                "labels": {
                    "project_id": site.gcp_project,
                    "location": site.region,
                    "namespace_name": namespace_id,
                    "service_name": service_id,
                },
            },
            user_labels=dict(site.labels),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[service, *rights])),
        )
        probes = (
            f'metric.type="{UPTIME_METRIC}" AND resource.type="servicedirectory_service" AND '
            f'resource.labels.namespace_name="{namespace_id}" AND resource.labels.service_name="{service_id}"'
        )
        self.alert = threshold_alert(
            ThresholdAlertArgs(
                site=site,
                what="down",
                says="the server has not answered for five minutes",
                remedy="The machine's own words are in Cloud Logging under `greenai-serve`. One that Google took back "
                "(spot) or repairs comes back by itself or with `greenai-infra up`.",
                filter=probes,
                threshold=1,
                # As Google's own alerts on uptime checks: how many probes failed.
                aggregation={"per_series_aligner": "ALIGN_NEXT_OLDER", "cross_series_reducer": "REDUCE_COUNT_FALSE"},
                channels=args.channels,
                severity="CRITICAL",
                alignment_seconds=120,
                only_if=[_answered_today(probes)] if args.address is None else [],
                depends_on=[check],
            ),
            self,
        )
        self.register_outputs({"alert": self.alert.name})


def _answered_today(probes: str) -> dict[str, Any]:
    """A condition that excludes machines still waiting in the queue, which would otherwise count as down."""
    return {
        "display_name": "it answered within the last day",
        "condition_threshold": {
            "filter": probes,
            "comparison": "COMPARISON_GT",
            "threshold_value": 0,
            "duration": "0s",
            "aggregations": [
                {
                    "alignment_period": "86400s",
                    "per_series_aligner": "ALIGN_FRACTION_TRUE",
                    "cross_series_reducer": "REDUCE_MAX",
                }
            ],
        },
    }
