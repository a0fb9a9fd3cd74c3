"""What all resources of a stack on Google Cloud share."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from greenai_infra.stacks.names import component_name
from greenai_infra.stacks.tags import gcp_labels, stack_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.stack.fields import Tagged

# What the name of a service account may be longest, and what of the component's fits in beside the rest.
_NAME_LENGTH = 14
_DIGEST_LENGTH = 6


@dataclass(frozen=True)
class Site:
    """Where a component stands and how its resources are named and labelled.

    `name` is the component's name and starts the name of every resource, so that a program may hold several components
    of a workload. `gcp_project` is the id of the Google Cloud project, and goes with `region` to each resource that
    accepts them: a stack works without provider settings.
    """

    name: str
    workload: str
    gcp_project: str
    region: str
    labels: Mapping[str, str] = field(hash=False)

    @classmethod
    def of(
        cls, name: str, config: Tagged, gcp_project: str, region: str, facts: Mapping[str, str] | None = None
    ) -> Site:
        """That of the component of this name; `facts` are labels beside the stack's. Raises InputError."""
        labels = gcp_labels({**stack_facts(config), **(facts or {})})
        return cls(component_name(name, config), config.workload, gcp_project, region, labels)

    def account_id(self, what: str) -> str:
        """Returns the name of a service account of the stack, at most 30 characters; `what` is a word of at most 8.

        The digest tells apart components whose names begin alike, and regions.
        """
        if len(what) > 30 - _NAME_LENGTH - _DIGEST_LENGTH - 2:
            raise ValueError(f"'{what}' is too long for the name of a service account")
        digest = sha256(f"{self.name}/{self.region}".encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{self.name[:_NAME_LENGTH].rstrip('-')}-{what}-{digest}"

    def role_id(self, what: str) -> str:
        """Name of a custom role of the stack, at most 64 characters, unique in the project."""
        return f"greenai_{self.account_id(what).replace('-', '_')}"
