"""What all resources of a stack share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Site:
    """Where a stack stands and how its resources are named and tagged.

    `workload` begins the name of every resource. `region` goes to each resource that takes one: there is one provider,
    whatever the region.
    """

    workload: str
    region: str
    tags: Mapping[str, str] = field(hash=False)

    def named(self, what: str) -> dict[str, str]:
        """The tags with a `Name`, for what the EC2 console lists by that tag only."""
        return {**self.tags, "Name": f"{self.workload}-{what}"}
