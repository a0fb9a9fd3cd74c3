"""The user's existing resources that a stack on AWS may use: by ARN, ID or name, never created or changed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from greenai_infra.contracts.stack.fields import Section

KmsKeyArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+\Z",
        examples=["arn:aws:kms:eu-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    ),
]
RoleArn = Annotated[
    str,
    Meta(pattern=r"^arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]+\Z", examples=["arn:aws:iam::123456789012:role/training"]),
]
PolicyArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+\Z",
        examples=["arn:aws:iam::123456789012:policy/boundary"],
    ),
]
TopicArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+\Z",
        examples=["arn:aws:sns:eu-north-1:123456789012:ml-team"],
    ),
]
BucketName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]\Z", examples=["acme-training-data"])]


class Buckets(Section, frozen=True, kw_only=True):
    """Your existing buckets, by name; the stack makes the others."""

    data: BucketName | None = None
    checkpoints: BucketName | None = None
    artifacts: BucketName | None = None


def arn_in_region(key: str, arn: str | None, region: str) -> None:
    """Raises ValueError for an ARN of another region."""
    if arn is not None and (place := arn.split(":")[3]) != region:
        raise ValueError(f"{key} lies in {place}, and the stack in {region}; give one of {region}")


def own_topic_or_emails(topic: object, key: str, emails: list[str]) -> None:
    """Raises ValueError for readers of a topic that the stack does not change."""
    if topic and emails:
        raise ValueError(f"{key} is yours, so its readers are too: add them there, and take notify_emails out")
