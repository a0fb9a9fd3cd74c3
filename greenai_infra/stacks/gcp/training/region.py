"""Everything that trains one workload in one region of Google Cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.clock import format_time
from greenai_infra.stacks.gcp.encryption import EncryptionKey, EncryptionKeyArgs
from greenai_infra.stacks.gcp.network import NetworkArgs, PrivateNetwork
from greenai_infra.stacks.gcp.notices import Notices, NoticesArgs
from greenai_infra.stacks.gcp.registry import ImageRegistry, RegistryArgs
from greenai_infra.stacks.gcp.services import Services, ServicesArgs
from greenai_infra.stacks.gcp.site import Site
from greenai_infra.stacks.gcp.storage import BucketArgs, PrivateBucket
from greenai_infra.stacks.gcp.training.access import job_account, start_account, workflow_account
from greenai_infra.stacks.gcp.training.job_network import JobNetwork, JobNetworkArgs
from greenai_infra.stacks.gcp.training.job_request import (
    ARTIFACT_BUCKET,
    ARTIFACT_PREFIX,
    CHECKPOINT_BUCKET,
    CHECKPOINT_PREFIX,
    DATA_DIR,
    DATA_PREFIX,
    IMAGE,
    JOB_ACCOUNT,
    KEY,
    NETWORK_ATTACHMENT,
    job_request,
    plan_argument,
    plan_folder,
)
from greenai_infra.stacks.gcp.training.planned_start import PlannedStart, PlannedStartArgs, execution_argument
from greenai_infra.stacks.gcp.training.start_now import StartNowArgs, start_now
from greenai_infra.stacks.gcp.training.workflow import TrainingWorkflow, WorkflowArgs
from greenai_infra.stacks.gcp.training.workflow_definition import WorkflowFacts, workflow_definition
from greenai_infra.stacks.image import build_command
from greenai_infra.stacks.run_limits import run_seconds
from greenai_infra.stacks.tags import gcp_labels, intensity_text, stack_facts

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig

APIS = ("compute", "dns", "monitoring", "logging", "storage", "cloudkms", "iam", "workflowexecutions")
AGENTS = ("aiplatform", "artifactregistry", "workflows")
"""Services whose agents encrypt with the stack's key."""
IMAGE_NAME = "training"


@dataclass(frozen=True)
class TrainingRegionArgs:
    """The stack's config, as the plan pinned it.

    With `run`, the plan comes from `run`: it is in the job that starts the workflow, and all other resources are the
    same for every plan. In an inactive region everything is built, and no run starts.
    """

    config: GcpTrainingConfig
    run: GcpTrainingConfig | None = None
    active: bool = True


