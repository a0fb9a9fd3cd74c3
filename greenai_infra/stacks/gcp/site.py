"""What all resources of a stack on Google Cloud share."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the name of a service account may be longest, and what of the workload's fits in beside the rest.
_WORKLOAD_LENGTH = 14
_DIGEST_LENGTH = 6


@dataclass(frozen=True)
class Site:
    """Where a stack stands and how its resources are named and labelled.

    `workload` begins the name of every resource. `gcp_project` is the id of the Google Cloud project, and goes with
    `region` to each resource that takes them: a stack needs no settings of the provider.
    """

    workload: str
    gcp_project: str
    region: str
    labels: Mapping[str, str] = field(hash=False)

    def account_id(self, what: str) -> str:
        """Name of a service account of the stack, at most 30 characters; `what` is one word of at most 8.

        The digest tells apart workloads whose names begin alike, and regions.
        """
        if len(what) > 30 - _WORKLOAD_LENGTH - _DIGEST_LENGTH - 2:
            raise ValueError(f"'{what}' is too long for the name of a service account")
        digest = sha256(f"{self.workload}/{self.region}".encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{self.workload[:_WORKLOAD_LENGTH].rstrip('-')}-{what}-{digest}"

    def role_id(self, what: str) -> str:
        """Name of a custom role of the stack, at most 64 characters, unique in the project."""
        return f"greenai_{self.account_id(what).replace('-', '_')}"
