"""The SQLite file of a ledger: made on first use, opened for a reader or for one writer at a time.

Write-ahead log with a full sync at each commit: acknowledged entries survive a killed process and a power cut. Keep the
file on a local disk: SQLite's locks do not work on network file systems (use DynamoDB to share a ledger).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.ledger.entries import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator
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


class SqliteFile:
    """A file with the tables of a ledger, which the first budget or run creates."""

    def __init__(self, path: Path, wait_s: float = WAIT_S) -> None:
        self.path, self.wait_s = path, wait_s

    def __str__(self) -> str:
        return str(self.path)

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
def _turn(ledger: SqliteFile) -> Iterator[None]:
    """One writer per process and file: SQLite has no queue for waiting writers, so some would wait for long."""
    lock = _turns.setdefault(ledger.path.absolute(), threading.Lock())
    if not lock.acquire(timeout=ledger.wait_s):
        raise LedgerError(f"{ledger} has been locked by other threads for {ledger.wait_s:g} s; try again")
    try:
        yield
    finally:
        lock.release()


def _in_words(ledger: SqliteFile, error: sqlite3.OperationalError) -> str:
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
