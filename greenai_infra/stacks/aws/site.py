"""What all resources of a stack share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenai_infra.stacks.names import component_name
from greenai_infra.stacks.tags import aws_tags, stack_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.stack.fields import Tagged


@dataclass(frozen=True)
class Site:
    """Where a component stands and how its resources are named and tagged.

    `name` is the component's name and starts the name of every resource, so that a program may hold several components
    of a workload. `region` goes to each resource that accepts it: a single provider serves all regions.
    """

    name: str
    workload: str
    region: str
    tags: Mapping[str, str] = field(hash=False)
    permissions_boundary: str | None = None
    """ARN of the policy that bounds every role made here."""

    @classmethod
    def of(cls, name: str, config: Tagged, region: str, facts: Mapping[str, str] | None = None) -> Site:
        """That of the component of this name; `facts` are tagged beside the stack's. Raises InputError."""
        tags = aws_tags({**stack_facts(config), **(facts or {})})
        boundary = getattr(config, "permissions_boundary", None)
        return cls(component_name(name, config), config.workload, region, tags, boundary)

    def named(self, what: str) -> dict[str, str]:
        """The tags with a `Name`, for what the EC2 console lists by that tag only."""
        return {**self.tags, "Name": f"{self.name}-{what}"}
