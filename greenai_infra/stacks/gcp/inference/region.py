"""Everything that serves one workload on TPUs in one region of Google Cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.stacks.gcp.every_five_minutes import APIS as WORKFLOW_APIS
from greenai_infra.stacks.gcp.notices import Notices, NoticesArgs
from greenai_infra.stacks.gcp.services import Services, ServicesArgs
from greenai_infra.stacks.gcp.site import Site
from greenai_infra.stacks.tags import request_facts

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig, Server

TPU_APIS = (
    "tpu.googleapis.com",
    "compute.googleapis.com",
    "dns.googleapis.com",
    "artifactregistry.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "secretmanager.googleapis.com",
    "servicedirectory.googleapis.com",
)
VERTEX_APIS = ("aiplatform.googleapis.com",)
MONITORING = "monitoring.googleapis.com"


@dataclass(frozen=True)
class InferenceEndpointArgs:
    """The stack's config. `hub_token` opens a gated model on Vertex AI: a secret of the stack, or None."""

    config: GcpInferenceConfig
    hub_token: Any = None


class InferenceEndpoint(pulumi.ComponentResource):  # type: ignore[misc]
    """A TPU machine now, a TPU machine from the queue, or a Vertex AI endpoint, each private and watched."""

    def __init__(self, name: str, args: InferenceEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:ServingRegion", name, None, opts)
        self.config = config = args.config
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        self.site = Site.of(name, config, config.gcp_project, config.region, request_facts(config.planned))
        self.notices = Notices(f"{name}-notices", NoticesArgs(self.site, config.notify_emails), opts=self._child)
        self.outputs: dict[str, Any] = {"serve_on": config.serve_on, "accelerator_type": config.accelerator_type}
        if config.server is not None:
            self._serve_on_tpu(config.server)
        else:
            self._serve_on_vertex(args.hub_token)
        self.register_outputs(self.outputs)

    def _services(self, apis: tuple[str, ...]) -> Services:
        return Services(f"{self._name}-services", ServicesArgs(self.site, apis, agents=(MONITORING,)), opts=self._child)

    def _serve_on_tpu(self, server: Server) -> None:
        # Only here, as the sub-package `compute` alone takes seconds to import.
        from greenai_infra.stacks.gcp.inference.doors import Doors, DoorsArgs
        from greenai_infra.stacks.gcp.inference.health import Health, HealthArgs
        from greenai_infra.stacks.gcp.inference.tpu_queue import TpuQueueArgs, TpuQueueServer
        from greenai_infra.stacks.gcp.inference.tpu_vm import TpuServerArgs, TpuVmServer
        from greenai_infra.stacks.gcp.network import NetworkArgs, PrivateNetwork

        config, site, name = self.config, self.site, self._name
        queued = config.serve_on == "tpu-queue"
        services = self._services(TPU_APIS + (WORKFLOW_APIS if queued else ()))
        after = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[services]))
        network = PrivateNetwork(f"{name}-network", NetworkArgs(site, config.network.cidr), opts=after)
        tag = f"{site.name}-server"
        doors = Doors(f"{name}-doors", DoorsArgs(site, network, tag, server.port, config.network), opts=self._child)
        args = TpuServerArgs(site, config, server, network, tag, after=[doors, services])
        machine = None if queued else TpuVmServer(f"{name}-server", args, opts=self._child)
        health = Health(
            f"{name}-health",
            HealthArgs(
                site=site,
                network=network,
                address=machine.address if machine else None,
                port=server.port,
                path=server.health_path,
                agent=services.agents[MONITORING],
                project_number=services.project_number,
                channels=self.notices.channel_names,
            ),
            opts=after,
        )
        self.outputs |= {
            "model": server.model,
            "port": server.port,
            "network": network.id,
            "directory_entry": health.endpoint_path,
        }
        if machine is not None:
            self.outputs["url"] = pulumi.Output.concat("http://", machine.address, f":{server.port}/v1")
            self.outputs["service_account"] = machine.account.email
        else:
            queue = TpuQueueServer(
                f"{name}-server", TpuQueueArgs(args, health.endpoint_path, services.project_number), opts=after
            )
            self.outputs["queued_resource"] = queue.queued.name

    def _serve_on_vertex(self, hub_token: Any) -> None:
        from greenai_infra.stacks.gcp.inference.garden import GardenArgs, GardenEndpoint

        garden = self.config.garden
        assert garden is not None  # the typed config says so for serve_on: vertex
        services = self._services(VERTEX_APIS)
        served = GardenEndpoint(
            f"{self._name}-garden",
            GardenArgs(
                site=self.site,
                config=self.config,
                garden=garden,
                token=hub_token,
                channels=self.notices.channel_names,
                after=[services],
            ),
            opts=self._child,
        )
        self.outputs |= {
            "model": garden.publisher_model or garden.hugging_face_model,
            "endpoint": served.endpoint.endpoint,
            "service_attachment": served.service_attachment,
        }
