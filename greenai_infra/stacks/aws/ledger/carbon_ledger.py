"""The DynamoDB table of a carbon ledger, its key, and what those may do who read it or write to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.encryption import DATA_ACTIONS
from greenai_infra.stacks.aws.policy import actions_of, allow, render
from greenai_infra.stacks.aws.site import Site

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.ledger import LedgerConfig

READ = actions_of("dynamodb", "GetItem Query")
WRITE = actions_of("dynamodb", "ConditionCheckItem PutItem UpdateItem")
"""Deleting is not needed: entries are added and never edited."""


@dataclass(frozen=True)
class CarbonLedgerArgs:
    """The stack's config."""

    config: LedgerConfig


class CarbonLedger(pulumi.ComponentResource):  # type: ignore[misc]
    """A table that can be brought back to any second of the last weeks, and not be deleted by mistake.

    `outputs`: the ledger's name for `--ledger` and GREENAI_LEDGER, and the policies of readers and writers as JSON.
    """

    def __init__(self, name: str, args: CarbonLedgerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greenai:aws:CarbonLedger", name, None, opts)
        self._config, self._child = args.config, pulumi.ResourceOptions(parent=self)
        config = args.config
        self.site = Site.of(name, config, config.region)
        self.key = self._key()
        self.table = self._table()
        self.outputs = {
            "ledger": f"dynamodb:{config.table}@{config.region}",
            "ledger_table_arn": self.table.arn,
            "ledger_key_arn": self.key.arn,
            "ledger_reader_policy": self._policy(READ, actions_of("kms", "Decrypt DescribeKey")),
            "ledger_writer_policy": self._policy([*READ, *WRITE], DATA_ACTIONS),
        }
        self.register_outputs(self.outputs)

    def _key(self) -> Any:
        # checkov:skip=CKV2_AWS_64: the key policy that KMS makes by default lets the account's IAM policies decide
        site = self.site
        key = aws.kms.Key(
            f"{site.name}-key",
            description=f"Carbon ledger {self._config.table} in {site.region}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            region=site.region,
            tags=site.named("key"),
            opts=self._child,
        )
        aws.kms.Alias(
            f"{site.name}-key",
            name=f"alias/greenai-{site.name}",
            target_key_id=key.key_id,
            region=site.region,
            opts=self._child,
        )
        return key

    def _table(self) -> Any:
        config, site = self._config, self.site
        return aws.dynamodb.Table(
            f"{site.name}-table",
            name=config.table,
            billing_mode="PAY_PER_REQUEST",
            hash_key="partition",
            range_key="item",
            attributes=[{"name": "partition", "type": "S"}, {"name": "item", "type": "S"}],
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": config.recovery_days},
            server_side_encryption={"enabled": True, "kms_key_arn": self.key.arn},
            deletion_protection_enabled=config.deletion_protection,
            region=site.region,
            tags=dict(site.tags),
            opts=self._child,
        )

    def _policy(self, on_table: list[str], on_key: list[str]) -> Any:
        through_dynamodb = {"StringEquals": {"kms:ViaService": f"dynamodb.{self.site.region}.amazonaws.com"}}
        return render(
            [
                allow("Ledger", on_table, self.table.arn),
                allow("LedgerKey", on_key, self.key.arn, condition=through_dynamodb),
            ]
        )
