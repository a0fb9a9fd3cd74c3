"""Where data, checkpoints and trained models lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import Statement, deny, deny_plain_http, render

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.given import Buckets
    from greenai_infra.stacks.aws.site import Site

UPLOAD_DAYS = 7
"""Days after which an unfinished upload is deleted: it costs money and stays invisible."""


@dataclass(frozen=True)
class BucketArgs:
    """`expire_days`: age at which objects go, None for never. `old_version_days`: how long old versions stay."""

    site: Site
    what: str
    key_arn: Any
    old_version_days: int
    expire_days: int | None = None
    force_destroy: bool = False
    given_name: str | None = None
    """The user's existing bucket: no bucket is made, and it stays unchanged."""


class PrivateBucket(pulumi.ComponentResource):  # type: ignore[misc]
    """A private bucket: encrypted with our key, versioned, TLS only, no public access."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:PrivateBucket", name, None, opts)
        if args.given_name is not None:
            self.name: Any = args.given_name
            self.arn: Any = f"arn:aws:s3:::{args.given_name}"
            self.register_outputs({"name": self.name, "arn": self.arn})
            return
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        logical = f"{site.name}-{args.what}"
        # checkov:skip=CKV_AWS_18: CloudTrail's data events tell who reads, without another bucket that only grows
        # checkov:skip=CKV_AWS_144: the data serves one region, chosen for its grid; a copy elsewhere is stored twice
        # checkov:skip=CKV2_AWS_62: nothing waits for new objects, jobs start by plan
        self.bucket = aws.s3.Bucket(
            logical, force_destroy=args.force_destroy, region=site.region, tags=dict(site.tags), opts=child
        )
        self.name, self.arn = self.bucket.bucket, self.bucket.arn
        bucket = {"bucket": self.name, "region": site.region}
        blocked = aws.s3.BucketPublicAccessBlock(
            logical,
            **bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(logical, **bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child)
        default = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.key_arn}
        aws.s3.BucketServerSideEncryptionConfiguration(
            logical,
            **bucket,
            # The bucket key saves a call to KMS for each object.
            rules=[{"apply_server_side_encryption_by_default": default, "bucket_key_enabled": True}],
            opts=child,
        )
        versioned = aws.s3.BucketVersioning(
            logical, **bucket, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketLifecycleConfiguration(
            logical,
            **bucket,
            rules=[_lifecycle_rule(args)],
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[versioned])),
        )
        aws.s3.BucketPolicy(
            logical,
            **bucket,
            policy=render(self._statements(args.key_arn)),
            # S3 refuses two changes of a bucket's access at the same time.
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[blocked])),
        )
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _statements(self, key_arn: Any) -> list[Statement]:
        objects = pulumi.Output.concat(self.arn, "/*")
        # An upload that names no encryption gets the bucket's default, which is our key; another's key is refused.
        other_key = {"StringNotEqualsIfExists": {"s3:x-amz-server-side-encryption-aws-kms-key-id": key_arn}}
        return [
            deny_plain_http("s3", [self.arn, objects]),
            deny("DenyOtherKey", ["s3:PutObject"], objects, other_key),
        ]


def _lifecycle_rule(args: BucketArgs) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": "tidy",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": UPLOAD_DAYS},
        "noncurrent_version_expiration": {"noncurrent_days": args.old_version_days},
    }
    if args.expire_days is not None:
        rule["expiration"] = {"days": args.expire_days}
    return rule


@dataclass(frozen=True)
class StorageArgs:
    """`retention_days`: how long checkpoints, and replaced objects everywhere, are kept."""

    site: Site
    key_arn: Any
    retention_days: int
    force_destroy: bool = False
    given: Buckets | None = None


class TrainingStorage(pulumi.ComponentResource):  # type: ignore[misc]
    """A bucket each for training data, checkpoints, and results."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:TrainingStorage", name, None, opts)

        def bucket(what: str, expire_days: int | None = None) -> PrivateBucket:
            return PrivateBucket(
                f"{name}-{what}",
                BucketArgs(
                    args.site,
                    what,
                    args.key_arn,
                    args.retention_days,
                    expire_days,
                    args.force_destroy,
                    getattr(args.given, what, None),
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )

        self.data = bucket("data")
        self.checkpoints = bucket("checkpoints", args.retention_days)
        self.artifacts = bucket("artifacts")
        self.register_outputs({what: getattr(self, what).name for what in ("data", "checkpoints", "artifacts")})
