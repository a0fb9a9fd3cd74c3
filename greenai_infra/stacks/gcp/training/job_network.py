"""How a custom job of Vertex AI reaches the stack's network.

Vertex AI runs jobs in a Google-owned project, and gives each machine a second interface in our subnet (Private Service
Connect interface). Our firewall holds for that interface. Google's APIs are reached from the other interface, by
Google's routes; to close that way too, put the project into a perimeter of VPC Service Controls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.custom_role import grant_permissions
from greenai_infra.stacks.gcp.training.access import ATTACH

if TYPE_CHECKING:
    from greenai_infra.stacks.gcp.site import Site


@dataclass(frozen=True)
class JobNetworkArgs:
    """`vertex_member` is the service agent of Vertex AI, which attaches the machines."""

    site: Site
    subnet_id: Any
    vertex_member: Any


class JobNetwork(pulumi.ComponentResource):  # type: ignore[misc]
    """Network attachment, and the right of Vertex AI's agent to use it: a role of three permissions."""

    def __init__(self, name: str, args: JobNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:JobNetwork", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        attachment = gcp.compute.NetworkAttachment(
            f"{site.name}-jobs",
            description=f"Training jobs of {site.workload}",
            connection_preference="ACCEPT_AUTOMATIC",
            subnetworks=[args.subnet_id],
            region=site.region,
            project=site.gcp_project,
            opts=child,
        )
        does = "Vertex AI attaches training jobs to the network"
        grant_permissions(site, "attach", does, ATTACH, args.vertex_member, child)
        self.attachment_id = attachment.id
        self.register_outputs({"attachment_id": self.attachment_id})
