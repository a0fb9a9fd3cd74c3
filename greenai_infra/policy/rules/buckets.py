"""`bucket-encryption` and `bucket-public-access`: what S3 keeps in separate resources beside the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.contracts.declared import UNKNOWN, plain
from greenai_infra.policy.reach import is_false, value_at, values_at
from greenai_infra.policy.rule import Breach, RuleSettings, Stack, StackRule, breach, not_known
from greenai_infra.policy.rules.encryption import Encryption, key_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource

BUCKET = "aws:s3/bucket:Bucket"
_RULE = "applyServerSideEncryptionByDefault"
BUCKET_KEYS = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def check_bucket_encryption(stack: Stack, settings: Encryption) -> Iterator[Breach]:
    """The default encryption of each bucket. Without a setting, S3 encrypts with an S3 key."""
    if not settings.customer_managed_keys:
        return
    for bucket in (one for one in stack.built if one.type == BUCKET):
        of_it = [one for one in stack.built if one.type == BUCKET_KEYS and belongs(one, bucket)]
        places = [(one, f"rules[].{_RULE}") for one in of_it]
        inline = f"serverSideEncryptionConfiguration.rule.{_RULE}"
        if value_at(bucket.inputs, inline) is not None:
            places.append((bucket, inline))
        if not places:
            yield breach(bucket, "", "no default encryption with a key of your own is declared for it")
        for resource, path in places:
            algorithm = value_at(resource.inputs, f"{path}.sseAlgorithm")
            if algorithm is UNKNOWN:
                yield not_known(resource, f"{path}.sseAlgorithm")
            elif algorithm not in ("aws:kms", "aws:kms:dsse"):
                yield breach(resource, f"{path}.sseAlgorithm", f"{algorithm or 'nothing'} is not a key of your own")
            elif problem := key_problem(value_at(resource.inputs, f"{path}.kmsMasterKeyId"), True):
                yield breach(resource, f"{path}.kmsMasterKeyId", f"its objects: {problem}")


def check_bucket_public_access(stack: Stack, settings: RuleSettings) -> Iterator[Breach]:
    """A public access block with all four switches on for each bucket, and no public ACL."""
    blocks = [one for one in stack.built if one.type == BLOCK]
    for block in blocks:
        for name in BLOCKS:
            value = plain(block.inputs.get(name))
            if value is UNKNOWN:
                yield not_known(block, name)
            elif value is None or is_false(value):
                yield breach(block, name, f"{name} is off", f"set {name} to true")
    for bucket in (one for one in stack.built if one.type == BUCKET):
        if not any(belongs(block, bucket) for block in blocks):
            yield breach(bucket, "", "no public access block is declared for it")


def belongs(part: DeclaredResource, bucket: DeclaredResource) -> bool:
    """Whether a part is of this bucket: it names it, or its name comes from it."""
    own = plain(part.inputs.get("bucket"))
    names = {plain(value) for path in ("bucket", "id", "arn") for _, value in values_at(bucket.inputs, path)}
    if isinstance(own, str) and own in {name for name in names if isinstance(name, str)}:
        return True
    of_property = part.property_dependencies.get("bucket")
    if of_property is not None:
        return bucket.urn in of_property
    return own is UNKNOWN and bucket.urn in part.dependencies


BUCKET_ENCRYPTION = StackRule(
    id="bucket-encryption",
    title="Every S3 bucket encrypts with a key of your own",
    remedy="declare a BucketServerSideEncryptionConfiguration with aws:kms and your key for the bucket "
    "(greenai_infra/stacks/aws/storage.py does)",
    why="S3's own encryption keeps nobody out who may read the bucket; a key of your own does, and can be revoked.",
    settings=Encryption,
    check=check_bucket_encryption,
    order=110,
    types=frozenset({BUCKET, BUCKET_KEYS}),
)
BUCKET_PUBLIC_ACCESS = StackRule(
    id="bucket-public-access",
    title="Every S3 bucket blocks public access",
    remedy="declare a BucketPublicAccessBlock with all four switches on for the bucket",
    why="One wrong statement in a bucket's policy opens it to everyone; the block holds against that.",
    settings=RuleSettings,
    check=check_bucket_public_access,
    order=130,
    types=frozenset({BUCKET, BLOCK}),
)
