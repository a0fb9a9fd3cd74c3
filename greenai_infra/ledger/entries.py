"""The contents and guarantees of every ledger, whatever its store.

A ledger holds budgets and entries of (team, project). Nothing is edited or removed: setting a budget again adds a row,
and a correction mends a wrong figure. When a call returns, its entry is stored durably.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from greenai_infra.contracts.ledger_entry import EntryType
from greenai_infra.errors import GreenAIError, Refused
from greenai_infra.numbers import exact, significant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.contracts.ledger_entry import Entry
    from greenai_infra.footprint.budget import Allowance, Committed, Excess

MUCH = 5
"""Ratio of a run to the whole budget above which the budget was probably given in a different unit."""


class LedgerError(GreenAIError):
    """The ledger can't be reached, read or written."""


class OverBudget(Refused):
    """Kilograms that do not fit; `excesses` says which limits they break, the most broken first."""

    def __init__(self, excesses: list[Excess]) -> None:
        self.excesses = excesses
        super().__init__(over_budget(excesses[0]))


def over_budget(excess: Excess) -> str:
    """The excess in words."""
    tonnes = " (was the budget meant in tonnes?)" if excess.wanted_kg > MUCH * excess.limit_kg else ""
    limit = f"{exact(excess.limit_kg)} kg{tonnes}"
    return (
        f"{significant(excess.wanted_kg)} kg do not fit the {excess.scope} budget of {limit}: "
        f"{significant(excess.committed_kg)} kg are used or reserved, so {significant(excess.over_kg)} kg are too much"
    )


class Ledger(Protocol):
    """A store of entries. Every method raises LedgerError if the store fails."""

    def set_allowance(self, team: str, project: str, allowance: Allowance, at: datetime) -> None:
        """Sets the budget from now on."""
        ...

    def balance(self, team: str, project: str, at: datetime) -> tuple[Allowance | None, Committed]:
        """The budget, None if unset, and what is used and reserved in the year and month of a moment."""
        ...

    def add(self, entry: Entry) -> bool:
        """Stores an entry; returns False if the same entry exists already.

        Raises Refused for the same id with a different figure, or a correction or release without its run or
        reservation; OverBudget for a reservation that does not fit on top of everything used or reserved at that
        moment.
        """
        ...

    def entries(self, team: str, project: str) -> list[Entry]:
        """Every entry of a project, oldest first."""
        ...

    def newest(self, team: str, project: str) -> datetime | None:
        """When the last entry of a project was stored."""
        ...


def refuse_another(held: Entry, entry: Entry) -> None:
    """Raises Refused unless two entries with the same id are equal."""
    if (held.kg, held.kind, held.run_id) != (entry.kg, entry.kind, entry.run_id):
        raise Refused(
            f"{entry.type} '{entry.entry_id}' is in the ledger with {held.kg:.15g} kg ({held.kind}), not with "
            f"{entry.kg:.15g} kg ({entry.kind}); entries are not edited: see greenai-infra budget correct --help"
        )


def refuse_nothing(held: Entry | None, entry: Entry) -> Entry:
    """The run or reservation that a correction or release concerns. Raises Refused if it does not exist."""
    if held is None:
        of = EntryType.RUN if entry.type is EntryType.CORRECTION else EntryType.RESERVATION
        raise Refused(f"{entry.team}/{entry.project} has no {of} '{entry.run_id}' in the ledger")
    return held


def refuse_below_zero(run_kg: float, entry: Entry) -> None:
    """Raises Refused for a correction that would leave a run below 0."""
    if run_kg + entry.kg < -1e-9:
        raise Refused(
            f"run '{entry.run_id}' has {run_kg:.15g} kg; a correction by {entry.kg:.15g} kg leaves less than 0"
        )


def refuse_settled(entry: Entry, *, recorded: bool, released: bool) -> None:
    """Raises Refused for a reservation or release after the run was recorded or released."""
    if recorded:
        raise Refused(f"run '{entry.run_id}' is recorded already; its reservation is settled")
    if released:
        raise Refused(f"the reservation '{entry.run_id}' was released; reserve under another run id")


def no_budget(team: str, project: str) -> str:
    """The message for a project without a budget."""
    return f"{team}/{project} has no budget in this ledger; set one with greenai-infra budget set --year-kg N"


def open_reservations(entries: Sequence[Entry]) -> list[Entry]:
    """The reservations that are neither settled by a run nor released."""
    held = {entry.run_id: entry for entry in entries if entry.type is EntryType.RESERVATION}
    over = {entry.run_id for entry in entries if entry.type in (EntryType.RUN, EntryType.RELEASE)}
    return [reservation for run_id, reservation in held.items() if run_id not in over]
