"""The key that all data of a stack is encrypted with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.policy import Statement, actions_of, allow, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.stacks.aws.site import Site

DATA_ACTIONS = actions_of(
    "kms", "Decrypt DescribeKey Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo"
)

ADMIN_ACTIONS = actions_of(
    "kms",
    "CancelKeyDeletion CreateAlias CreateGrant DeleteAlias DisableKey DisableKeyRotation EnableKey "
    "EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListGrants ListKeyPolicies ListKeyRotations "
    "ListResourceTags PutKeyPolicy RetireGrant RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion TagResource "
    "UntagResource UpdateAlias UpdateKeyDescription",
)


def key_statements(region: str, account_id: Any) -> list[Statement]:
    """Our account decides by its own IAM policies; CloudWatch Logs may encrypt this account's log groups."""
    account = pulumi.Output.concat("arn:aws:iam::", account_id, ":root")
    log_groups = pulumi.Output.concat(f"arn:aws:logs:{region}:", account_id, ":log-group:*")
    return [
        # "*" is this key: a key policy speaks of no other.
        allow("OwnAccount", ADMIN_ACTIONS + DATA_ACTIONS, "*", principal={"AWS": account}),
        allow(
            "LogGroups",
            DATA_ACTIONS,
            "*",
            principal={"Service": f"logs.{region}.amazonaws.com"},
            condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        ),
    ]


@dataclass(frozen=True)
class EncryptionKeyArgs:
    """Whose key it is. `statements` let services use it beside those that every stack has."""

    site: Site
    account_id: Any
    statements: Sequence[Statement] = ()
    given_arn: str | None = None
    """The user's existing key: no key is made, and its policy stays unchanged."""


class EncryptionKey(pulumi.ComponentResource):  # type: ignore[misc]
    """Customer-managed key with yearly rotation, and an alias to find it by."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:EncryptionKey", name, None, opts)
        if args.given_arn is not None:
            self.arn: Any = args.given_arn
            self.register_outputs({"arn": self.arn})
            return
        site, child = args.site, pulumi.ResourceOptions(parent=self)
        self.key = aws.kms.Key(
            f"{site.name}-key",
            description=f"Data of {site.workload} in {site.region}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=render([*key_statements(site.region, args.account_id), *args.statements]),
            region=site.region,
            tags=site.named("key"),
            opts=child,
        )
        aws.kms.Alias(
            f"{site.name}-key",
            name=f"alias/greenai-{site.name}",
            target_key_id=self.key.key_id,
            region=site.region,
            opts=child,
        )
        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn})
