"""A start that comes with `up`: for `launch: now`.

The SDK lacks a resource for an execution of a workflow and for a custom job. A Cloud Run job fills the gap: with a
token in `start_execution_token` it runs when it is made, and once for each token. It only starts the workflow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.stacks.gcp.site import Site

STARTER_IMAGE = "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim"
"""Google's image with `gcloud`."""


@dataclass(frozen=True)
class StartNowArgs:
    """`token` identifies the start: each token starts once. `argument` is the execution's argument."""

    site: Site
    token: str
    argument: Mapping[str, Any]
    workflow_name: Any
    account_email: Any
    ready: Sequence[Any] = ()


def start_now(args: StartNowArgs, opts: pulumi.ResourceOptions) -> Any:
    """The Cloud Run job that starts the workflow once."""
    site = args.site
    command = ["gcloud", "workflows", "execute"]
    options = [f"--location={site.region}", f"--project={site.gcp_project}", f"--data={json.dumps(args.argument)}"]
    return gcp.cloudrunv2.Job(
        f"{site.name}-now",
        location=site.region,
        project=site.gcp_project,
        deletion_protection=False,
        launch_stage="BETA",  # start_execution_token is in beta
        start_execution_token=args.token,
        template={
            "template": {
                "service_account": args.account_email,
                "max_retries": 3,
                "timeout": "300s",
                "containers": [{"image": STARTER_IMAGE, "commands": command, "args": [args.workflow_name, *options]}],
            },
            "labels": dict(site.labels),
        },
        labels=dict(site.labels),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(args.ready))),
    )
