"""The kill switch: from the daily budget's alarm by an EventBridge rule to the state machine that stops jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.alarms.access import list_jobs_statements, stop_jobs_statement
from greenai_infra.stacks.aws.alarms.kill_switch_definition import SwitchFacts, kill_switch_definition
from greenai_infra.stacks.aws.logs import deliver_logs_statement, log_group
from greenai_infra.stacks.aws.policy import Statement, allow
from greenai_infra.stacks.aws.sagemaker_access import Scope
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs
from greenai_infra.stacks.documents import json_document

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.alarms.alerts import Alerts
    from greenai_infra.stacks.aws.alarms.watched import Watched

LATEST_S = 3600
"""A start that fails is tried again for an hour."""


@dataclass(frozen=True)
class KillSwitchArgs:
    """`alarm` is that of the daily budget."""

    watched: Watched
    alerts: Alerts
    alarm: Any
    budget_kg: float
    retention_days: int


class KillSwitch(pulumi.ComponentResource):  # type: ignore[misc]
    """Rule, state machine, and a separate alarm for a rule that can't start the state machine."""

    def __init__(self, name: str, args: KillSwitchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:KillSwitch", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.state_machine = self._state_machine()
        self._start(self._rule())
        self.register_outputs({"arn": self.state_machine.arn})

    def _state_machine(self) -> Any:
        args, site, alerts = self._args, self._args.watched.site, self._args.alerts
        ready = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=alerts.ready))
        scope = Scope(site.workload, site.region, alerts.account_id)
        logs = log_group(
            site, "kill-switch", "/aws/vendedlogs/states/kill-switch", alerts.key_arn, args.retention_days, ready
        )
        role = ServiceRole(
            f"{self._name}-role",
            ServiceRoleArgs(
                site=site,
                what="kill-switch",
                service="states.amazonaws.com",
                account_id=alerts.account_id,
                source_arn=scope.arn("states", f"stateMachine:{site.name}-*"),
                statements=self._statements(),
            ),
            opts=self._child,
        )
        facts = SwitchFacts(args.watched, args.watched.alarm_name("daily-budget"), alerts.topic_arn, args.budget_kg)
        # checkov:skip=CKV_AWS_284: X-Ray takes traces only with a permission on every resource; the log has each step
        return aws.sfn.StateMachine(
            f"{site.name}-kill-switch",
            role_arn=role.arn,
            type="STANDARD",
            definition=json_document(kill_switch_definition(facts)),
            logging_configuration={
                "level": "ALL",
                "include_execution_data": True,  # only the names of jobs and why a job would not stop
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            region=site.region,
            tags=dict(site.tags),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[role])),
        )

    def _statements(self) -> list[Statement]:
        watched, alerts = self._args.watched, self._args.alerts
        return [
            *list_jobs_statements(watched.site.region, alerts.account_id),
            stop_jobs_statement(watched, alerts.account_id),
            allow("LookAtAlarm", ["cloudwatch:DescribeAlarms"], self._args.alarm.arn),
            allow("SendNotices", ["sns:Publish"], alerts.topic_arn),
            allow("EncryptNotices", ["kms:Decrypt", "kms:GenerateDataKey"], alerts.key_arn),
            deliver_logs_statement(watched.site.region),
        ]

    def _rule(self) -> Any:
        site = self._args.watched.site
        pattern = {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "resources": [self._args.alarm.arn],
            "detail": {"state": {"value": ["ALARM"]}},
        }
        return aws.cloudwatch.EventRule(
            f"{site.name}-kill",
            description=f"Daily carbon budget of {self._args.watched.whose} is used up",
            event_pattern=json_document(pattern),
            region=site.region,
            tags=dict(site.tags),
            opts=self._child,
        )

    def _start(self, rule: Any) -> None:
        watched, site, alerts = self._args.watched, self._args.watched.site, self._args.alerts
        role = ServiceRole(
            f"{self._name}-start-role",
            ServiceRoleArgs(
                site=site,
                what="kill-start",
                service="events.amazonaws.com",
                account_id=alerts.account_id,
                source_arn=rule.arn,
                statements=[allow("StartKillSwitch", ["states:StartExecution"], self.state_machine.arn)],
            ),
            opts=self._child,
        )
        aws.cloudwatch.EventTarget(
            f"{site.name}-kill",
            rule=rule.name,
            arn=self.state_machine.arn,
            role_arn=role.arn,
            retry_policy={"maximum_event_age_in_seconds": LATEST_S, "maximum_retry_attempts": 60},
            region=site.region,
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[role])),
        )
        # The composite alarm is already on by then and would stay silent, so this alarm notifies by itself.
        aws.cloudwatch.MetricAlarm(
            f"{site.name}-kill-not-started",
            name=watched.alarm_name("kill-not-started"),
            alarm_description=f"The kill switch of {watched.whose} could not be started. Stop the jobs by hand. "
            f"{watched.see_also}".strip(),
            namespace="AWS/Events",
            metric_name="FailedInvocations",
            dimensions={"RuleName": rule.name},
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            treat_missing_data="notBreaching",
            alarm_actions=[alerts.topic_arn],
            region=site.region,
            tags=dict(site.tags),
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=alerts.ready)),
        )
