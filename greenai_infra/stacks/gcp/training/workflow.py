"""The workflow of a training plan, and the alert policy that makes notices of its log entries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.stacks.gcp.encryption import EncryptionKey
    from greenai_infra.stacks.gcp.service_account import ServiceAccount
    from greenai_infra.stacks.gcp.site import Site

RATE_LIMIT = "300s"
CLOSES_AFTER = "86400s"


@dataclass(frozen=True)
class WorkflowArgs:
    """`definition` is plain data; `environment` holds what the workflow reads with `sys.get_env`, outputs too."""

    site: Site
    definition: Mapping[str, Any]
    environment: Mapping[str, Any]
    account: ServiceAccount
    key: EncryptionKey
    channels: Sequence[Any]


class TrainingWorkflow(pulumi.ComponentResource):  # type: ignore[misc]
    """Cloud Workflow that runs the plan's jobs, encrypted with our key, with e-mails on its end."""

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:TrainingWorkflow", name, None, opts)
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        self.workflow = gcp.workflows.Workflow(
            f"{site.name}-training",
            description=f"Training {site.workload} in {site.region}",
            source_contents=json.dumps(args.definition, indent=1),
            service_account=args.account.id,
            crypto_key_name=args.key.id,
            # Errors only: hyperparameters may hold what doesn't belong in a log.
            call_log_level="LOG_ERRORS_ONLY",
            user_env_vars=dict(args.environment),
            deletion_protection=False,
            labels=dict(site.labels),
            region=site.region,
            project=site.gcp_project,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[args.account, args.key])),
        )
        self.id, self.name = self.workflow.id, self.workflow.name
        gcp.monitoring.AlertPolicy(
            f"{site.name}-notices",
            display_name=f"greenai {site.workload} in {site.region}: end of a run",
            combiner="OR",
            conditions=[
                {
                    "display_name": "the workflow says how a run ended",
                    "condition_matched_log": {
                        "filter": pulumi.Output.concat(
                            'resource.type="workflows.googleapis.com/Workflow" AND resource.labels.workflow_id="',
                            self.name,
                            f'" AND resource.labels.location="{site.region}" AND jsonPayload.notice:*',
                        ),
                        "label_extractors": {
                            what: f"EXTRACT(jsonPayload.{what})" for what in ("notice", "text", "job", "problem")
                        },
                    },
                }
            ],
            alert_strategy={"notification_rate_limit": {"period": RATE_LIMIT}, "auto_close": CLOSES_AFTER},
            documentation={
                "mime_type": "text/markdown",
                "subject": f"greenai: {site.workload} " + "${log.extracted_label.notice} in " + site.region,
                "content": "${log.extracted_label.text}\n\nJob: ${log.extracted_label.job}\n\n"
                "${log.extracted_label.problem}",
            },
            notification_channels=list(args.channels),
            user_labels=dict(site.labels),
            project=site.gcp_project,
            opts=child,
        )
        self.register_outputs({"name": self.name})
