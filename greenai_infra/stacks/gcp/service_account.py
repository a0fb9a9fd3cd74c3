"""An account that a part of a stack runs as, with exactly the roles it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

from greenai_infra.stacks.gcp.custom_role import grant_permissions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.gcp.site import Site

TELEMETRY_ROLES = ("roles/logging.logWriter", "roles/monitoring.metricWriter")
"""Writing logs and metrics, which knows no narrower place than the project."""
_FORBIDDEN_ROLES = ("roles/owner", "roles/editor", "roles/viewer")


@dataclass(frozen=True)
class ServiceAccountArgs:
    """`what` is a short word. `project_roles` apply to the whole project: use only roles that can't be narrowed.

    `permissions` make a custom role with just these. `used_by` are IAM members that may act as the account.
    """

    site: Site
    what: str
    description: str
    project_roles: Sequence[str] = ()
    permissions: Sequence[str] = ()
    used_by: dict[str, Any] = field(default_factory=dict)
    given_email: str | None = None
    """The user's existing account: no account is made, and its permissions and users stay unchanged."""


class ServiceAccount(pulumi.ComponentResource):  # type: ignore[misc]
    """Service account without keys. Make workloads that use it depend on the component, so that its roles exist."""

    def __init__(self, name: str, args: ServiceAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:ServiceAccount", name, None, opts)
        if args.given_email is not None:
            self.email: Any = args.given_email
            self.member: Any = f"serviceAccount:{args.given_email}"
            self.id: Any = f"projects/-/serviceAccounts/{args.given_email}"
            self.register_outputs({"email": self.email})
            return
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        if broad := sorted(set(args.project_roles) & set(_FORBIDDEN_ROLES)):
            raise ValueError(f"{args.what}: {', '.join(broad)} allows far more than any part of a stack needs")
        if wild := [one for one in args.permissions if "*" in one]:
            raise ValueError(f"{args.what}: name the permissions one by one instead of {', '.join(wild)}")
        logical = f"{site.name}-{args.what}"
        self.account = gcp.serviceaccount.Account(
            logical,
            account_id=site.account_id(args.what),
            display_name=f"{site.workload} {args.what}",
            description=args.description,
            project=site.gcp_project,
            opts=child,
        )
        self.email, self.member, self.id = self.account.email, self.account.member, self.account.name
        for role in args.project_roles:
            gcp.projects.IAMMember(
                f"{logical}-{role.rpartition('/')[2]}",
                project=site.gcp_project,
                role=role,
                member=self.member,
                opts=child,
            )
        if args.permissions:
            grant_permissions(site, args.what, args.description, args.permissions, self.member, child)
        for user, member in args.used_by.items():
            gcp.serviceaccount.IAMMember(
                f"{logical}-{user}",
                service_account_id=self.id,
                role="roles/iam.serviceAccountUser",
                member=member,
                opts=child,
            )
        self.register_outputs({"email": self.email})
