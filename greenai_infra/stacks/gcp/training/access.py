"""What each account of the training stack may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.stacks.gcp.service_account import TELEMETRY_ROLES, ServiceAccount, ServiceAccountArgs

if TYPE_CHECKING:
    import pulumi

    from greenai_infra.stacks.gcp.site import Site

WATCH_JOBS = ("aiplatform.customJobs.cancel", "aiplatform.customJobs.create", "aiplatform.customJobs.get")
# Vertex AI, "Set up a Private Service Connect interface": what its agent does with our network attachment.
ATTACH = ("compute.networkAttachments.get", "compute.networkAttachments.update", "compute.regionOperations.get")


def job_account(
    name: str, site: Site, workflow_member: Any, child: pulumi.ResourceOptions, given_email: str | None = None
) -> ServiceAccount:
    """What a running job is. Its buckets and images are granted where those are; logs and metrics know no place."""
    return ServiceAccount(
        f"{name}-job-account",
        ServiceAccountArgs(
            site=site,
            what="job",
            description=f"Training jobs of {site.workload}",
            project_roles=TELEMETRY_ROLES,
            used_by={"workflow": workflow_member},
            given_email=given_email,
        ),
        opts=child,
    )


def workflow_account(name: str, site: Site, child: pulumi.ResourceOptions) -> ServiceAccount:
    """What the workflow is: it makes, watches and cancels custom jobs, and writes its log."""
    return ServiceAccount(
        f"{name}-workflow-account",
        ServiceAccountArgs(
            site=site,
            what="flow",
            description=f"Workflow that runs the plan of {site.workload}",
            project_roles=["roles/logging.logWriter"],
            permissions=WATCH_JOBS,
        ),
        opts=child,
    )


def start_account(name: str, site: Site, child: pulumi.ResourceOptions) -> ServiceAccount:
    """What starts the workflow. Workflows knows no narrower place for this than the project."""
    return ServiceAccount(
        f"{name}-start-account",
        ServiceAccountArgs(
            site=site,
            what="start",
            description=f"Starts the workflow of {site.workload}",
            permissions=["workflows.executions.create"],
        ),
        opts=child,
    )
