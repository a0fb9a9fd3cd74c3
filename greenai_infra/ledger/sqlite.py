"""A ledger in a SQLite file: many processes and threads of a machine may write to it at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from greenai_infra.clock import format_time, parse_time
from greenai_infra.contracts.ledger_entry import Entry, EntryType
from greenai_infra.errors import Refused
from greenai_infra.footprint.budget import Allowance, Committed, Share, excesses
from greenai_infra.ledger.entries import (
    OverBudget,
    no_budget,
    refuse_another,
    refuse_below_zero,
    refuse_nothing,
    refuse_settled,
)
from greenai_infra.ledger.periods import month_of, year_of
from greenai_infra.ledger.sqlite_file import SqliteFile

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_COLUMNS = "team, project, type, kind, entry_id, run_id, kg, at, stored_at, source, note"
_COMMITTED = """
    SELECT kind, sum(kg) FROM entries AS held WHERE team = ? AND project = ? AND at >= ? AND at < ?
    AND (type IN ('run', 'correction') OR type = 'reservation' AND NOT EXISTS (
        SELECT 1 FROM entries AS done WHERE done.team = held.team AND done.project = held.project
        AND done.run_id = held.run_id AND done.type IN ('run', 'release')
    )) GROUP BY kind
"""


class SqliteLedger(SqliteFile):
    """A ledger in a file, which the first budget or run creates."""

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
