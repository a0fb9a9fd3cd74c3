"""The ledger stack through a whole life with plain `pulumi` on the real engine; its outputs are what users need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from greenai_infra.ledger.locate import open_ledger

from .lifecycle import whole_life
from .training_project import training_project

if TYPE_CHECKING:
    from pathlib import Path

    from .engine_cli import Engine

pytestmark = pytest.mark.engine


def test_a_ledger_lives_through_plain_pulumi(engine: Engine, tmp_path: Path) -> None:
    project = training_project(engine, tmp_path, "ledger")

    life = whole_life(project, "ledger", {"deletion_protection": False, "environment": "staging"})

    assert set(life.changed) <= {"same", "update"}
    assert str(open_ledger(life.outputs["ledger"])) == life.outputs["ledger"]
    reader, writer = (json.loads(life.outputs[f"ledger_{who}_policy"]) for who in ("reader", "writer"))
    [on_table, on_key] = writer["Statement"]
    assert on_table["Resource"] == life.outputs["ledger_table_arn"]
    assert on_key["Resource"] == life.outputs["ledger_key_arn"]
    assert {action.split(":")[1] for action in on_table["Action"]} == {
        "GetItem", "Query", "ConditionCheckItem", "PutItem", "UpdateItem",
    }  # fmt: skip
    assert {action.split(":")[1] for action in reader["Statement"][0]["Action"]} == {"GetItem", "Query"}
