"""The user's existing resources that a stack on Google Cloud may use: by full name, never created or changed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from greenai_infra.contracts.stack.fields import Section

SubnetName = Annotated[
    str,
    Meta(
        pattern=r"^projects/[a-z][a-z0-9.:-]+/regions/[a-z0-9-]+/subnetworks/[a-z][a-z0-9-]{0,62}\Z",
        examples=["projects/acme-net/regions/europe-north1/subnetworks/jobs"],
    ),
]
KmsKeyName = Annotated[
    str,
    Meta(
        pattern=r"^projects/[a-z][a-z0-9.:-]+/locations/[a-z0-9-]+/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}\Z",
        examples=["projects/acme-ml/locations/europe-north1/keyRings/ml/cryptoKeys/training"],
    ),
]
ServiceAccountEmail = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9.-]+\.gserviceaccount\.com\Z",
        examples=["trainer@acme-ml.iam.gserviceaccount.com"],
    ),
]
ChannelName = Annotated[
    str,
    Meta(
        pattern=r"^projects/[a-z][a-z0-9.:-]+/notificationChannels/[0-9]+\Z",
        examples=["projects/acme-ml/notificationChannels/1234567890"],
    ),
]
BucketName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z", examples=["acme-training-data"])]


class GcpBuckets(Section, frozen=True, kw_only=True):
    """Your existing buckets, by name; the stack makes the others."""

    data: BucketName | None = None
    checkpoints: BucketName | None = None
    artifacts: BucketName | None = None


def name_in_region(key: str, name: str | None, region: str) -> None:
    """Raises ValueError for a whole name, `projects/P/regions/R/...`, of another region."""
    if name is not None and (place := name.split("/")[3]) != region:
        raise ValueError(f"{key} lies in {place}, and the stack in {region}; give one of {region}")
