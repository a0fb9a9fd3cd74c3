"""A ledger in a SQLite file: many processes and threads of a machine may write to it at the same time.

Write-ahead log with a full sync at each commit: acknowledged entries survive a killed process and a power cut. Keep the
file on a local disk: SQLite's locks do not work on network file systems (use DynamoDB to share a ledger).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from greenai_infra.clock import format_time, parse_time
from greenai_infra.errors import InputError, Refused
from greenai_infra.footprint.budget import Allowance, Committed, Share, excesses
from greenai_infra.ledger.entries import (
    Entry,
    EntryType,
    LedgerError,
    OverBudget,
    no_budget,
    refuse_another,
    refuse_below_zero,
    refuse_nothing,
    refuse_settled,
)
from greenai_infra.ledger.periods import month_of, year_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

APPLICATION_ID = 0x47414C31  # "GAL1"
SCHEMA_VERSION = 1
WAIT_S = 20.0  # how long to wait for another writer
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SCHEMA = """
CREATE TABLE budgets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, team TEXT NOT NULL, project TEXT NOT NULL, at TEXT NOT NULL,
    year_kg REAL NOT NULL, month_kg REAL, training_share REAL NOT NULL, inference_share REAL NOT NULL
);
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, team TEXT NOT NULL, project TEXT NOT NULL, type TEXT NOT NULL,
    kind TEXT NOT NULL, entry_id TEXT NOT NULL, run_id TEXT NOT NULL, kg REAL NOT NULL, at TEXT NOT NULL,
    stored_at TEXT NOT NULL, source TEXT NOT NULL, note TEXT NOT NULL, UNIQUE (team, project, type, entry_id)
);
CREATE INDEX entries_by_time ON entries (team, project, at, type, kind, run_id, kg);
CREATE INDEX entries_by_run ON entries (team, project, run_id, type, kg);
CREATE INDEX entries_by_storing ON entries (team, project, stored_at);
"""
_COLUMNS = "team, project, type, kind, entry_id, run_id, kg, at, stored_at, source, note"
_COMMITTED = """
    SELECT kind, sum(kg) FROM entries AS held WHERE team = ? AND project = ? AND at >= ? AND at < ?
    AND (type IN ('run', 'correction') OR type = 'reservation' AND NOT EXISTS (
        SELECT 1 FROM entries AS done WHERE done.team = held.team AND done.project = held.project
        AND done.run_id = held.run_id AND done.type IN ('run', 'release')
    )) GROUP BY kind
