"""Files that are no ledger, or can't be used now: one line that says so, and nothing written."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import InputError
from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.entries import LedgerError
from greenai_infra.ledger.locate import open_ledger
from greenai_infra.ledger.sqlite import SqliteLedger

from .conftest import with_100_kg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Clock


@pytest.fixture
def file(clock: Clock, tmp_path: Path) -> Path:
    """A ledger of two runs, in one file."""
    budget = with_100_kg(SqliteLedger(tmp_path / "ledger.db"), clock)
    for name in "ab":
        budget.record(run_id=name, kg=1, kind="training")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "ledger.db", copy)
    return copy


def cut(size: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, size)


def version_2(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 2")


def another_database(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")


def without_entries(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE entries")


def test_a_row_that_nobody_here_has_written(file: Path) -> None:
    with closing(sqlite3.connect(file)) as db:
        db.execute("UPDATE entries SET type = 'gift'")
        db.commit()
    with pytest.raises(InputError, match=r"damaged ledger: 'gift'"):
        CarbonBudget(ledger=file, team="research", project="tune").status()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut(60), "not a ledger, or is damaged"),
        (cut(4096), "not a ledger, or is damaged"),
        (cut(15000), "not a ledger, or is damaged"),
        (lambda path: path.write_text("team,project,kg\n" * 50), "not a ledger, or is damaged"),
        (another_database, "is another kind of database"),
        (version_2, "has ledger schema 2, and this release reads 1"),
        (without_entries, "damaged ledger"),
    ],
)
def test_a_file_that_is_no_ledger(file: Path, spoil: Callable[[Path], None], said: str) -> None:
    spoil(file)
    before = file.read_bytes()
    budget = CarbonBudget(ledger=file, team="research", project="tune")
    calls: list[Callable[[], object]] = [
        budget.status,
        lambda: budget.record(run_id="c", kg=1, kind="training"),
        lambda: budget.reserve(run_id="c", kg=1),
        lambda: budget.set(year_kg=1),
    ]
    for call in calls[: 3 if spoil is without_entries else 4]:
        with pytest.raises(InputError, match=said) as error:
            call()
        assert "\n" not in str(error.value)
    assert file.read_bytes() == before


def test_an_empty_file_becomes_a_ledger_when_something_is_stored(tmp_path: Path) -> None:
    (tmp_path / "l.db").touch()
    budget = CarbonBudget(ledger=tmp_path / "l.db", team="t", project="p")
    with pytest.raises(InputError, match="is empty"):
        budget.status()
    assert budget.record(run_id="a", kg=1, kind="training").added
    assert budget.status().used_kg == 1


def test_a_missing_file_is_made_by_a_budget_or_a_run_only(tmp_path: Path) -> None:
    budget = CarbonBudget(ledger=tmp_path / "l.db", team="t", project="p")
    for call in (budget.status, lambda: budget.reserve(run_id="a", kg=1), lambda: budget.release(run_id="a")):
        with pytest.raises(LedgerError, match="there is no ledger at"):
            call()
    assert not list(tmp_path.iterdir())
    with pytest.raises(LedgerError, match="check that its folder exists"):
        CarbonBudget(ledger=tmp_path / "no" / "l.db", team="t", project="p").set(year_kg=1)
    with pytest.raises(LedgerError, match="is a folder"):
        CarbonBudget(ledger=tmp_path, team="t", project="p").set(year_kg=1)


def test_a_ledger_that_another_process_holds(file: Path) -> None:
    ledger = SqliteLedger(file, wait_s=0.05)
    budget = CarbonBudget(ledger=ledger, team="research", project="tune")
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match=r"locked by another process for 0\.05 s"):
        budget.record(run_id="c", kg=1, kind="training")
    assert budget.status().used_kg == 2  # readers do not wait
    holder.execute("COMMIT")
    holder.close()
    assert budget.record(run_id="c", kg=1, kind="training").added


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_ledger_can_be_read(file: Path) -> None:
    file.chmod(0o444)
    file.parent.chmod(0o555)
    try:
        budget = CarbonBudget(ledger=file, team="research", project="tune")
        assert budget.status().used_kg == 2
        with pytest.raises(LedgerError, match="read-only"):
            budget.record(run_id="c", kg=1, kind="training")
    finally:
        file.parent.chmod(0o755)


@pytest.mark.parametrize("name", ["", "  ", "dynamodb:", "dynamodb:a", "dynamodb:table@here", "postgres://x", "s3:b/l"])
def test_names_that_can_not_be_ledgers(name: str) -> None:
    with pytest.raises(InputError, match="ledger"):
        open_ledger(name)
