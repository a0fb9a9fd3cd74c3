"""A budget's entries, status and forecast, as text and as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.footprint.budget import KINDS, CarbonTier, scope_name, tier_of
from greenai_infra.footprint.budget_forecast import FEW_DAYS
from greenai_infra.ledger.periods import month_of, year_of
from greenai_infra.numbers import counted, exact, short_time, significant
from greenai_infra.reporting.tables import show_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.footprint.budget import Allowance, Kind, Period
    from greenai_infra.footprint.budget_forecast import PeriodForecast
    from greenai_infra.ledger.accounts import Forecast, Status
    from greenai_infra.ledger.carbon_budget import Stored
    from greenai_infra.ledger.entries import OverBudget

RUNS_SHOWN = 10
PERIODS: tuple[Period, ...] = ("year", "month")


def stored_document(stored: Stored) -> dict[str, Any]:
    """An entry of the ledger, and whether it was added; kg CO2e."""
    entry = stored.entry
    return {
        "type": entry.type.value,
        "run_id": entry.run_id,
        "kg": entry.kg,
        "kind": entry.kind,
        "at": format_time(entry.at),
        "added": stored.added,
        "warnings": list(stored.notes),
    }


def stored_words(stored: Stored) -> str:
    """The same in a line."""
    entry = stored.entry
    tier = f", tier {tier_of(entry.kg).value.upper()}" if entry.kg >= 0 else ""
    done = "stored" if stored.added else "is already in the ledger, nothing added"
    return f"{entry.type} {entry.run_id}: {significant(entry.kg)} kg ({entry.kind}{tier}) {done}"


def over_document(error: OverBudget) -> dict[str, Any]:
    """By how much each limit is exceeded, kg CO2e."""
    limits = [
        {
            "scope": excess.scope,
            "limit_kg": excess.limit_kg,
            "committed_kg": excess.committed_kg,
            "wanted_kg": excess.wanted_kg,
            "over_kg": excess.over_kg,
        }
        for excess in error.excesses
    ]
    return {"fits": False, "over_kg": error.excesses[0].over_kg, "limits": limits}


def status_document(status: Status) -> dict[str, Any]:
    """The status with every run; kg CO2e."""
    allowance = status.allowance
    return {
        "team": status.team,
        "project": status.project,
        "at": format_time(status.at),
        "year_kg": allowance.year_kg if allowance else None,
        "month_kg": allowance.month_kg if allowance else None,
        "training_share": allowance.training_share if allowance else None,
        "inference_share": allowance.inference_share if allowance else None,
        "used_kg": status.used_kg,
        "reserved_kg": status.reserved_kg,
        "remaining_kg": allowance.year_kg - status.used_kg - status.reserved_kg if allowance else None,
        "accounts": list(_accounts(status)),
        "runs": [
            {
                "run_id": run.run_id,
                "kg": run.kg,
                "kind": run.kind,
                "tier": _tier(run.kg),
                "at": format_time(run.at),
                "corrections": run.corrections,
                "source": run.source,
            }
            for run in status.runs
        ],
        "reservations": [
            {"run_id": one.run_id, "kg": one.kg, "kind": one.kind, "tier": _tier(one.kg), "at": format_time(one.at)}
            for one in status.reservations
        ],
    }


def show_status(status: Status) -> None:
    """Two tables: the accounts, and the last runs."""
    print(f"{status.team}/{status.project}, {status.at:%Y-%m} (UTC), kg CO2e")
    rows = [
        [
            scope_name(one["period"], one["share"]),
            "-" if one["limit_kg"] is None else exact(round(one["limit_kg"], 9)),
            significant(one["used_kg"]),
            significant(one["reserved_kg"]),
            "-" if one["remaining_kg"] is None else significant(one["remaining_kg"]),
        ]
        for one in _accounts(status)
        if one["limit_kg"] is not None or one["share"] is None
    ]
    show_table(["", "budget", "used", "reserved", "left"], rows, right=(1, 2, 3, 4))
    by_tier = [(tier, sum(_tier(run.kg) == tier.value for run in status.runs)) for tier in CarbonTier]
    tiers = ", ".join(f"{count} {tier.value.upper()}" for tier, count in by_tier if count)
    print(f"\n{counted(len(status.runs), 'run')} this year{f': {tiers}' if tiers else ''}")
    if status.runs:
        shown = [
            [run.run_id, run.kind, significant(run.kg), _tier(run.kg).upper(), short_time(format_time(run.at))]
            for run in status.runs[-RUNS_SHOWN:]
        ]
        show_table(["run", "kind", "kg", "tier", "counted"], shown, right=(2,))
        if len(status.runs) > RUNS_SHOWN:
            print(f"(the last {RUNS_SHOWN}; --json has all)")
    if status.reservations:
        print(f"\n{counted(len(status.reservations), 'open reservation')}")
        held = [[one.run_id, one.kind, significant(one.kg), _tier(one.kg).upper()] for one in status.reservations]
        show_table(["run", "kind", "kg", "tier"], held, right=(2,))


def forecast_document(forecast: Forecast, allowance: Allowance | None) -> dict[str, Any]:
    """The ends of month and year; kg CO2e."""
    return {
        "at": format_time(forecast.at),
        "days": forecast.days,
        "mean_kg_per_day": forecast.mean_kg_per_day,
        "band": "90 % prediction interval of a sum of independent days (Student), plus reservations",
        "month": _period_document(forecast, forecast.month, "month", allowance),
        "year": _period_document(forecast, forecast.year, "year", allowance),
    }


def show_forecast(forecast: Forecast, allowance: Allowance | None) -> None:
    """One row a period."""
    rows = []
    for period, one in _periods(forecast):
        limit = allowance.limit_kg(period) if allowance else None
        known = [one.used_kg, one.reserved_kg, one.expected_kg, one.low_kg, one.high_kg]
        rows.append([f"end of {period}", *map(significant, known), "-" if limit is None else exact(limit)])
    show_table(["kg CO2e", "used", "reserved", "expected", "low", "high", "budget"], rows, right=tuple(range(1, 7)))
    mean = "" if forecast.mean_kg_per_day is None else f", {significant(forecast.mean_kg_per_day)} kg a day"
    print(f"\nfrom {counted(forecast.days, 'day')}{mean}; low to high is a 90 % band")


def forecast_notes(forecast: Forecast, allowance: Allowance | None) -> list[str]:
    """What a reader has to know of a forecast."""
    notes = []
    if forecast.days == 0:
        notes.append("nothing is recorded this year: the forecast is what is reserved")
    elif forecast.days == 1:
        notes.append("there is one day of data, which shows no scatter: the band takes it to be as large as the day")
    elif forecast.days < FEW_DAYS:
        notes.append(f"there are {forecast.days} days of data only, so the band is wide")
    for period, one in _periods(forecast):
        limit = allowance.limit_kg(period) if allowance else None
        if limit is not None and one.expected_kg > limit:
            over = significant(one.expected_kg - limit)
            notes.append(f"the {period} is expected to end {over} kg over its budget of {exact(limit)} kg")
    return notes


def _accounts(status: Status) -> Iterator[dict[str, Any]]:
    shares: tuple[Kind | None, ...] = (None, *KINDS)
    for period in PERIODS:
        account = status.year if period == "year" else status.month
        for share in shares:
            limit = status.allowance.limit_kg(period, share) if status.allowance else None
            used = account.used[share] if share else account.used_kg
            reserved = account.reserved[share] if share else account.reserved_kg
            yield {
                "period": period,
                "share": share,
                "limit_kg": limit,
                "used_kg": used,
                "reserved_kg": reserved,
                "remaining_kg": None if limit is None else limit - used - reserved,
            }


def _periods(forecast: Forecast) -> tuple[tuple[Period, PeriodForecast], ...]:
    return ("month", forecast.month), ("year", forecast.year)


def _period_document(
    forecast: Forecast, one: PeriodForecast, period: Period, allowance: Allowance | None
) -> dict[str, Any]:
    span = month_of(forecast.at) if period == "month" else year_of(forecast.at)
    return {
        "end": format_time(span[1]),
        "limit_kg": allowance.limit_kg(period) if allowance else None,
        "used_kg": one.used_kg,
        "reserved_kg": one.reserved_kg,
        "expected_kg": one.expected_kg,
        "low_kg": one.low_kg,
        "high_kg": one.high_kg,
        "days_left": one.days_left,
    }


def _tier(kg: float) -> str:
    return tier_of(max(kg, 0.0)).value
