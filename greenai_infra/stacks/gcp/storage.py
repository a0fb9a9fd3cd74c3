"""Where data, checkpoints and trained models lie on Google Cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from greenai_infra.stacks.gcp.encryption import EncryptionKey
    from greenai_infra.stacks.gcp.site import Site

UPLOAD_DAYS = 7
"""Days after which an unfinished upload is deleted: it costs money and stays invisible."""
SOFT_DELETE_SECONDS = 7 * 24 * 3600
"""Deleted objects can be restored for so long; Google charges for them until then."""


@dataclass(frozen=True)
class BucketArgs:
    """`expire_days`: age at which objects go, None for never. `old_version_days`: how long old versions stay.

    `access`: name of the grant -> (role, IAM member).
    """

    site: Site
    what: str
    key: EncryptionKey
    old_version_days: int
    expire_days: int | None = None
    force_destroy: bool = False
    access: dict[str, tuple[str, Any]] = field(default_factory=dict)
    given_name: str | None = None
    """The user's existing bucket: no bucket is made, and access to it stays unchanged."""


class PrivateBucket(pulumi.ComponentResource):  # type: ignore[misc]
    """A bucket without public access: encrypted with our key, versioned, with IAM as its only access control."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:gcp:PrivateBucket", name, None, opts)
        if args.given_name is not None:
            self.name: Any = args.given_name
            self.register_outputs({"name": self.name})
            return
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        logical = f"{site.name}-{args.what}"
        # checkov:skip=CKV_GCP_62: Cloud Audit Logs tell who reads, without another bucket that only grows
        self.bucket = gcp.storage.Bucket(
            logical,
            project=site.gcp_project,
            location=site.region,
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption={"default_kms_key_name": args.key.id},
            versioning={"enabled": True},
            lifecycle_rules=_lifecycle_rules(args),
            soft_delete_policy={"retention_duration_seconds": SOFT_DELETE_SECONDS},
            force_destroy=args.force_destroy,
            labels=dict(site.labels),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[args.key])),
        )
        self.name = self.bucket.name
        for who, (role, member) in args.access.items():
            gcp.storage.BucketIAMMember(f"{logical}-{who}", bucket=self.name, role=role, member=member, opts=child)
        self.register_outputs({"name": self.name})


def _lifecycle_rules(args: BucketArgs) -> list[dict[str, Any]]:
    delete = {"type": "Delete"}
    rules = [
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": UPLOAD_DAYS}},
        {
            "action": delete,
            "condition": {"days_since_noncurrent_time": args.old_version_days, "with_state": "ARCHIVED"},
        },
    ]
    if args.expire_days is not None:
        rules.append({"action": delete, "condition": {"age": args.expire_days, "with_state": "LIVE"}})
    return rules
