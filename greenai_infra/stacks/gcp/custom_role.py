"""A role with exactly the permissions that a part of a stack needs, where Google's roles are too wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.site import Site


def grant_permissions(
    site: Site, what: str, description: str, permissions: Sequence[str], member: Any, opts: pulumi.ResourceOptions
) -> None:
    """Gives an IAM member a custom role with these permissions; `what` is a short word.

    Raises ValueError for a permission with a wildcard.
    """
    if wild := [one for one in permissions if "*" in one]:
        raise ValueError(f"{what}: name the permissions one by one instead of {', '.join(wild)}")
    role = gcp.projects.IAMCustomRole(
        f"{site.name}-{what}",
        role_id=site.role_id(what),
        title=f"greenai {site.workload} {what}"[:100],
        description=description,
        permissions=sorted(permissions),
        project=site.gcp_project,
        opts=opts,
    )
    gcp.projects.IAMMember(
        f"{site.name}-{what}",
        project=site.gcp_project,
        # By its name, which is known at preview, so that a gate can read it; hence the dependency.
        role=f"projects/{site.gcp_project}/roles/{site.role_id(what)}",
        member=member,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[role])),
    )