"""


class SqliteLedger:
    """A ledger in a file, which the first budget or run creates."""

    def __init__(self, path: Path, wait_s: float = WAIT_S) -> None:
        self.path, self.wait_s = path, wait_s

    def __str__(self) -> str:
        return str(self.path)

    def set_allowance(self, team: str, project: str, allowance: Allowance, at: datetime) -> None:
        """Sets the budget from now on; see `Ledger`."""
        with self._writing() as db:
            values = (allowance.year_kg, allowance.month_kg, allowance.training_share, allowance.inference_share)
            db.execute(
                "INSERT INTO budgets (team, project, at, year_kg, month_kg, training_share, inference_share)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (team, project, format_time(at), *values),
            )

    def balance(self, team: str, project: str, at: datetime) -> tuple[Allowance | None, Committed]:
        """The budget and what is committed of it; see `Ledger.balance`."""
        with self._reading() as db:
            return _allowance(db, team, project), _sums(db, team, project, at)

    def add(self, entry: Entry) -> bool:
        """Stores an entry; see `Ledger.add`."""
        if entry.type is not EntryType.RUN:
            self._refuse_missing()
        with self._writing() as db:
            held = _one(db, entry, entry.type, entry.entry_id)
            if held is not None:
                refuse_another(held, entry)
            if entry.type is EntryType.RESERVATION:
                _refuse_reservation(db, entry, held)
            elif entry.type is EntryType.RELEASE and held is None:
                refuse_nothing(_one(db, entry, EntryType.RESERVATION, entry.run_id), entry)
                refuse_settled(entry, recorded=_one(db, entry, EntryType.RUN, entry.run_id) is not None, released=False)
            elif entry.type is EntryType.CORRECTION and held is None:
                refuse_nothing(_one(db, entry, EntryType.RUN, entry.run_id), entry)
                refuse_below_zero(_run_kg(db, entry), entry)
            if held is None:
                marks = ", ".join("?" * len(_values(entry)))
                db.execute(f"INSERT INTO entries ({_COLUMNS}) VALUES ({marks})", _values(entry))
            return held is None

    def entries(self, team: str, project: str) -> list[Entry]:
        """Every entry of a project, oldest first."""
        with self._reading() as db:
            asked = f"SELECT {_COLUMNS} FROM entries WHERE team = ? AND project = ? ORDER BY seq"
            return [_entry(row) for row in db.execute(asked, (team, project))]

    def newest(self, team: str, project: str) -> datetime | None:
        """When the last entry of a project was stored."""
        if not self.path.exists():
            return None
        with self._reading(new=True) as db:
            asked = "SELECT max(stored_at) FROM entries WHERE team = ? AND project = ?"
            found = None if self._is_new(db) else db.execute(asked, (team, project)).fetchone()[0]
            return parse_time(found) if found else None

    def _refuse_missing(self) -> None:
        if not self.path.exists():
            raise LedgerError(f"there is no ledger at {self.path}; create it with greenai-infra budget set")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._in_words(), _turn(self):
            db = self._connect("rwc")
            try:
                db.execute("PRAGMA synchronous = FULL")
                self._prepare(db)
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            finally:
                db.close()  # without the commit, the file stays as it was

    @contextmanager
    def _reading(self, *, new: bool = False) -> Iterator[sqlite3.Connection]:
        self._refuse_missing()
        with self._in_words():
            db = self._connect("ro")
            try:
                db.execute("PRAGMA user_version").fetchone()  # the first look into the file
            except sqlite3.OperationalError:
                # In a read-only folder the log can't be opened; without a log the file holds everything.
                db.close()
                if self.path.with_name(self.path.name + "-wal").exists():
                    raise
                db = self._connect("ro&immutable=1")
            try:
                if self._is_new(db) and not new:
                    raise InputError(f"{self.path} is empty, not a ledger; fill it with greenai-infra budget set")
                db.execute("BEGIN")
                yield db
            finally:
                db.close()

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such" in str(error):
                raise InputError(f"{self.path} is a damaged ledger ({error}); restore it from a backup") from None
            raise LedgerError(_in_words(self, error)) from None
        except ValueError as error:  # a row that this package did not write
            raise InputError(f"{self.path} is a damaged ledger: {error}; restore it from a backup") from None
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"{self.path} is not a ledger, or is damaged ({error}); name another file, or restore a backup"
            ) from None

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(address, timeout=self.wait_s, isolation_level=None, uri=True)

    def _is_new(self, db: sqlite3.Connection) -> bool:
        """Whether the file has no tables yet. Raises InputError for a foreign file, or a schema of another release."""
        marked = db.execute("PRAGMA application_id").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if marked == APPLICATION_ID and version != SCHEMA_VERSION:
            raise InputError(
                f"{self.path} has ledger schema {version}, and this release reads {SCHEMA_VERSION}; use the release of "
                "greenai-infra that wrote it"
            )
        if marked != APPLICATION_ID and tables:
            raise InputError(f"{self.path} is another kind of database, not a ledger; name another file")
        return bool(marked != APPLICATION_ID)

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Creates the tables if the file is new. Other processes may do the same now, or be killed half-way."""
        if not self._is_new(db):
            return
        until = time.monotonic() + self.wait_s
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:  # changing the mode does not wait for other writers
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)
        if self._is_new(db):
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")


_turns: dict[Path, threading.Lock] = {}
os.register_at_fork(after_in_child=_turns.clear)  # a thread that holds a lock does not exist in the child


