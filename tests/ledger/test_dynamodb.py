"""The shared ledger on a moto server: many writers at once, and what can be wrong with a table."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.ledger_entry import EntryType
from greenai_infra.errors import GreenAIError, Refused
from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.dynamodb import DynamoLedger
from greenai_infra.ledger.entries import LedgerError, OverBudget
from greenai_infra.ledger.locate import open_ledger

from .conftest import REGION, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def server(dynamodb_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server, and the environment that leads boto3 to it; a table `ledger`."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_server)
    client = boto3.client("dynamodb", region_name=REGION)
    client.create_table(TableName="ledger", **TABLE)
    return client


def at_once(*calls: Callable[[], object]) -> Counter[str]:
    """What came of calls that were made at the same time."""
    outcomes: Counter[str] = Counter()

    def run(call: Callable[[], object]) -> None:
        try:
            outcomes[str(call())] += 1
        except GreenAIError as error:
            outcomes[type(error).__name__] += 1

    threads = [threading.Thread(target=run, args=(call,)) for call in random.sample(calls, len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_writers_at_once_store_each_run_once_and_never_commit_more_than_the_budget(server: Any) -> None:
    budget = CarbonBudget(ledger=f"dynamodb:ledger@{REGION}", team="t", project="p")
    budget.set(year_kg=10, training_share=0.7)

    def record(run: int) -> bool:
        return budget.record(run_id=f"run-{run}", kg=0.1, kind="inference").added

    def reserve(run: int) -> bool:
        return budget.reserve(run_id=f"held-{run}", kg=0.7, kind="training").added

    outcomes = at_once(*(partial(record, run % 5) for run in range(20)), *(partial(reserve, run) for run in range(20)))

    assert outcomes == {"True": 15, "False": 15, "OverBudget": 10}
    status = budget.status()
    assert len(status.runs) == 5
    assert status.used_kg == pytest.approx(0.5)
    assert status.reserved_kg == pytest.approx(7)
    _, committed = budget.ledger.balance("t", "p", status.at)
    assert committed.year == pytest.approx(status.committed().year), "the sums are those of the entries"


def test_a_run_and_a_release_settle_a_reservation_once(server: Any) -> None:
    budget = CarbonBudget(ledger=f"dynamodb:ledger@{REGION}", team="t", project="p")
    budget.set(year_kg=100)
    for run in range(5):
        budget.reserve(run_id=f"{run}", kg=4)
    at_once(
        *(partial(budget.record, run_id=f"{run}", kg=3, kind="training") for run in range(5) for _ in range(2)),
        *(partial(budget.release, run_id=f"{run}") for run in range(5)),
    )
    _, committed = budget.ledger.balance("t", "p", budget.status().at)
    assert committed.year == {"training": 15, "inference": 0, "any": 0}


def test_a_lost_answer_is_not_stored_twice(server: Any) -> None:
    """The first answer to each transaction is lost on its way: botocore's next try must add nothing."""
    from botocore.httpsession import URLLib3Session

    lost: list[str] = []
    send = URLLib3Session.send

    def lose(self: Any, request: Any) -> Any:
        answer = send(self, request)
        if b"TransactWriteItems" in request.headers.get("X-Amz-Target", b"") and not lost:
            lost.append(request.url)
            from botocore.exceptions import ConnectionClosedError

            raise ConnectionClosedError(endpoint_url=request.url)
        return answer

    budget = CarbonBudget(ledger=DynamoLedger("ledger", REGION), team="t", project="p")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(URLLib3Session, "send", lose)
        budget.record(run_id="a", kg=1.5, kind="training")
    assert lost
    assert budget.status().used_kg == 1.5
    _, committed = budget.ledger.balance("t", "p", budget.status().at)
    assert committed.year["training"] == 1.5


def test_sums_are_exact(server: Any) -> None:
    """A tenth is no binary number: a hundred of them are 10 kg all the same."""
    budget = CarbonBudget(ledger=DynamoLedger("ledger", REGION, server), team="t", project="p")
    budget.set(year_kg=10, training_share=1, inference_share=0)
    for run in range(30):
        budget.record(run_id=f"{run}", kg=0.1, kind="training")
    budget.reserve(run_id="rest", kg=7, kind="training")
    with pytest.raises(OverBudget):
        budget.reserve(run_id="more", kg=0.001, kind="training")


def test_each_budget_is_kept(server: Any) -> None:
    budget = CarbonBudget(ledger=DynamoLedger("ledger", REGION, server), team="t", project="p")
    at_once(*(partial(budget.set, year_kg=kg) for kg in (100, 200, 300)))
    kept = [item for item in server.scan(TableName="ledger")["Items"] if item["item"]["S"].startswith("budget#")]
    assert sorted(float(item["year_kg"]["N"]) for item in kept) == [100, 200, 300]


def test_more_entries_than_a_page_holds(server: Any) -> None:
    ledger = DynamoLedger("ledger", REGION, server)
    budget = CarbonBudget(ledger=ledger, team="t", project="p")
    for run in range(8):
        budget.record(run_id=f"{run}", kg=1, kind="training", note="n" * 150_000)
    assert [entry.type for entry in ledger.entries("t", "p")] == [EntryType.RUN] * 8


def test_a_table_that_is_not_there(server: Any) -> None:
    budget = CarbonBudget(ledger=f"dynamodb:another@{REGION}", team="t", project="p")
    for call in (budget.status, partial(budget.record, run_id="a", kg=1, kind="training")):
        with pytest.raises(
            LedgerError, match=r"dynamodb:another@eu-north-1: the table does not exist; .*program: ledger"
        ):
            call()
    with pytest.raises(Refused, match="has no budget"):
        CarbonBudget(ledger=f"dynamodb:ledger@{REGION}", team="t", project="p").reserve(run_id="a", kg=1)


def test_nobody_answers(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(LedgerError, match="Could not connect") as error:
        CarbonBudget(ledger=f"dynamodb:ledger@{REGION}", team="t", project="p").status()
    assert "\n" not in str(error.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(LedgerError, match=r"pip install 'greenai-infra\[aws\]'"):
        CarbonBudget(ledger="dynamodb:ledger", team="t", project="p").status()


def test_boto3_is_imported_only_when_it_is_asked() -> None:
    said = (
        "import sys; from greenai_infra.ledger.carbon_budget import CarbonBudget; "
        "CarbonBudget(ledger='dynamodb:ledger', team='t', project='p'); "
        "print([name for name in ('boto3', 'numpy', 'pulumi') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True).stdout == "[]\n"
    assert str(open_ledger("dynamodb:ledger@eu-north-1")) == "dynamodb:ledger@eu-north-1"
