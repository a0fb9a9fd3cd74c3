"""A TPU machine that serves as soon as it exists; without capacity, `up` fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.inference.access import let_read
from greenai_infra.stacks.gcp.inference.script import serve_script
from greenai_infra.stacks.gcp.service_account import TELEMETRY_ROLES, ServiceAccount, ServiceAccountArgs

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig, Server
    from greenai_infra.stacks.gcp.network import PrivateNetwork
    from greenai_infra.stacks.gcp.site import Site


@dataclass(frozen=True)
class TpuServerArgs:
    """`tag` applies the network's firewall rules to the machine; `after` is what it needs from the start."""

    site: Site
    config: GcpInferenceConfig
    server: Server
    network: PrivateNetwork
    tag: str
    after: list[pulumi.Resource]


class TpuVmServer(pulumi.ComponentResource):  # type: ignore[misc]
    """Single-host TPU VM with our start-up script and an account that can read what it serves; no external address.

    A new script makes a new machine: a script only runs at boot. The new machine is made before the old machine is
    deleted, so that a lack of capacity fails the update and leaves the old machine serving.
    """

    def __init__(self, name: str, args: TpuServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:TpuVmServer", name, None, opts)
        site, config, child = args.site, args.config, pulumi.ResourceOptions(parent=self)
        self.account = ServiceAccount(
            f"{name}-account",
            ServiceAccountArgs(
                site=site,
                what="server",
                description=f"Serves {site.workload} on a TPU",
                project_roles=TELEMETRY_ROLES,
            ),
            opts=child,
        )
        rights = let_read(site, args.server, self.account.member, child)
        self.machine = gcp.tpu.V2Vm(
            f"{site.name}-tpu",
            project=site.gcp_project,
            zone=config.zone,
            description=f"Serves {site.workload}",
            accelerator_type=config.accelerator_type,
            runtime_version=config.runtime_version or config.machine.runtime_version,
            network_config={
                "network": args.network.id,
                "subnetwork": args.network.subnet_id,
                "enable_external_ips": False,
                "can_ip_forward": False,
            },
            service_account={
                "email": self.account.email,
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            },
            scheduling_config={"spot": True} if config.spot else None,
            metadata={"startup-script": serve_script(config, args.server), "block-project-ssh-keys": "true"},
            tags=[args.tag],
            labels=dict(site.labels),
            opts=pulumi.ResourceOptions.merge(
                child,
                pulumi.ResourceOptions(
                    replace_on_changes=["metadata"], depends_on=[self.account, args.network, *rights, *args.after]
                ),
            ),
        )
        self.address: Any = self.machine.network_endpoints.apply(lambda found: found[0].ip_address)
        self.register_outputs({"address": self.address})
