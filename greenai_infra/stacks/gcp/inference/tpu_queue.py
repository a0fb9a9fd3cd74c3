"""A TPU machine that waits in Google's queue for capacity, and then becomes the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.every_five_minutes import RepeatedWorkflow, RepeatedWorkflowArgs
from greenai_infra.stacks.gcp.inference.access import let_read
from greenai_infra.stacks.gcp.inference.bring_up import PERMISSIONS, BringUpFacts, bring_up_definition
from greenai_infra.stacks.gcp.inference.script import serve_script
from greenai_infra.stacks.gcp.service_account import TELEMETRY_ROLES
from greenai_infra.stacks.tags import number

if TYPE_CHECKING:
    from greenai_infra.stacks.gcp.inference.tpu_vm import TpuServerArgs


@dataclass(frozen=True)
class TpuQueueArgs:
    """`endpoint_path` is the server's entry in Service Directory; `project_number` that of the stack's project."""

    server: TpuServerArgs
    endpoint_path: str
    project_number: Any


class TpuQueueServer(pulumi.ComponentResource):  # type: ignore[misc]
    """Queued resource of a TPU machine, and the workflow, run every five minutes, that turns it into the server.

    A queued resource can't name a service account: Google runs its machine as the project's default Compute Engine
    account, which other machines of the project may use too. So the rights to image, weights and token go to that
    account here, and `serve_on: tpu-vm` is the tighter choice if capacity is available.
    """

    def __init__(self, name: str, args: TpuQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:TpuQueueServer", name, None, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self._site, config = args.server.site, args.server.config
        site, child = self._site, self._child
        default_account = pulumi.Output.concat(args.project_number, "-compute@developer.gserviceaccount.com")
        member = pulumi.Output.concat("serviceAccount:", default_account)
        for role in TELEMETRY_ROLES:
            gcp.projects.IAMMember(
                f"{site.name}-{role.rpartition('.')[2]}",
                project=site.gcp_project,
                role=role,
                member=member,
                opts=child,
            )
        rights = let_read(site, args.server.server, member, child)
        node_id = f"{site.name}-tpu"
        carbon = config.carbon
        self.queued = gcp.tpu.V2QueuedResource(
            f"{site.name}-queued",
            project=site.gcp_project,
            zone=config.zone,
            tpu={
                "node_specs": [
                    {
                        "parent": f"projects/{site.gcp_project}/locations/{config.zone}",
                        "node_id": node_id,
                        "node": {
                            "accelerator_type": config.accelerator_type,
                            "runtime_version": config.runtime_version or config.machine.runtime_version,
                            # It takes no labels; those of the machine come with the workflow.
                            "description": f"Serves {site.workload} of {config.project}; "
                            f"{number(carbon.intensity_g_per_kwh)} gCO2eq/kWh in {carbon.zone} "
                            f"({carbon.signal}, {carbon.basis}, {carbon.source})"[:500],
                            "network_config": {
                                "network": args.server.network.id,
                                "subnetwork": args.server.network.subnet_id,
                                "enable_external_ips": False,
                                "can_ip_forward": False,
                            },
                        },
                    }
                ]
            },
            opts=pulumi.ResourceOptions.merge(
                child,
                pulumi.ResourceOptions(
                    depends_on=[args.server.network, *rights, *args.server.after],
                    delete_before_replace=True,  # its machine has a fixed name
                ),
            ),
        )
        node = f"projects/{site.gcp_project}/locations/{config.zone}/nodes/{node_id}"
        self._bring_up(node, default_account)
        self.register_outputs({"queued_resource": self.queued.name})

    def _bring_up(self, node: str, default_account: Any) -> None:
        site, server = self._site, self._args.server
        facts = BringUpFacts(
            node=node,
            endpoint=self._args.endpoint_path,
            script=serve_script(server.config, server.server),
            labels=site.labels,
            tag=server.tag,
        )
        bring_up = RepeatedWorkflow(
            f"{site.name}-bring-up",
            RepeatedWorkflowArgs(
                site=site,
                what="bring-up",
                does=f"Makes a server of the queued TPU machine of {site.workload}",
                definition=bring_up_definition(facts),
                permissions=PERMISSIONS,
            ),
            opts=self._child,
        )
        # Whoever changes the metadata of a machine acts as its account.
        gcp.serviceaccount.IAMMember(
            f"{site.name}-bring-up-as-machine",
            service_account_id=pulumi.Output.concat(f"projects/{site.gcp_project}/serviceAccounts/", default_account),
            role="roles/iam.serviceAccountUser",
            member=bring_up.runner.member,
            opts=self._child,
        )
