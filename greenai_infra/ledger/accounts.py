"""What the entries of a project amount to: its runs, and what is used and reserved in a year and month."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from greenai_infra.footprint.budget import KINDS, Committed
from greenai_infra.footprint.budget_forecast import PeriodForecast, period_forecast
from greenai_infra.ledger.entries import EntryType, open_reservations
from greenai_infra.ledger.periods import month_of, within, year_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.footprint.budget import Allowance, Share
    from greenai_infra.ledger.entries import Entry
    from greenai_infra.ledger.periods import Span

DAY = timedelta(days=1)
Sums = dict["Share", float]


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run; `kg` with its corrections."""

    run_id: str
    kind: Share
    kg: float
    at: datetime
    source: str
    corrections: int


@dataclass(frozen=True, slots=True)
class Account:
    """kg of a calendar period by kind: recorded with corrections, and reserved by what is still open."""

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
        """Used and reserved, without the open reservation of one run."""
        year, month = self.year.committed, self.month.committed
        for one in self.reservations:
            if one.run_id == without:
                year[one.kind] -= one.kg
                month[one.kind] -= one.kg if within(one.at, month_of(self.at)) else 0.0
        return Committed(year, month)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The ends of the month and year of `at`; `days` of daily sums stand behind both."""

    at: datetime
    days: int
    mean_kg_per_day: float | None
    month: PeriodForecast
    year: PeriodForecast


def status_of(team: str, project: str, entries: Sequence[Entry], allowance: Allowance | None, at: datetime) -> Status:
    """What the entries amount to in the year and month of a moment."""
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
        tuple(one for one in held if within(one.at, year)),
    )


def forecast_of(entries: Sequence[Entry], status: Status) -> Forecast:
    """The ends of month and year, from the daily sums of the year so far.

    Days count from the first one with a run to yesterday, those without a run as zero; today counts if it is the first.
    """
    at, year = status.at, year_of(status.at)
    used = [one for one in entries if _is_used(one) and within(one.at, year) and one.at <= at]
    daily_kg: list[float] = []
    if used:
        first = min(one.at for one in used).date()
        daily_kg = [0.0] * max(1, (at.date() - first).days)
        for one in used:
            if (day := (one.at.date() - first).days) < len(daily_kg):
                daily_kg[day] += one.kg
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
    for one in entries:
        if _is_used(one) and within(one.at, span):
            used[one.kind] += one.kg
    for one in held:
        if within(one.at, span):
            reserved[one.kind] += one.kg
    return Account(used, reserved)


def _runs(entries: Sequence[Entry], span: Span) -> list[Run]:
    """The runs in a period, oldest first. A correction has the time of its run, so it lies there, too."""
    within_span = [one for one in entries if _is_used(one) and within(one.at, span)]
    runs = {
        one.run_id: Run(one.run_id, one.kind, one.kg, one.at, one.source, 0)
        for one in within_span
        if one.type is EntryType.RUN
    }
    for one in within_span:
        if one.type is EntryType.CORRECTION:
            run = runs[one.run_id]
            runs[one.run_id] = replace(run, kg=run.kg + one.kg, corrections=run.corrections + 1)
    return list(runs.values())
