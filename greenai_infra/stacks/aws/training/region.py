"""Everything that trains one workload in one AWS region."""

from __future__ import annotations

import json
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.clock import format_time
from greenai_infra.stacks.aws.encryption import EncryptionKey, EncryptionKeyArgs
from greenai_infra.stacks.aws.network import NetworkArgs, PrivateNetwork
from greenai_infra.stacks.aws.notices import Notices, NoticesArgs
from greenai_infra.stacks.aws.registry import ImageRegistry, RegistryArgs
from greenai_infra.stacks.aws.sagemaker_access import Scope, image_arn
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs
from greenai_infra.stacks.aws.site import Site
from greenai_infra.stacks.aws.storage import StorageArgs, TrainingStorage
from greenai_infra.stacks.aws.traffic_log import TrafficLog, TrafficLogArgs
from greenai_infra.stacks.aws.training.access import execution_statements, read_bucket_statements, workflow_statements
from greenai_infra.stacks.aws.training.one_shot import OneShotArgs, one_shot_job
from greenai_infra.stacks.aws.training.planned_start import PlannedStart, PlannedStartArgs
from greenai_infra.stacks.aws.training.run_limits import run_limits
from greenai_infra.stacks.aws.training.training_request import (
    CHECKPOINT_PREFIX,
    JobParts,
    of_input,
    plan_folder,
    prefix_uri,
    training_request,
)
from greenai_infra.stacks.aws.training.workflow import TrainingWorkflow, WorkflowArgs
from greenai_infra.stacks.aws.training.workflow_definition import INPUT, WorkflowFacts, run_input, workflow_definition
from greenai_infra.stacks.image import build_command
from greenai_infra.stacks.tags import aws_tags, intensity_text, stack_facts

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.training import TrainingConfig

DATA_PREFIX = "train/"
ARTIFACT_PREFIX = "artifacts/"


@dataclass(frozen=True)
class TrainingRegionArgs:
    """The stack's config, as the plan pinned it.

    With `run`, the plan comes from `run`, in the schedule, and all other resources are the same for every plan. In an
    inactive region everything is built, and no run starts.
    """

    config: TrainingConfig
    run: TrainingConfig | None = None
    active: bool = True


