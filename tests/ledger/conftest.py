"""A budget in each kind of ledger, with a clock that a test sets."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.dynamodb import DynamoLedger
from greenai_infra.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenai_infra.ledger.entries import Ledger

REGION = "eu-north-1"
TABLE: dict[str, Any] = {
    "KeySchema": [
        {"AttributeName": "partition", "KeyType": "HASH"},
        {"AttributeName": "item", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "partition", "AttributeType": "S"},
        {"AttributeName": "item", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
"""As the stack program `ledger` declares it, which tests/stacks/test_ledger_stack.py compares."""


class Clock:
    """The time that a test says it is."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 15, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def go(self, **by: float) -> None:
        """Forward, or back with a negative."""
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    """2026-03-15 12:00 UTC."""
    return Clock()


@pytest.fixture(params=["sqlite", "dynamodb"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """A ledger of each kind, empty."""
    if request.param == "sqlite":
        return SqliteLedger(tmp_path / "ledger.db")
    client = request.getfixturevalue("dynamodb")
    table = f"ledger-{uuid4()}"
    client.create_table(TableName=table, **TABLE)
    return DynamoLedger(table, REGION, client)


@pytest.fixture
def budget(ledger: Ledger, clock: Clock) -> CarbonBudget:
    """100 kg a year and 20 a month: of the year 70 for training, 30 for inference."""
    return with_100_kg(ledger, clock)


def with_100_kg(ledger: Ledger, clock: Clock) -> CarbonBudget:
    """The budget of research/tune."""
    made = CarbonBudget(ledger=ledger, team="research", project="tune", clock=clock)
    made.set(year_kg=100, month_kg=20)
    return made


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that are none, and no settings of the user."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """A client of moto, in this process; it takes half a second to make."""
    moto = pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    with moto.mock_aws():
        yield boto3.client("dynamodb", REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture
def dynamodb_server(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a moto server on loopback, whose transactions are isolated as DynamoDB's are.

    moto undoes a failed transaction by putting back a copy of all tables, with which it would undo others' too.
    """
    server_of = pytest.importorskip("moto.server", reason="needs moto[server]")
    models = pytest.importorskip("moto.dynamodb.models")
    one_at_a_time, untouched = threading.Lock(), models.DynamoDBBackend.transact_write_items

    def isolated(*arguments: Any, **named: Any) -> Any:
        with one_at_a_time:
            return untouched(*arguments, **named)

    monkeypatch.setattr(models.DynamoDBBackend, "transact_write_items", isolated)
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    models.dynamodb_backends.reset()  # the tables would be there for the next server, too
