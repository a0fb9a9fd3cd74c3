"""The moment that the plan chose: a cron that starts the workflow, which runs the plan once."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.training.workflow_definition import LATEST_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.stacks.gcp.site import Site

TRIES = 5


def yearly_cron(start: datetime) -> str:
    """Returns `minute hour day month *` in UTC: Cloud Scheduler's nearest form of a single moment; it fires every year.

    Raises ValueError for a naive time. Seconds are cut: the workflow sleeps until the very second.
    """
    if start.tzinfo is None:
        raise ValueError(f"{start} has no time zone")
    start = start.astimezone(UTC)
    return f"{start.minute} {start.hour} {start.day} {start.month} *"


def execution_argument(launch: str, plan: Mapping[str, Any] | None) -> dict[str, Any]:
    """The argument of an execution."""
    return {"launch": launch, **({"plan": plan} if plan else {})}


@dataclass(frozen=True)
class PlannedStartArgs:
    """`account_email` starts the workflow; `ready` are the other resources that a run needs.

    `plan` is passed to the execution if the workflow holds no plan. A `paused` job starts no runs.
    """

    site: Site
    start: datetime
    workflow_id: Any
    account_email: Any
    ready: Sequence[Any] = ()
    plan: Mapping[str, Any] | None = None
    paused: bool | None = None


class PlannedStart(pulumi.ComponentResource):  # type: ignore[misc]
    """Cloud Scheduler job that starts an execution, and tries again for an hour if that is refused."""

    def __init__(self, name: str, args: PlannedStartArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:PlannedStart", name, None, opts)
        site = args.site
        self.cron = yearly_cron(args.start)
        argument = json.dumps({"argument": json.dumps(execution_argument("scheduled", args.plan))})
        self.job = gcp.cloudscheduler.Job(
            f"{site.name}-start",
            description=f"Planned start of {site.workload}",
            schedule=self.cron,
            paused=args.paused,
            time_zone="Etc/UTC",
            attempt_deadline="60s",
            retry_config={
                "retry_count": TRIES,
                "max_retry_duration": f"{LATEST_S}s",
                "min_backoff_duration": "30s",
                "max_backoff_duration": "600s",
            },
            http_target={
                "http_method": "POST",
                "uri": pulumi.Output.concat(
                    "https://workflowexecutions.googleapis.com/v1/", args.workflow_id, "/executions"
                ),
                "headers": {"Content-Type": "application/json"},
                "body": base64.b64encode(argument.encode()).decode(),
                "oauth_token": {
                    "service_account_email": args.account_email,
                    "scope": "https://www.googleapis.com/auth/cloud-platform",
                },
            },
            region=site.region,
            project=site.gcp_project,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.ready)),
        )
        self.register_outputs({"job": self.job.name, "cron": self.cron})