class TrainingRegion(pulumi.ComponentResource):  # type: ignore[misc]
    """Network, key, storage, registry, roles and notices, and the plan itself: scheduled in slices, or one job now."""

    def __init__(self, name: str, args: TrainingRegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:TrainingRegion", name, None, opts)
        self.config = config = args.config
        self._args, self.run = args, args.run or args.config
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        self.site = site = Site.of(name, config, config.region)
        outside = [config.data_uri.removeprefix("s3://").split("/")[0]] if config.data_uri else []

        self.network = PrivateNetwork(
            f"{name}-network",
            NetworkArgs(site, config.network, outside),
            opts=self._child,
        )
        self.scope = Scope(config.workload, config.region, self.network.account_id)
        self.key = EncryptionKey(
            f"{name}-key",
            EncryptionKeyArgs(site, self.network.account_id, given_arn=config.kms_key_arn),
            opts=self._child,
        )
        self.traffic_log = self._traffic_log()
        self.storage = TrainingStorage(
            f"{name}-storage",
            StorageArgs(site, self.key.arn, config.retention_days, config.force_destroy, config.buckets),
            opts=self._child,
        )
        self.registry = ImageRegistry(
            f"{name}-registry", RegistryArgs(site, self.key.arn, config.force_destroy), opts=self._child
        )
        self.notices = Notices(
            f"{name}-notices", NoticesArgs(site, self.key.arn, config.notify_emails, config.topic_arn), opts=self._child
        )
        self.role = self._execution_role(outside)
        self.outputs = self._outputs()
        if self.run.launch == "scheduled":
            self.outputs |= self._launch_scheduled()
        elif args.active:
            self.outputs |= self._launch_now()
        self.register_outputs(self.outputs)

    def _traffic_log(self) -> TrafficLog | None:
        """For the stack's own network only: an existing VPC stays unchanged."""
        if self.network.vpc is None:
            return None
        args = TrafficLogArgs(
            self.site, self.network.account_id, self.network.vpc.id, self.key.arn, self.config.retention_days
        )
        return TrafficLog(f"{self._name}-traffic-log", args, opts=self._child)

    @property
    def image(self) -> Any:
        """URI of the training image."""
        return self.config.image or pulumi.Output.concat(self.registry.url, f":{self.config.image_tag}")

    def _execution_role(self, outside_buckets: list[str]) -> ServiceRole:
        images = [self.registry.arn, *([image_arn(self.config.image)] if self.config.image else [])]
        statements = execution_statements(self.scope, self.network, self.storage, images, self.key.arn)
        return ServiceRole(
            f"{self._name}-role",
            ServiceRoleArgs(
                site=self.site,
                what="training",
                service="sagemaker.amazonaws.com",
                account_id=self.scope.account_id,
                source_arn=self.scope.jobs,
                statements=statements + read_bucket_statements(outside_buckets),
                given_arn=self.config.role_arn,
            ),
            opts=self._child,
        )

    def _request(self, data_uri: Any | None) -> dict[str, Any]:
        parts = JobParts(
            role_arn=self.role.arn,
            image=self.image,
            data_uri=data_uri,
            checkpoint_uri=self.outputs["checkpoint_uri"],
            artifact_uri=self.outputs["artifact_uri"],
            key_arn=self.key.arn,
            subnet_ids=self.network.subnet_ids,
            security_group_id=self.network.job_group.id,
        )
        return training_request(self.run, parts, self._run_tags)

    @property
    def _run_tags(self) -> dict[str, str]:
        """A job's tags: those of the plan that it runs for."""
        return aws_tags(stack_facts(self.run))

    @property
    def _state(self) -> str | None:
        """The schedule's; unsaid, it is enabled."""
        if self._args.run is None and self._args.active:
            return None
        return "ENABLED" if self._args.active else "DISABLED"

    def _launch_scheduled(self) -> dict[str, Any]:
        config, plan_id, limits = self.config, self.run.planned.plan_id, run_limits(self.run)
        any_plan = self._args.run is not None
        facts = WorkflowFacts(
            workload=config.workload,
            region=config.region,
            plan_id=None if any_plan else plan_id,
            topic_arn=self.notices.topic_arn,
            spot=config.spot,
        )
        request = self._request(self.outputs["data_uri"])
        if any_plan:
            request = of_input(request, config, self.storage.checkpoints.name, INPUT)
        given = run_input(self.run, limits, self._run_tags) if any_plan else {}
        workflow = TrainingWorkflow(
            f"{self._name}-workflow",
            WorkflowArgs(
                site=self.site,
                scope=self.scope,
                definition=workflow_definition(facts, request, None if any_plan else limits),
                statements=workflow_statements(
                    self.scope, config.instance_type, self.role.arn, self.notices.topic_arn, self.key.arn
                ),
                key_arn=self.key.arn,
                retention_days=config.retention_days,
            ),
            opts=self._child,
        )
        start = PlannedStart(
            f"{self._name}-start",
            PlannedStartArgs(
                site=self.site,
                account_id=self.scope.account_id,
                start=self.run.start,
                state_machine_arn=workflow.arn,
                execution_name=f"{config.workload}-{plan_id[:12]}",
                key_arn=self.key.arn,
                ready=[self.network, self.storage, self.role],
                given=given,
                state=self._state,
            ),
            opts=self._child,
        )
        by_hand = f" --input {quote(json.dumps(given, separators=(',', ':')))}" if given else ""
        begin = f"aws stepfunctions start-execution --region {config.region} --state-machine-arn "
        return {
            "state_machine_arn": workflow.arn,
            "workflow_log_group": workflow.log_group.name,
            "schedule_name": start.schedule.name,
            "schedule_expression": start.expression,
            "missed_starts_queue_url": start.queue.url,
            "start_by_hand": pulumi.Output.concat(begin, workflow.arn, by_hand),
        }

    def _launch_now(self) -> dict[str, Any]:
        # The stack's own bucket is empty when this job starts, so only data in another bucket becomes a channel.
        args = OneShotArgs(
            site=self.site,
            job_name=f"{self.run.workload}-{self.run.planned.plan_id[:8]}",
            request=self._request(self.config.data_uri),
            limit=run_limits(self.run)[0],
            depends_on=[self.role, self.network, self.storage],
        )
        job = one_shot_job(args, self._child)
        return {"training_job_name": job.training_job_name, "training_job_arn": job.arn}

    def _outputs(self) -> dict[str, Any]:
        config, storage = self.run, self.storage
        registry = self.registry.url.apply(lambda url: url.split("/")[0] if url else url)
        log_in = f"aws ecr get-login-password --region {config.region} | docker login --username AWS --password-stdin "
        upload = f"aws s3 sync --region {config.region} ./data "
        checkpoints = f"{CHECKPOINT_PREFIX}{plan_folder(config)}/"  # another plan starts afresh
        own_data_uri = prefix_uri(storage.data.name, DATA_PREFIX)
        return {
            "region": config.region,
            "plan_id": config.planned.plan_id,
            "start": format_time(config.start),
            "carbon_intensity": intensity_text(config.carbon),
            "data_bucket": storage.data.name,
            "checkpoint_bucket": storage.checkpoints.name,
            "artifact_bucket": storage.artifacts.name,
            "data_uri": config.data_uri or own_data_uri,
            "checkpoint_uri": prefix_uri(storage.checkpoints.name, checkpoints),
            "artifact_uri": prefix_uri(storage.artifacts.name, ARTIFACT_PREFIX),
            "repository_url": self.registry.url,
            "image": self.image,
            "job_role_arn": self.role.arn,
            "notices_topic_arn": self.notices.topic_arn,
            **({"traffic_log_group": self.traffic_log.log_group.name} if self.traffic_log else {}),
            "upload_data": pulumi.Output.concat(upload, own_data_uri),
            "build_image": build_command(config, config.instance_type, self.registry.url, f":{config.image_tag}"),
            "push_image": pulumi.Output.concat(
                log_in, registry, " && docker push ", self.registry.url, f":{config.image_tag}"
            ),
        }
