"""The carbon budget of a project: record emissions, reserve planned runs, see what is left.

    budget = CarbonBudget(ledger="ledger.db", team="research", project="assistants")
    budget.set(year_kg=1000)
    budget.reserve(run_id="tune-7", kg=12, kind="training")
    budget.record(run_id="tune-7", kg=11.2, kind="training")
    budget.status().used_kg

Every method raises an error of `greenai_infra.errors` if it fails: InputError for unusable input, Refused (OverBudget,
with the excess) for what breaks a rule, LedgerError if the store fails.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from greenai_infra.clock import format_time, now
from greenai_infra.contracts.ledger_entry import Entry, EntryType, check_name
from greenai_infra.errors import InputError, Refused
from greenai_infra.footprint.budget import INFERENCE_SHARE, KINDS, TRAINING_SHARE, Allowance, excesses
from greenai_infra.ledger.accounts import Forecast, Status, forecast_of, status_of
from greenai_infra.ledger.entries import LedgerError, OverBudget, no_budget
from greenai_infra.ledger.locate import open_ledger
from greenai_infra.numbers import exact, significant

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.footprint.budget import Share
    from greenai_infra.ledger.entries import Ledger

SMALLEST_YEAR_KG = 10.0
"""What a small training run emits; a smaller yearly budget was probably meant in tonnes."""
CLOCK_SLACK = timedelta(minutes=1)
"""Difference between the clocks of machines that share a ledger below which there is no warning."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry that is durably in the ledger. `added` is False if it was already there; `notes` are warnings."""

    entry: Entry
    added: bool
    notes: tuple[str, ...] = ()


