"""A role that a single AWS service assumes, for our own resources only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import Statement, render, trust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.site import Site


@dataclass(frozen=True)
class ServiceRoleArgs:
    """`source_arn` is the resource, or pattern of resources, on whose behalf the service may act."""

    site: Site
    what: str
    service: str
    account_id: Any
    source_arn: Any
    statements: Sequence[Statement]
    given_arn: str | None = None
    """The user's existing role: no role is made."""


class ServiceRole(pulumi.ComponentResource):  # type: ignore[misc]
    """A role with its trust and its policy. Let what uses it depend on the component, so that the policy is there."""

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:ServiceRole", name, None, opts)
        if args.given_arn is not None:
            self.arn: Any = args.given_arn
            self.register_outputs({"arn": self.arn})
            return
        child = pulumi.ResourceOptions(parent=self)
        logical = f"{args.site.name}-{args.what}"
        self.role = aws.iam.Role(
            logical,
            description=f"{args.what} of {args.site.workload} in {args.site.region}",
            assume_role_policy=render([trust(args.service, args.account_id, args.source_arn)]),
            permissions_boundary=args.site.permissions_boundary,
            tags=dict(args.site.tags),
            opts=child,
        )
        aws.iam.RolePolicy(logical, role=self.role.name, policy=render(args.statements), opts=child)
        self.arn = self.role.arn
        self.register_outputs({"arn": self.arn})
