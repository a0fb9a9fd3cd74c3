"""Kilograms, dollars and budgets in the comment's words. Unknown figures are named as such, never shown as zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.footprint.equivalents import car_km, urban_trees
from greenai_infra.numbers import counted, exact, percent, significant
from greenai_infra.reporting.comment.markdown import Markdown, code, prose

if TYPE_CHECKING:
    from greenai_infra.contracts.preview import Budget, PlannedRun, Preview, Standing

NOT_KNOWN = Markdown("not known")
WITH_ALL = "planned run, kg CO2e with embodied and transfer"
ROWS = (
    ("standing", "emissions_kg_per_month", "standing, kg CO2e a month"),
    ("standing", "cost_usd_per_month", "standing, USD a month"),
    ("standing", "energy_kwh_per_month", "standing, kWh a month"),
    ("planned_load", "operational_kg_per_month", "planned load, kg CO2e operational a month"),
    ("planned_load", "energy_kwh_per_month", "planned load, kWh a month"),
    ("planned_run", "operational_kg", "planned run, kg CO2e operational"),
    ("planned_run", "emissions_kg", WITH_ALL),
    ("planned_run", "cost_usd", "planned run, USD"),
    ("planned_run", "energy_kwh", "planned run, kWh"),
)


def amount(value: float | None) -> Markdown:
    """A figure with three significant digits, `not known` for None."""
    return NOT_KNOWN if value is None else Markdown(significant(value))


def change(value: float | None) -> Markdown:
    """A difference with its sign; `0` for none."""
    if value is None:
        return NOT_KNOWN
    sign = "" if value == 0 else "+" if value > 0 else "\N{MINUS SIGN}"
    return Markdown(sign + significant(abs(value)))


def table_rows(difference: dict[str, Any]) -> list[dict[str, Markdown]]:
    """The lines of the table of changes: what, base, head, difference, and why there is none."""
    rows = []
    for part, figure, words in ROWS:
        found = (difference.get(part) or {}).get(figure)
        if found is None or (found["base"] is None and found["head"] is None):
            continue
        compared = change(found["change"]) if found["change"] is not None else Markdown("not comparable")
        rows.append(
            {
                "what": Markdown(words),
                "base": amount(found["base"]),
                "head": amount(found["head"]),
                "change": compared,
                "reason": prose(found["reason"], 200),
            }
        )
    return rows


def emissions_change(difference: dict[str, Any]) -> list[Markdown]:
    """A sentence for each kind of kilograms that changes, with what they equal."""
    sentences = []
    for part, figure, words in (
        ("standing", "emissions_kg_per_month", "a month, whatever runs"),
        ("planned_load", "operational_kg_per_month", "a month at the planned load (operational)"),
        ("planned_run", "emissions_kg", "in the planned run, embodied and transfer included"),
    ):
        value = ((difference.get(part) or {}).get(figure) or {}).get("change")
        if value:
            verb = "adds" if value > 0 else "saves"
            sentences.append(Markdown(f"{verb} {significant(abs(value))} kg CO2e {words}: {equals(abs(value))}"))
    return sentences


def equals(emissions_kg: float) -> Markdown:
    """`as much as 820 km by car, or what 3.3 urban tree seedlings take up in 10 years`; trees from a tenth of one."""
    trees = urban_trees(emissions_kg)
    growing = f", or what {significant(trees)} urban tree seedlings take up in 10 years" if trees >= 0.1 else ""
    return Markdown(f"as much as {significant(car_km(emissions_kg))} km by car{growing}")


def budget_lines(preview: Preview) -> list[Markdown]:
    """The carbon budget, then what the stack takes of it; or the one line that says why there is nothing to say.

    A budget is of operational kilograms, and so is all that is held against it here.
    """
    if not preview.says("budget"):
        return [Markdown("not in this preview")]
    if preview.budget is None or not (preview.budget.daily_kg or preview.budget.monthly_kg):
        return [Markdown("none; no budget alarm is declared or referenced by this stack")]
    declared = f", alarms of {code(preview.budget.stack)}" if preview.budget.stack else ""
    lines = [Markdown(f"{_limits(preview.budget)}{declared}")]
    if preview.standing is None:
        return [*lines, Markdown("what the stack takes of it is not in this preview")]
    run, load = preview.standing.planned_run, preview.standing.planned_load
    if run:
        day = run_daily_kg(run)
        several = day is not None and run.operational_kg is not None and day < run.operational_kg
        busiest = f" ({significant(day or 0.0)} kg in its busiest 24 hours)" if several else ""
        lines.append(_share("the planned run", day, run.operational_kg, preview.budget, busiest))
    if load:
        monthly = load.operational_kg_per_month
        lines.append(_share("the planned load", _daily(monthly, preview.standing), monthly, preview.budget, " a month"))
    monthly = preview.standing.total.emissions_kg_per_month
    if monthly or not (run or load):
        daily = _daily(monthly, preview.standing)
        lines.append(_share("what stands all month", daily, monthly, preview.budget))
    missing = sum(one.emissions_kg_per_month is None for one in preview.standing.resources)
    if missing:
        lines.append(Markdown(f"not counted: {counted(missing, 'resource')} of unknown emissions"))
    return lines


def over_budget(preview: Preview) -> bool:
    """Whether what is known to be emitted, all operational, is more than the budget."""
    budget, standing = preview.budget, preview.standing
    if not budget or not standing:
        return False
    run = (standing.planned_run.operational_kg if standing.planned_run else None) or 0.0
    run_daily = (run_daily_kg(standing.planned_run) if standing.planned_run else None) or 0.0
    monthly = standing.goes_on_kg_per_month
    daily = max(run_daily, _daily(monthly, standing) or 0.0)
    return bool(
        (budget.daily_kg and daily > budget.daily_kg) or (budget.monthly_kg and run + monthly > budget.monthly_kg)
    )


def run_daily_kg(run: PlannedRun) -> float | None:
    """Operational kg in the run's busiest 24 hours; all of it where its hours are not known."""
    return run.operational_kg if run.operational_kg_busiest_day is None else run.operational_kg_busiest_day


def _daily(monthly_kg: float | None, standing: Standing) -> float | None:
    return None if monthly_kg is None else monthly_kg * (24 / standing.hours_per_month)


def _limits(budget: Budget) -> str:
    parts = ((budget.daily_kg, "a day"), (budget.monthly_kg, "a month"))
    return " and ".join(f"{exact(value)} kg CO2e {per}" for value, per in parts if value) + ", operational"


def _times(ratio: float) -> str:
    """`51 % of`, and from ten on `240 times`."""
    return f"{percent(100 * ratio)} of" if ratio < 10 else f"{significant(ratio)} times"


def _share(what: str, daily: float | None, monthly: float | None, budget: Budget, more: str = "") -> Markdown:
    """`the planned run: 2.57 kg operational, 51 % of a day's and 2.6 % of a month's`; daily and monthly in kg CO2e."""
    if monthly is None:
        return Markdown(f"{what}: operational emissions {NOT_KNOWN}")
    shares = [
        f"{_times(value / limit)} a {period}'s"
        for value, limit, period in ((daily, budget.daily_kg, "day"), (monthly, budget.monthly_kg, "month"))
        if value is not None and limit
    ]
    return Markdown(f"{what}: {significant(monthly)} kg operational{more}, {' and '.join(shares)}")
