"""What must be encrypted of a resource, by its type: the table that `encryption` goes through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """What a property must be. `key`: it names your own key. `on`: it is true. Else: it is among these texts.

    `always` applies even where the cloud's own keys are enough: without this property the data is unencrypted.
    """

    path: str
    wanted: str | tuple[str, ...]
    what: str
    always: bool = False


def _key(path: str, what: str = "its data", always: bool = False) -> Need:
    return Need(path, "key", what, always)


def _on(path: str, what: str) -> Need:
    return Need(path, "on", what, True)


NEEDS: dict[str, tuple[Need, ...]] = {
    "aws:sns/topic:Topic": (_key("kmsMasterKeyId", "its messages", True),),
    "aws:cloudwatch/logGroup:LogGroup": (_key("kmsKeyId", "its logs"),),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        _on("atRestEncryptionEnabled", "data at rest"),
        _on("transitEncryptionEnabled", "data in transit"),
        _key("kmsKeyId"),
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": (_key("kmsKeyId"),),
    "aws:secretsmanager/secret:Secret": (_key("kmsKeyId", "the secret"),),
    "gcp:artifactregistry/repository:Repository": (_key("kmsKeyName", "its images"),),
    "gcp:memorystore/instance:Instance": (
        Need("transitEncryptionMode", ("SERVER_AUTHENTICATION",), "data in transit", True),
        _key("kmsKey"),
    ),
    "gcp:storage/bucket:Bucket": (_key("encryption.defaultKmsKeyName", "its objects"),),
}
"""What is asked of each type; `encryption` has a function for each that a table can't describe.

Buckets on AWS: `bucket-encryption`. Of other types the rule sees only a flag of SWITCHES that is off.
"""
SWITCHES = frozenset({"atRestEncryptionEnabled", "encrypted", "storageEncrypted", "transitEncryptionEnabled"})
"""Flags that turn encryption on, of any type and at any depth."""
