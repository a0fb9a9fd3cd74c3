"""The moment that the plan chose: a one-time schedule that starts the state machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import deny_plain_http, render
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs
from greenai_infra.stacks.aws.training.access import start_statements
from greenai_infra.stacks.documents import json_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.stacks.aws.site import Site

LATEST_S = 3600
"""A start that is refused is tried again for an hour; then the planned hours are lost, and it goes to the queue."""
TRIES = 10
MISSED_STARTS_KEPT_S = 14 * 24 * 3600


def at_expression(start: datetime) -> str:
    """`at(YYYY-MM-DDThh:mm:ss)` in UTC, as EventBridge Scheduler takes it. Raises ValueError for a naive time."""
    if start.tzinfo is None:
        raise ValueError(f"{start} has no time zone")
    return f"at({start.astimezone(UTC):%Y-%m-%dT%H:%M:%S})"


@dataclass(frozen=True)
class PlannedStartArgs:
    """`execution_name` is the same for every delivery of the schedule, so that a plan runs once.

    `given` is the execution's input. `state` is `DISABLED` for an inactive schedule.
    `ready` are the other resources that a run needs: the schedule is made after them.
    """

    site: Site
    account_id: Any
    start: datetime
    state_machine_arn: Any
    execution_name: str
    key_arn: Any
    ready: Sequence[Any] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    state: str | None = None


class PlannedStart(pulumi.ComponentResource):  # type: ignore[misc]
    """EventBridge Scheduler schedule, with a queue for starts that were missed."""

    def __init__(self, name: str, args: PlannedStartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:PlannedStart", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        logical = f"{site.name}-start"
        self.expression = at_expression(args.start)
        group = aws.scheduler.ScheduleGroup(logical, region=site.region, tags=dict(site.tags), opts=child)
        self.queue = aws.sqs.Queue(
            f"{site.name}-missed-starts",
            kms_master_key_id=args.key_arn,
            message_retention_seconds=MISSED_STARTS_KEPT_S,
            region=site.region,
            tags=dict(site.tags),
            opts=child,
        )
        aws.sqs.QueuePolicy(
            f"{site.name}-missed-starts",
            queue_url=self.queue.url,
            policy=render([deny_plain_http("sqs", self.queue.arn)]),
            region=site.region,
            opts=child,
        )
        role = ServiceRole(
            f"{name}-role",
            ServiceRoleArgs(
                site=site,
                what="start",
                service="scheduler.amazonaws.com",
                account_id=args.account_id,
                source_arn=group.arn,  # Scheduler names the group, not the schedule
                statements=start_statements(args.state_machine_arn, self.queue.arn, args.key_arn),
            ),
            opts=child,
        )
        given = json.dumps(args.given, separators=(",", ":"))
        self.schedule = aws.scheduler.Schedule(
            logical,
            description=f"Planned start of {site.workload}",
            group_name=group.name,
            schedule_expression=self.expression,
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            state=args.state,
            action_after_completion="NONE",  # a schedule that deletes itself would be missing at the next refresh
            kms_key_arn=args.key_arn,
            target={
                # The call itself rather than the Step Functions target: only the call takes a name for the execution,
                # and Step Functions answers a second start of the same name with the first.
                "arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
                "role_arn": role.arn,
                "input": json_document(
                    {"StateMachineArn": args.state_machine_arn, "Name": args.execution_name, "Input": given}
                ),
                "retry_policy": {"maximum_event_age_in_seconds": LATEST_S, "maximum_retry_attempts": TRIES},
                "dead_letter_config": {"arn": self.queue.arn},
            },
            region=site.region,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role, *args.ready])),
        )
        self.register_outputs({"schedule": self.schedule.name, "expression": self.expression})
