"""`budget set`, `check`, `status` and `forecast`: what may be emitted, and what is left of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.budget_account import AS_JSON, LEDGER, moment_of, of_account, open_account, show_json, warn
from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.project_dir import PROJECT_DIR

if TYPE_CHECKING:
    from greenai_infra.ledger.carbon_budget import CarbonBudget

ABOVE_0_KG = NumberRange(0, 1e12, min_open=True)
SHARE = NumberRange(0, 1)


@click.command(
    "set",
    epilog="""\b
Example:
  greenai-infra budget set --ledger ledger.db --team research --project assistants \\
    --year-kg 1000 --month-kg 150""",
)
@of_account
@click.option("--year-kg", type=ABOVE_0_KG, required=True, help="kg CO2e per calendar year; a tonne is 1000 kg.")
@click.option("--month-kg", type=ABOVE_0_KG, help="kg CO2e per calendar month. Default: no monthly limit.")
@click.option("--training-share", type=SHARE, help="Share of training. Default: 0.7, or what inference leaves.")
@click.option("--inference-share", type=SHARE, help="Share of inference. Default: 0.3, or what training leaves.")
@AS_JSON
def set_budget(
    account: CarbonBudget,
    year_kg: float,
    month_kg: float | None,
    training_share: float | None,
    inference_share: float | None,
    as_json: bool,
) -> None:
    """Set or replace the budget; earlier budgets stay in the ledger.

    Training and inference each have a share, which limits reservations of that kind in addition to the whole budget.
    """
    from greenai_infra.footprint.budget import TRAINING_SHARE
    from greenai_infra.numbers import exact

    if training_share is None:
        training_share = TRAINING_SHARE if inference_share is None else 1 - inference_share
    if inference_share is None:
        inference_share = 1 - training_share
    notes = account.set(
        year_kg=year_kg, month_kg=month_kg, training_share=training_share, inference_share=round(inference_share, 12)
    )
    if as_json:
        document = {"team": account.team, "project": account.project, "year_kg": year_kg, "month_kg": month_kg}
        shares = {"training_share": training_share, "inference_share": round(inference_share, 12)}
        show_json({**document, **shares, "warnings": list(notes)})
    else:
        month = "" if month_kg is None else f", {exact(month_kg)} kg a month"
        click.echo(
            f"{account.team}/{account.project}: {exact(year_kg)} kg a year{month}; training {training_share:.6g}, "
            f"inference {inference_share:.6g} of it"
        )
    warn(notes)


@click.command(epilog="Example:  greenai-infra budget check plan.json --ledger ledger.db")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@LEDGER
@PROJECT_DIR
@click.option("--team", metavar="TEAM", help="Default: the plan's.")
@click.option("--project", metavar="PROJECT", help="Default: the plan's.")
@AS_JSON
def check(
    plan_file: Path, ledger: str | None, project_dir: Path, team: str | None, project: str | None, as_json: bool
) -> int:
    """Check whether a plan fits its budget. Exit code 1, and the excess, if it does not. Nothing is stored."""
    from greenai_infra.contracts.plan import read_plan_file
    from greenai_infra.ledger.entries import OverBudget
    from greenai_infra.numbers import significant
    from greenai_infra.project.budget_ledger import PlannedEmissions
    from greenai_infra.reporting.budget_text import over_document

    planned = PlannedEmissions.of_plan(read_plan_file(plan_file))
    account = open_account(ledger, project_dir, team or planned.team, project or planned.project)
    document = {"plan_id": planned.plan_id, "kg": planned.kg, "kind": planned.kind}
    try:
        account.check(kg=planned.kg, kind=planned.kind, run_id=planned.plan_id)
    except OverBudget as error:
        if not as_json:
            raise
        show_json({**document, **over_document(error)})
        return 1
    if as_json:
        show_json({**document, "fits": True, "over_kg": 0.0, "limits": []})
    else:
        click.echo(f"{significant(planned.kg)} kg of plan {planned.plan_id} fit the budget")
    return 0


@click.command(
    epilog="""\b
Example:
  greenai-infra budget status --ledger ledger.db --team research --project assistants \\
    --json"""
)
@of_account
@click.option("--at", metavar="TIME", help="Year and month of this time. Default: now.")
@AS_JSON
def status(account: CarbonBudget, at: str | None, as_json: bool) -> None:
    """Show the kilograms used, reserved and left, and the runs of the year."""
    from greenai_infra.ledger.entries import no_budget
    from greenai_infra.reporting.budget_text import show_status, status_document

    moment = moment_of(at)
    found = account.status(moment)
    if as_json:
        show_json(status_document(found))
    else:
        show_status(found)
    warn([] if moment else account.clock_notes())
    warn([] if found.allowance else [no_budget(account.team, account.project)])


@click.command(
    epilog="""\b
Example:
  greenai-infra budget forecast --ledger ledger.db --team research --project assistants"""
)
@of_account
@click.option("--at", metavar="TIME", help="As seen at this time. Default: now.")
@AS_JSON
def forecast(account: CarbonBudget, at: str | None, as_json: bool) -> None:
    """Forecast the totals at the end of the month and year, with a 90 % band.

    The forecast adds what is used, what is reserved, and for each remaining day the mean of the year's days so far,
    counted from the first day with a run. The band treats days as independent (Student's t), so few days make it wide.
    """
    from greenai_infra.reporting.budget_text import forecast_document, forecast_notes, show_forecast

    moment = moment_of(at)
    allowance, found = account.status(moment).allowance, account.forecast(moment)
    if as_json:
        show_json(forecast_document(found, allowance))
    else:
        show_forecast(found, allowance)
    warn([] if moment else account.clock_notes())
    warn(forecast_notes(found, allowance))
