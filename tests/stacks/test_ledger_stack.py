"""What the ledger program declares: a table that lasts, encrypted with its own key, and who may do what with it."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.ledger.locate import open_ledger
from tests.ledger.conftest import TABLE

from .declare import Declared, changed, declare, run_program


@pytest.fixture
def ledger() -> Declared:
    """The example's stack."""
    return declare("ledger")


def test_the_table_has_the_keys_that_the_ledger_writes(ledger: Declared) -> None:
    table = ledger.one("Table").inputs
    keys = {one["KeyType"]: one["AttributeName"] for one in TABLE["KeySchema"]}
    assert (table["hashKey"], table["rangeKey"]) == (keys["HASH"], keys["RANGE"])
    assert {one["name"]: one["type"] for one in table["attributes"]} == {
        one["AttributeName"]: one["AttributeType"] for one in TABLE["AttributeDefinitions"]
    }
    assert table["billingMode"] == TABLE["BillingMode"]


def test_the_table_can_be_restored_and_not_be_deleted_by_mistake(ledger: Declared) -> None:
    table = ledger.one("Table").inputs
    assert table["pointInTimeRecovery"] == {"enabled": True, "recoveryPeriodInDays": 35}
    assert table["deletionProtectionEnabled"] is True
    assert table["serverSideEncryption"]["enabled"] is True
    assert table["serverSideEncryption"]["kmsKeyArn"].endswith(":carbon-ledger-key")
    assert ledger.one("Key").inputs["enableKeyRotation"] is True


def test_everything_is_tagged(ledger: Declared) -> None:
    for one in ledger.resources:
        if one.taggable:
            tags: dict[str, Any] = one.inputs["tags"]
            assert (tags["team"], tags["green-ai"]) == ("platform", "true")
            assert tags["carbon-intensity-g-per-kwh"] == "20"


def test_its_name_opens_it() -> None:
    declared, refused = run_program(changed("ledger", "ledger", table="team.budgets"))
    assert not refused
    name = f"dynamodb:{declared.one('Table').inputs['name']}@{declared.one('Table').inputs['region']}"
    assert str(open_ledger(name)) == "dynamodb:team.budgets@eu-north-1"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"table": "no"}, "table"),
        ({"recovery_days": 36}, "recovery_days"),
        ({"provider": "gcp"}, "provider"),
        ({"tables": "x"}, "tables"),
    ],
)
def test_config_that_can_not_be_used(changes: dict[str, Any], said: str) -> None:
    declared, refused = run_program(changed("ledger", "ledger", **changes))
    assert said in refused
    assert not declared.resources
