"""The security groups of a network: born closed, and opened rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

if TYPE_CHECKING:
    import pulumi

    from greenai_infra.stacks.aws.site import Site

HTTPS = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443}


@dataclass(frozen=True)
class SecurityGroups:
    """Declares groups of one VPC, and their rules: each of protocol, ports, and who is at the other end."""

    site: Site
    vpc_id: Any
    opts: pulumi.ResourceOptions

    def group(self, what: str, description: str) -> Any:
        """A group without rules."""
        # checkov:skip=CKV2_AWS_5: who takes it along is in other stacks, or of SageMaker, which checkov does not count
        return aws.ec2.SecurityGroup(
            f"{what}-{self.site.name}",  # a group's name must not begin with `sg-`, a workload's may
            vpc_id=self.vpc_id,
            description=description,
            region=self.site.region,
            tags=self.site.named(what),
            opts=self.opts,
        )

    def allow_in(self, what: str, group_id: Any, rule: dict[str, Any]) -> None:
        """Let members of a group be reached."""
        self._rule(aws.vpc.SecurityGroupIngressRule, what, group_id, rule)

    def allow_out(self, what: str, group_id: Any, rule: dict[str, Any]) -> None:
        """Let members of a group reach somebody."""
        self._rule(aws.vpc.SecurityGroupEgressRule, what, group_id, rule)

    def _rule(self, direction: Any, what: str, group_id: Any, rule: dict[str, Any]) -> None:
        direction(
            f"{self.site.name}-{what}",
            security_group_id=group_id,
            description=what.replace("-", " "),
            region=self.site.region,
            tags=self.site.named(what),
            opts=self.opts,
            **rule,
        )