class CarbonBudget:
    """The budget of a team's project in a ledger: a file, or `dynamodb:TABLE@REGION`."""

    def __init__(
        self,
        *,
        ledger: str | os.PathLike[str] | Ledger,
        team: str,
        project: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        check_name("team", team)
        check_name("project", project)
        self.ledger = open_ledger(ledger) if isinstance(ledger, str | os.PathLike) else ledger
        self.team, self.project = team, project
        self._clock = clock

    def set(
        self,
        *,
        year_kg: float,
        month_kg: float | None = None,
        training_share: float = TRAINING_SHARE,
        inference_share: float = INFERENCE_SHARE,
    ) -> tuple[str, ...]:
        """Sets the project's budget from now on. Returns warnings, such as of a figure that looks like tonnes."""
        try:
            allowance = Allowance(year_kg, month_kg, training_share, inference_share)
        except ValueError as error:
            raise InputError(str(error)) from None
        self.ledger.set_allowance(self.team, self.project, allowance, self._clock())
        status = self.status()
        notes = []
        largest = max(
            [*(run.kg for run in status.runs), *(reservation.kg for reservation in status.reservations)], default=0.0
        )
        if year_kg < SMALLEST_YEAR_KG or largest > year_kg:
            why = (
                f"less than one run of this year has ({significant(largest)} kg)"
                if largest > year_kg
                else "less than one small training run emits"
            )
            notes.append(
                f"{exact(year_kg)} kg a year are {why}; if tonnes were meant, set --year-kg {exact(1000 * year_kg)}"
            )
        committed = status.committed()
        notes += [
            _over(excess.scope, excess.over_kg, excess.limit_kg)
            for excess in excesses(allowance, committed, "any", 0.0)
        ]
        return tuple(notes)

    def record(
        self,
        *,
        run_id: str,
        kg: float,
        kind: str | None = None,
        at: datetime | None = None,
        source: str = "",
        note: str = "",
    ) -> Stored:
        """Stores the measured kg CO2e of a run; returns when they are stored durably. Settles a reservation of the id.

        Repeating the same id, kg and kind adds nothing; a different figure raises Refused. A run over the budget is
        stored with a warning, because it has been emitted. It counts in the month of `at`, by default now.
        """
        kind = self._kind_of_run(run_id, kind)
        moment, stored_at, notes = self._times(at)
        entry = self._entry(EntryType.RUN, run_id, kg, kind, moment, stored_at, source=source, note=note)
        added = self.ledger.add(entry)
        return Stored(entry, added, (*(notes if added else ()), *self._warnings(entry)))

    def reserve(
        self, *, run_id: str, kg: float, kind: str | None = None, at: datetime | None = None, note: str = ""
    ) -> Stored:
        """Reserves kg CO2e for a planned run. Raises OverBudget if they do not fit on top of what is committed.

        Without a kind they count against the whole budget only, not against a share.
        """
        moment, stored_at, notes = self._times(at)
        entry = self._entry(EntryType.RESERVATION, run_id, kg, _share(kind or "any"), moment, stored_at, note=note)
        return Stored(entry, self.ledger.add(entry), notes)

    def release(self, *, run_id: str, note: str = "") -> Stored:
        """Releases a reservation. Raises Refused for an unknown reservation, or if its run is recorded."""
        held = self._find(EntryType.RESERVATION, run_id)
        _, stored_at, _ = self._times(None)
        entry = self._entry(EntryType.RELEASE, run_id, held.kg, held.kind, held.at, stored_at, note=note)
        return Stored(entry, self.ledger.add(entry))

    def correct(self, *, run_id: str, kg: float, correction_id: str, note: str = "") -> Stored:
        """Adds kg CO2e to a recorded run, or subtracts them (negative). They count in the month of the run.

        Repeating a `correction_id` adds nothing.
        """
        run = self._find(EntryType.RUN, run_id)
        _, stored_at, _ = self._times(None)
        entry = self._entry(EntryType.CORRECTION, run_id, kg, run.kind, run.at, stored_at, correction_id, note=note)
        added = self.ledger.add(entry)
        return Stored(entry, added, self._warnings(entry))

    def check(self, *, kg: float, kind: str | None = None, run_id: str = "", at: datetime | None = None) -> None:
        """Raises OverBudget if kg CO2e do not fit, Refused without a budget. The run's reservation is its room."""
        status = self.status(at)
        if status.allowance is None:
            raise Refused(no_budget(self.team, self.project))
        if run_id and any(run.run_id == run_id for run in status.runs):
            return  # its emissions are counted already
        if broken := excesses(status.allowance, status.committed(run_id), _share(kind or "any"), kg):
            raise OverBudget(broken)

    def status(self, at: datetime | None = None) -> Status:
        """What is used, reserved and left in the calendar year and month (UTC) of `at`, by default now.

        As in recording, now is never before the newest entry.
        """
        moment = _utc(at) if at else self._times(None)[0]
        entries = self.ledger.entries(self.team, self.project)
        allowance, _ = self.ledger.balance(self.team, self.project, moment)
        return status_of(self.team, self.project, entries, allowance, moment)

    def forecast(self, at: datetime | None = None) -> Forecast:
        """Forecasts for the end of month and year, with a 90 % band, from the days so far."""
        status = self.status(at)
        return forecast_of(self.ledger.entries(self.team, self.project), status)

    def clock_notes(self) -> tuple[str, ...]:
        """The warning for a clock behind the newest entry."""
        return self._times(None)[2]

    def reserved(self, run_id: str) -> Entry | None:
        """The open reservation of a run."""
        return next((reservation for reservation in self.status().reservations if reservation.run_id == run_id), None)

    def _entry(
        self,
        type_: EntryType,
        run_id: str,
        kg: float,
        kind: Share,
        at: datetime,
        stored_at: datetime,
        entry_id: str | None = None,
        *,
        source: str = "",
        note: str = "",
    ) -> Entry:
        if isinstance(kg, bool) or not isinstance(kg, int | float):
            raise InputError(f"kg of '{run_id}' must be a number, not {kg!r}")
        return Entry(
            self.team, self.project, type_, kind, run_id if entry_id is None else entry_id, run_id, float(kg), at,
            stored_at, source, note,
        )  # fmt: skip

    def _times(self, at: datetime | None) -> tuple[datetime, datetime, tuple[str, ...]]:
        """When an entry counts, when it is stored, and warnings.

        Neither is before the newest entry unless `at` says so: a clock that was set back must not charge an older
        period.
        """
        clock, newest = self._clock(), self.ledger.newest(self.team, self.project)
        stored_at = max(clock, newest) if newest else clock
        if at is not None:
            return _utc(at), stored_at, ()
        note = (
            f"the clock says {format_time(clock)}, before the newest entry ({format_time(stored_at)}): was it set "
            "back? The time of that entry is used; change it with --at"
        )
        return stored_at, stored_at, (note,) if stored_at - clock > CLOCK_SLACK else ()

    def _find(self, type_: EntryType, run_id: str) -> Entry:
        check_name("run id", run_id)
        entries = self.ledger.entries(self.team, self.project)
        found = next((entry for entry in entries if entry.type is type_ and entry.run_id == run_id), None)
        if found is None:
            raise Refused(f"{self.team}/{self.project} has no {type_} '{run_id}' in the ledger")
        return found

    def _kind_of_run(self, run_id: str, kind: str | None) -> Share:
        if kind is None and (held := self.reserved(run_id)):
            kind = held.kind
        if kind not in KINDS:
            given = "" if kind is None else f", not {kind!r}"
            raise InputError(f"the kind of run '{run_id}' must be {' or '.join(KINDS)}{given}")
        return kind

    def _warnings(self, entry: Entry) -> tuple[str, ...]:
        """Budget warnings for a stored run. Failures here must not suggest that the run was not stored."""
        try:
            allowance, committed = self.ledger.balance(self.team, self.project, entry.at)
        except LedgerError as error:
            return (f"the run is stored, but the budget could not be read: {error}",)
        if allowance is None:
            return (no_budget(self.team, self.project),)
        notes = [
            _over(excess.scope, excess.over_kg, excess.limit_kg)
            for excess in excesses(allowance, committed, entry.kind, 0.0)
        ]
        if entry.kg > allowance.year_kg:
            notes.append(
                f"this run alone exceeds the budget of a year ({exact(allowance.year_kg)} kg); was the budget "
                "meant in tonnes, or the run in grams?"
            )
        return tuple(notes)


def _over(scope: str, over_kg: float, limit_kg: float) -> str:
    return f"{significant(over_kg)} kg over the {scope} budget of {exact(limit_kg)} kg (used and reserved)"


def _share(kind: str) -> Share:
    if kind not in (*KINDS, "any"):
        raise InputError(f"kind must be {' or '.join(KINDS)}, not {kind!r}")
    return cast("Share", kind)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise InputError(f"the time {at} has no time zone")
    return at.astimezone(UTC).replace(microsecond=0)
