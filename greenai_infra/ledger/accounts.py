"""Sums of a project's entries: its runs, and what is used and reserved in a year and month."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from greenai_infra.contracts.ledger_entry import EntryType
from greenai_infra.footprint.budget import KINDS, Committed
from greenai_infra.footprint.budget_forecast import PeriodForecast, period_forecast
from greenai_infra.ledger.entries import open_reservations
from greenai_infra.ledger.periods import month_of, within, year_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.contracts.ledger_entry import Entry
    from greenai_infra.footprint.budget import Allowance, Share
    from greenai_infra.ledger.periods import Span

DAY = timedelta(days=1)
Sums = dict["Share", float]


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run; `kg` includes its corrections."""

    run_id: str
    kind: Share
    kg: float
    at: datetime
    source: str
    corrections: int


@dataclass(frozen=True, slots=True)
class Account:
    """kg of a calendar period by kind: recorded, with corrections, and reserved by open reservations."""

    used: Sums
    reserved: Sums

    @property
    def used_kg(self) -> float:
        """Of all kinds."""
        return sum(self.used.values())

    @property
    def reserved_kg(self) -> float:
        """Of all kinds."""
        return sum(self.reserved.values())

    @property
    def committed(self) -> Sums:
        """Used and reserved."""
        return {kind: self.used[kind] + self.reserved[kind] for kind in self.used}


@dataclass(frozen=True, slots=True)
class Status:
    """A project in the calendar year and month of `at`; `allowance` is None where no budget is set.

    `runs` and `reservations` (the open ones) are those of the year.
    """

    team: str
    project: str
    at: datetime
    allowance: Allowance | None
    year: Account
    month: Account
    runs: tuple[Run, ...]
    reservations: tuple[Entry, ...]

    @property
    def used_kg(self) -> float:
        """Recorded in the year, with corrections."""
        return self.year.used_kg

    @property
    def reserved_kg(self) -> float:
        """Reserved in the year and not yet settled or released."""
        return self.year.reserved_kg

    def committed(self, without: str = "") -> Committed:
        """Used and reserved, without the open reservation of a given run."""
        year, month = self.year.committed, self.month.committed
        for reservation in self.reservations:
            if reservation.run_id == without:
                year[reservation.kind] -= reservation.kg
                month[reservation.kind] -= reservation.kg if within(reservation.at, month_of(self.at)) else 0.0
        return Committed(year, month)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecasts for the end of the month and year of `at`, both from `days` daily sums."""

    at: datetime
    days: int
    mean_kg_per_day: float | None
    month: PeriodForecast
    year: PeriodForecast


def status_of(team: str, project: str, entries: Sequence[Entry], allowance: Allowance | None, at: datetime) -> Status:
    """The sums of the entries in the year and month of a moment."""
    year, month = year_of(at), month_of(at)
    held = open_reservations(entries)
    return Status(
        team,
        project,
        at,
        allowance,
        _account(entries, held, year),
        _account(entries, held, month),
        tuple(_runs(entries, year)),
        tuple(reservation for reservation in held if within(reservation.at, year)),
    )


def forecast_of(entries: Sequence[Entry], status: Status) -> Forecast:
    """Forecasts for the end of month and year, from the daily sums of the year so far.

    Days count from the first day with a run to yesterday, days without a run as zero; today counts if it is the first.
    """
    at, year = status.at, year_of(status.at)
    used = [entry for entry in entries if _is_used(entry) and within(entry.at, year) and entry.at <= at]
    daily_kg: list[float] = []
    if used:
        first = min(entry.at for entry in used).date()
        daily_kg = [0.0] * max(1, (at.date() - first).days)
        for entry in used:
            if (day := (entry.at.date() - first).days) < len(daily_kg):
                daily_kg[day] += entry.kg
    ends = [
        period_forecast(daily_kg, account.used_kg, account.reserved_kg, (span[1] - at) / DAY)
        for account, span in ((status.month, month_of(at)), (status.year, year))
    ]
    mean_kg = sum(daily_kg) / len(daily_kg) if daily_kg else None
    return Forecast(at, len(daily_kg), mean_kg, *ends)


def _is_used(entry: Entry) -> bool:
    return entry.type in (EntryType.RUN, EntryType.CORRECTION)


def _account(entries: Sequence[Entry], held: Sequence[Entry], span: Span) -> Account:
    used: Sums = dict.fromkeys((*KINDS, "any"), 0.0)
    reserved = dict(used)
    for entry in entries:
        if _is_used(entry) and within(entry.at, span):
            used[entry.kind] += entry.kg
    for reservation in held:
        if within(reservation.at, span):
            reserved[reservation.kind] += reservation.kg
    return Account(used, reserved)


def _runs(entries: Sequence[Entry], span: Span) -> list[Run]:
    """The runs in a period, oldest first. A correction has the time of its run, so it is in the same period."""
    within_span = [entry for entry in entries if _is_used(entry) and within(entry.at, span)]
    runs = {
        entry.run_id: Run(entry.run_id, entry.kind, entry.kg, entry.at, entry.source, 0)
        for entry in within_span
        if entry.type is EntryType.RUN
    }
    for entry in within_span:
        if entry.type is EntryType.CORRECTION:
            run = runs[entry.run_id]
            runs[entry.run_id] = replace(run, kg=run.kg + entry.kg, corrections=run.corrections + 1)
    return list(runs.values())
