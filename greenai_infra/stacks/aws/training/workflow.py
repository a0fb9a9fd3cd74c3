"""The state machine of a training plan, with its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.logs import log_group
from greenai_infra.stacks.aws.service_role import ServiceRole, ServiceRoleArgs
from greenai_infra.stacks.documents import json_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.policy import Statement
    from greenai_infra.stacks.aws.sagemaker_access import Scope
    from greenai_infra.stacks.aws.site import Site


@dataclass(frozen=True)
class WorkflowArgs:
    """`definition` may hold outputs."""

    site: Site
    scope: Scope
    definition: dict[str, Any]
    statements: Sequence[Statement]
    key_arn: Any
    retention_days: int


class TrainingWorkflow(pulumi.ComponentResource):  # type: ignore[misc]
    """Step Functions state machine that runs the plan's training jobs."""

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:TrainingWorkflow", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        # Under this prefix log delivery needs no entry in the account's policy for logs, whose size is limited.
        self.log_group = log_group(site, "workflow", "/aws/vendedlogs/states", args.key_arn, args.retention_days, child)
        self.role = ServiceRole(
            f"{name}-role",
            ServiceRoleArgs(
                site=site,
                what="workflow",
                service="states.amazonaws.com",
                account_id=args.scope.account_id,
                source_arn=args.scope.arn("states", f"stateMachine:{site.name}-*"),
                statements=args.statements,
            ),
            opts=child,
        )
        # checkov:skip=CKV_AWS_284: X-Ray takes traces only with a permission on every resource; the log has each step
        # checkov:skip=CKV_AWS_285: hyperparameters may hold what doesn't belong in a log
        self.state_machine = aws.sfn.StateMachine(
            f"{site.name}-training",
            role_arn=self.role.arn,
            type="STANDARD",
            definition=json_document(args.definition),
            logging_configuration={
                "level": "ALL",
                "include_execution_data": False,
                "log_destination": pulumi.Output.concat(self.log_group.arn, ":*"),
            },
            region=site.region,
            tags=dict(site.tags),
            # Creation checks that the role may deliver logs.
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[self.role])),
        )
        self.arn = self.state_machine.arn
        self.register_outputs({"arn": self.arn, "log_group": self.log_group.name})