@contextmanager
def _turn(ledger: SqliteLedger) -> Iterator[None]:
    """One writer per process and file: SQLite has no queue for waiting writers, so some would wait for long."""
    lock = _turns.setdefault(ledger.path.absolute(), threading.Lock())
    if not lock.acquire(timeout=ledger.wait_s):
        raise LedgerError(f"{ledger} has been locked by other threads for {ledger.wait_s:g} s; try again")
    try:
        yield
    finally:
        lock.release()


def _refuse_reservation(db: sqlite3.Connection, entry: Entry, held: Entry | None) -> None:
    recorded = _one(db, entry, EntryType.RUN, entry.run_id) is not None
    released = _one(db, entry, EntryType.RELEASE, entry.run_id) is not None
    refuse_settled(entry, recorded=recorded and held is None, released=released)
    if held is not None:
        return
    allowance = _allowance(db, entry.team, entry.project)
    if allowance is None:
        raise Refused(no_budget(entry.team, entry.project))
    sums = _sums(db, entry.team, entry.project, entry.at)
    if broken := excesses(allowance, sums, entry.kind, entry.kg):
        raise OverBudget(broken)


def _values(entry: Entry) -> tuple[str | float, ...]:
    return (
        entry.team, entry.project, entry.type.value, entry.kind, entry.entry_id, entry.run_id, entry.kg,
        format_time(entry.at), format_time(entry.stored_at), entry.source, entry.note,
    )  # fmt: skip


def _entry(row: tuple[str, ...]) -> Entry:
    team, project, type_, kind, entry_id, run_id, kg, at, stored_at, *rest = row
    times = parse_time(at), parse_time(stored_at)
    return Entry(
        team, project, EntryType(type_), cast("Share", kind), entry_id, run_id, float(kg), *times, rest[0], rest[1]
    )


def _one(db: sqlite3.Connection, of: Entry, type_: EntryType, entry_id: str) -> Entry | None:
    row = db.execute(
        f"SELECT {_COLUMNS} FROM entries WHERE team = ? AND project = ? AND type = ? AND entry_id = ?",
        (of.team, of.project, type_.value, entry_id),
    ).fetchone()
    return _entry(row) if row else None


def _run_kg(db: sqlite3.Connection, of: Entry) -> float:
    asked = (
        "SELECT sum(kg) FROM entries WHERE team = ? AND project = ? AND run_id = ? AND type IN ('run', 'correction')"
    )
    return float(db.execute(asked, (of.team, of.project, of.run_id)).fetchone()[0])


def _allowance(db: sqlite3.Connection, team: str, project: str) -> Allowance | None:
    row = db.execute(
        "SELECT year_kg, month_kg, training_share, inference_share FROM budgets WHERE team = ? AND project = ?"
        " ORDER BY seq DESC LIMIT 1",
        (team, project),
    ).fetchone()
    return Allowance(*row) if row else None


def _sums(db: sqlite3.Connection, team: str, project: str, at: datetime) -> Committed:
    periods: list[dict[Share, float]] = []
    for first, after in (year_of(at), month_of(at)):
        found = db.execute(_COMMITTED, (team, project, format_time(first), format_time(after))).fetchall()
        sums: dict[Share, float] = {"training": 0.0, "inference": 0.0, "any": 0.0}
        periods.append(sums | dict(found))
    return Committed(*periods)


def _in_words(ledger: SqliteLedger, error: sqlite3.OperationalError) -> str:
    text, path = str(error), ledger.path
    if path.is_dir():
        return f"{path} is a folder; name a file in it"
    if "locked" in text or "busy" in text:
        return f"{path} has been locked by another process for {ledger.wait_s:g} s; try again when that has ended"
    if "readonly" in text:
        return f"{path} or its folder is read-only (SQLite writes its log next to the file)"
    if "unable to open" in text:
        return f"{path} can't be opened or created: check that its folder exists and is writable"
    return f"{path}: {text}"
