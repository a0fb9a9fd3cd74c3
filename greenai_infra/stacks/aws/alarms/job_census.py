"""The job census: every five minutes, the number of the project's running training jobs, and 0 kg if no job runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.contracts.metrics import CENSUS_S
from greenai_infra.stacks.aws.alarms.access import list_jobs_statements, write_metrics_statement
from greenai_infra.stacks.aws.alarms.census_definition import census_definition
from greenai_infra.stacks.aws.logs import deliver_logs_statement, log_group
from greenai_infra.stacks.aws.policy import allow
from greenai_infra.stacks.aws.sagemaker_access import Scope
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs
from greenai_infra.stacks.documents import json_document

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.alarms.alerts import Alerts
    from greenai_infra.stacks.aws.alarms.watched import Watched


@dataclass(frozen=True)
class JobCensusArgs:
    """Whose jobs are counted; `alerts` has the key of the logs and knows the account."""

    watched: Watched
    alerts: Alerts
    retention_days: int


class JobCensus(pulumi.ComponentResource):  # type: ignore[misc]
    """Express state machine (cents a month) and the schedule that starts it."""

    def __init__(self, name: str, args: JobCensusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:JobCensus", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._ready = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=args.alerts.ready))
        self.state_machine = self._state_machine()
        self._schedule()
        self.register_outputs({"arn": self.state_machine.arn})

    def _state_machine(self) -> Any:
        args, site = self._args, self._args.watched.site
        scope = Scope(site.workload, site.region, args.alerts.account_id)
        logs = log_group(
            site, "job-census", "/aws/vendedlogs/states/census", args.alerts.key_arn, args.retention_days, self._ready
        )
        role = ServiceRole(
            f"{self._name}-role",
            ServiceRoleArgs(
                site=site,
                what="job-census",
                service="states.amazonaws.com",
                account_id=args.alerts.account_id,
                source_arn=scope.arn("states", f"stateMachine:{site.name}-*"),
                statements=[
                    *list_jobs_statements(site.region, args.alerts.account_id),
                    write_metrics_statement(),
                    deliver_logs_statement(site.region),
                ],
            ),
            opts=self._child,
        )
        # checkov:skip=CKV_AWS_284: X-Ray takes traces only with a permission on every resource; the log has failures
        # checkov:skip=CKV_AWS_285: a count has no data worth keeping, and it runs 8,640 times a month
        return aws.sfn.StateMachine(
            f"{site.name}-job-census",
            role_arn=role.arn,
            type="EXPRESS",
            definition=json_document(census_definition(args.watched)),
            logging_configuration={
                "level": "ERROR",  # 8,640 runs a month: only those that fail are worth reading
                "include_execution_data": False,
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            region=site.region,
            tags=dict(site.tags),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[role])),
        )

    def _schedule(self) -> None:
        site = self._args.watched.site
        group = aws.scheduler.ScheduleGroup(
            f"{site.name}-census", region=site.region, tags=dict(site.tags), opts=self._child
        )
        role = ServiceRole(
            f"{self._name}-start-role",
            ServiceRoleArgs(
                site=site,
                what="census-start",
                service="scheduler.amazonaws.com",
                account_id=self._args.alerts.account_id,
                source_arn=group.arn,
                statements=[
                    allow("StartCensus", ["states:StartExecution"], self.state_machine.arn),
                    allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], self._args.alerts.key_arn),
                ],
            ),
            opts=self._child,
        )
        aws.scheduler.Schedule(
            f"{site.name}-census",
            description=f"Counts running jobs of {self._args.watched.whose}",
            group_name=group.name,
            schedule_expression=f"rate({CENSUS_S // 60} minutes)",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=self._args.alerts.key_arn,
            target={
                "arn": self.state_machine.arn,
                "role_arn": role.arn,
                # A late count is useless, as the next is due; missing counts are an alarm themselves.
                "retry_policy": {"maximum_event_age_in_seconds": 120, "maximum_retry_attempts": 2},
            },
            region=site.region,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[role])),
        )
