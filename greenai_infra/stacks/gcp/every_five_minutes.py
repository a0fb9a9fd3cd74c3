"""A workflow that Cloud Scheduler starts every five minutes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.service_account import ServiceAccount, ServiceAccountArgs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.site import Site

EVERY_FIVE_MINUTES = "*/5 * * * *"
APIS = ("workflows.googleapis.com", "workflowexecutions.googleapis.com", "cloudscheduler.googleapis.com")


@dataclass(frozen=True)
class RepeatedWorkflowArgs:
    """`what` is a word of at most 8 letters that says what the workflow does, `does` a sentence.

    `permissions` are those of the workflow's account, beside writing its log.
    """

    site: Site
    what: str
    does: str
    definition: dict[str, Any]
    permissions: Sequence[str]


class RepeatedWorkflow(pulumi.ComponentResource):  # type: ignore[misc]
    """Workflow, its account, the schedule, and an account that can only start workflows."""

    def __init__(self, name: str, args: RepeatedWorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:RepeatedWorkflow", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        logical = f"{site.name}-{args.what}"
        self.runner = ServiceAccount(
            f"{logical}-account",
            ServiceAccountArgs(
                site=site,
                what=args.what,
                description=args.does,
                project_roles=("roles/logging.logWriter",),
                permissions=args.permissions,
            ),
            opts=child,
        )
        self.workflow = gcp.workflows.Workflow(
            logical,
            project=site.gcp_project,
            region=site.region,
            description=args.does,
            service_account=self.runner.id,
            source_contents=json.dumps(args.definition, indent=1),
            call_log_level="LOG_ERRORS_ONLY",
            deletion_protection=False,
            labels=dict(site.labels),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[self.runner])),
        )
        starter = ServiceAccount(
            f"{logical}-starter",
            ServiceAccountArgs(
                site=site,
                what=f"{args.what.replace('-', '')[:6]}-t",
                description=f"Starts the workflow {args.what} of {site.workload}",
                permissions=("workflows.executions.create",),
            ),
            opts=child,
        )
        gcp.cloudscheduler.Job(
            logical,
            project=site.gcp_project,
            region=site.region,
            description=args.does,
            schedule=EVERY_FIVE_MINUTES,
            time_zone="Etc/UTC",
            attempt_deadline="60s",
            http_target={
                "http_method": "POST",
                "uri": pulumi.Output.concat(
                    "https://workflowexecutions.googleapis.com/v1/", self.workflow.id, "/executions"
                ),
                "oauth_token": {"service_account_email": starter.email},
            },
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[starter])),
        )
        self.register_outputs({"workflow": self.workflow.name})
