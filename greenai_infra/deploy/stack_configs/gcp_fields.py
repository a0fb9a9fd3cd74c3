"""What the config sections of stacks on Google Cloud have in common."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field

# Project id, not its number: 6 to 30 characters.
GcpProject = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
GcpRegion = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}$")]
GcpZone = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}-[a-z]$", examples=["europe-west4-b"])]
# Artifact Registry by tag or digest: what a network without a way out can pull from.
ArtifactImage = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9-]+-docker\.pkg\.dev/[a-z][a-z0-9.:-]+/[a-z0-9-]+/[a-z0-9][a-z0-9._/-]*"
        r"(:[A-Za-z0-9_][\w.-]{0,127}|@sha256:[0-9a-f]{64})$",
        examples=["europe-west4-docker.pkg.dev/acme-ml/training/train:v1"],
    ),
]


def _is_a_network(cidr: str) -> str:
    ip_network(cidr)  # raises ValueError, in words, for 10.42.0.1/16 or 300.0.0.0/16
    return cidr


Subnet = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-9])$"), AfterValidator(_is_a_network)]


def zone_in_region(zone: str, region: str) -> None:
    """Raises ValueError for a zone of another region."""
    if zone.rpartition("-")[0] != region:
        raise ValueError(f"zone {zone} is not in region {region}")