class TrainingRegion(pulumi.ComponentResource):  # type: ignore[misc]
    """Network, key, storage, registry, accounts and notices, and the workflow that runs the plan on Vertex AI."""

    def __init__(self, name: str, args: TrainingRegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:TrainingRegion", name, None, opts)
        self.config = config = args.config
        self._args, self.run = args, args.run or args.config
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        self.site = site = Site.of(name, config, config.gcp_project, config.region)
        self.services = self._services()
        ready = pulumi.ResourceOptions(parent=self, depends_on=[self.services])
        self.vertex = self.services.agents["aiplatform.googleapis.com"]
        agents = {api.partition(".")[0]: member for api, member in self.services.agents.items()}
        self.key = EncryptionKey(
            f"{name}-key",
            EncryptionKeyArgs(site, {**agents, "storage": self.services.storage_agent}, config.kms_key),
            opts=ready,
        )
        self.network = (
            PrivateNetwork(f"{name}-network", NetworkArgs(site, config.network.cidr), opts=ready)
            if config.network.subnet is None
            else None
        )
        subnet_id = self.network.subnet_id if self.network else config.network.subnet
        self.job_network = JobNetwork(f"{name}-job-network", JobNetworkArgs(site, subnet_id, self.vertex), opts=ready)
        self.notices = Notices(
            f"{name}-notices", NoticesArgs(site, config.notify_emails, config.notification_channels), opts=ready
        )
        self.workflow_account = workflow_account(name, site, ready)
        self.job_account = job_account(name, site, self.workflow_account.member, ready, config.service_account)
        self.start_account = start_account(name, site, ready)
        self._storage()
        self.registry = ImageRegistry(
            f"{name}-registry",
            RegistryArgs(site, IMAGE_NAME, self.key, {"job": self.job_account.member, "vertex": self.vertex}),
            opts=self._child,
        )
        self.workflow = self._workflow()
        self.outputs = self._outputs()
        if self.run.launch == "scheduled":
            self.outputs |= self._launch_scheduled()
        elif args.active:
            self.outputs |= self._launch_now()
        self.register_outputs(self.outputs)

    @property
    def image(self) -> Any:
        """The training image."""
        return self.config.image or pulumi.Output.concat(self.registry.url, f"/{IMAGE_NAME}:{self.config.image_tag}")

    def _services(self) -> Services:
        launch = "run" if self.run.launch == "now" else "cloudscheduler"
        return Services(
            f"{self._name}-services",
            ServicesArgs(
                self.site,
                [f"{api}.googleapis.com" for api in (*APIS, launch)],
                [f"{api}.googleapis.com" for api in AGENTS],
            ),
            opts=self._child,
        )

    def _storage(self) -> None:
        config, job = self.config, self.job_account.member

        def bucket(what: str, access: dict[str, tuple[str, Any]], expire_days: int | None = None) -> PrivateBucket:
            return PrivateBucket(
                f"{self._name}-{what}",
                BucketArgs(
                    site=self.site,
                    what=what,
                    key=self.key,
                    old_version_days=config.retention_days,
                    expire_days=expire_days,
                    force_destroy=config.force_destroy,
                    access=access,
                    given_name=getattr(config.buckets, what),
                ),
                opts=self._child,
            )

        self.data = bucket("data", {"job": ("roles/storage.objectViewer", job)})
        keep = ("roles/storage.objectUser", job)
        self.checkpoints = bucket("checkpoints", {"job": keep}, config.retention_days)
        claim = ("roles/storage.objectCreator", self.workflow_account.member)
        self.artifacts = bucket("artifacts", {"job": keep, "claim": claim})
        if config.data_uri:
            gcp.storage.BucketIAMMember(
                f"{self._name}-other-data-job",
                bucket=config.data_uri.removeprefix("gs://").split("/")[0],
                role="roles/storage.objectViewer",
                member=job,
                opts=self._child,
            )

    def _workflow(self) -> TrainingWorkflow:
        config = self.config
        facts = WorkflowFacts(
            workload=config.workload,
            gcp_project=config.gcp_project,
            region=config.region,
            plan_id=None if self._plan else config.planned.plan_id,
        )
        definition = workflow_definition(
            facts,
            job_request(config, self.site.labels, any_plan=self._plan is not None),
            [piece.start for piece in config.slices],
            run_seconds(config.slices),
        )
        data_dir = pulumi.Output.concat("/gcs/", self.data.name, f"/{DATA_PREFIX}")
        return TrainingWorkflow(
            f"{self._name}-workflow",
            WorkflowArgs(
                site=self.site,
                definition=definition,
                environment={
                    ARTIFACT_BUCKET: self.artifacts.name,
                    CHECKPOINT_BUCKET: self.checkpoints.name,
                    DATA_DIR: config.data_uri.replace("gs://", "/gcs/", 1) if config.data_uri else data_dir,
                    IMAGE: self.image,
                    JOB_ACCOUNT: self.job_account.email,
                    KEY: self.key.id,
                    NETWORK_ATTACHMENT: self.job_network.attachment_id,
                },
                account=self.workflow_account,
                key=self.key,
                channels=self.notices.channel_names,
            ),
            opts=self._child,
        )

    def _ready(self) -> list[Any]:
        """What a run needs beside the workflow."""
        return [self.start_account, self.job_account, self.artifacts, self.checkpoints, self.data, self.job_network]

    @property
    def _plan(self) -> dict[str, Any] | None:
        """What each execution is given, where the workflow holds no plan."""
        if self._args.run is None:
            return None
        return plan_argument(self.run, gcp_labels(stack_facts(self.run)), run_seconds(self.run.slices))

    def _launch_scheduled(self) -> dict[str, Any]:
        start = PlannedStart(
            f"{self._name}-start",
            PlannedStartArgs(
                self.site,
                self.run.start,
                self.workflow.id,
                self.start_account.email,
                self._ready(),
                plan=self._plan,
                paused=None if self._args.run is None and self._args.active else not self._args.active,
            ),
            opts=self._child,
        )
        return {"schedule_name": start.job.name, "schedule": f"{start.cron} UTC, once: the plan runs a single time"}

    def _launch_now(self) -> dict[str, Any]:
        token = f"plan-{self.run.planned.plan_id[:8]}"
        argument = execution_argument("now", self._plan)
        args = StartNowArgs(self.site, token, argument, self.workflow.name, self.start_account.email, self._ready())
        return {"starter_job_name": start_now(args, self._child).name}

    def _outputs(self) -> dict[str, Any]:
        config = self.run
        own_data_uri = pulumi.Output.concat("gs://", self.data.name, f"/{DATA_PREFIX}")
        by_hand = json.dumps(execution_argument("by-hand", self._plan), separators=(",", ":"))
        place = f" --project {config.gcp_project} --location {config.region} --data {quote(by_hand)}"
        return {
            "region": config.region,
            "plan_id": config.planned.plan_id,
            "start": format_time(config.start),
            "carbon_intensity": intensity_text(config.carbon),
            "data_bucket": self.data.name,
            "checkpoint_bucket": self.checkpoints.name,
            "artifact_bucket": self.artifacts.name,
            "data_uri": config.data_uri or own_data_uri,
            "checkpoint_uri": self._uri(self.checkpoints, CHECKPOINT_PREFIX),
            "artifact_uri": self._uri(self.artifacts, ARTIFACT_PREFIX),
            "repository_url": self.registry.url,
            "image": self.image,
            "job_account": self.job_account.email,
            "workflow_name": self.workflow.name,
            "upload_data": pulumi.Output.concat("gcloud storage rsync --recursive ./data ", own_data_uri),
            "build_image": build_command(
                config, config.machine_type, self.registry.url, f"/{IMAGE_NAME}:{config.image_tag}"
            ),
            "push_image": pulumi.Output.concat(
                f"gcloud auth configure-docker {self.registry.host} && docker push ",
                self.registry.url,
                f"/{IMAGE_NAME}:{config.image_tag}",
            ),
            "start_by_hand": pulumi.Output.concat("gcloud workflows execute ", self.workflow.name, place),
        }

    def _uri(self, bucket: PrivateBucket, prefix: str) -> Any:
        return pulumi.Output.concat("gs://", bucket.name, f"/{prefix}/{plan_folder(self.run)}")
