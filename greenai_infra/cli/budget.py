"""`budget`: carbon budgets of teams and projects, kept in an append-only ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.project_dir import PROJECT_DIR
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenai_infra.ledger.carbon_budget import CarbonBudget, Stored
    from greenai_infra.ledger.entries import OverBudget

KG = NumberRange(0, 1e12)
ABOVE_0_KG = NumberRange(0, 1e12, min_open=True)
SHARE = NumberRange(0, 1)
KIND = click.Choice(["training", "inference"])

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
RUN_ID = click.option("--run-id", metavar="ID", required=True, help="The run.")
NOTE = click.option("--note", metavar="TEXT", default="", help="Text kept with the entry.")
AT = click.option(
    "--at", metavar="TIME", help="Count it in the month of this time, as 2026-01-31T18:00:00Z. Default: now."
)


def ledger_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which ledger."""
    which = click.option(
        "--ledger",
        metavar="LEDGER",
        help="A file, or dynamodb:TABLE@REGION. Default: GREENAI_LEDGER, or budget-ledger in Pulumi.yaml.",
    )
    return which(PROJECT_DIR(command))


def whose_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whose budget in which ledger."""
    team = click.option("--team", metavar="TEAM", required=True, help="Exactly as the budget was set.")
    project = click.option("--project", metavar="PROJECT", required=True, help="Exactly as the budget was set.")
    return ledger_options(team(project(command)))


@click.group(
    epilog="""\b
Start with:
  greenai-infra budget set --ledger ledger.db --team research --project assistants \\
    --year-kg 1000"""
)
def budget() -> None:
    """Keep the carbon budget of a team's project: kg CO2e per calendar year and month (UTC).

    A ledger is a SQLite file on a local disk, or a DynamoDB table (extra aws; the program `ledger` builds the table).
    Runs are recorded from measurements. Entries are added, never edited.
    """


@budget.command(
    "set",
    epilog="""\b
Example:
  greenai-infra budget set --ledger ledger.db --team research --project assistants \\
    --year-kg 1000 --month-kg 150""",
)
@whose_options
@click.option("--year-kg", type=ABOVE_0_KG, required=True, help="kg CO2e per calendar year; a tonne is 1000 kg.")
@click.option("--month-kg", type=ABOVE_0_KG, help="kg CO2e per calendar month. Default: no monthly limit.")
@click.option("--training-share", type=SHARE, help="Share of training. Default: 0.7, or what inference leaves.")
@click.option("--inference-share", type=SHARE, help="Share of inference. Default: 0.3, or what training leaves.")
@AS_JSON
def set_budget(
    ledger: str | None,
    project_dir: Path,
    team: str,
    project: str,
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
    notes = _budget(ledger, project_dir, team, project).set(
        year_kg=year_kg, month_kg=month_kg, training_share=training_share, inference_share=round(inference_share, 12)
    )
    if as_json:
        document = {"team": team, "project": project, "year_kg": year_kg, "month_kg": month_kg}
        shares = {"training_share": training_share, "inference_share": round(inference_share, 12)}
        _show_json({**document, **shares, "warnings": list(notes)})
    else:
        month = "" if month_kg is None else f", {exact(month_kg)} kg a month"
        click.echo(
            f"{team}/{project}: {exact(year_kg)} kg a year{month}; training {training_share:.6g}, inference "
            f"{inference_share:.6g} of it"
        )
    _warn(notes)


@budget.command(
    epilog="""\b
Examples:
  greenai-infra budget record --ledger ledger.db --team research --project assistants \\
    --kind training --run-id tune-7 --kg 11.2
  greenai-infra budget record --ledger ledger.db --team research --project assistants \\
    --kind training --report emissions_report.json"""
)
@whose_options
@click.option("--kind", type=KIND, help="Kind of run. Default: the kind of its reservation.")
@click.option("--run-id", metavar="ID", help="The run. With reports: the run that all of them belong to.")
@click.option("--kg", type=KG, help="Measured kg CO2e of the run.")
@click.option(
    "--report",
    "reports",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="emissions_report.json, or CodeCarbon's emissions.csv with every run in it; repeatable.",
)
@AT
@NOTE
@AS_JSON
def record(
    ledger: str | None,
    project_dir: Path,
    team: str,
    project: str,
    kind: str | None,
    run_id: str | None,
    kg: float | None,
    reports: tuple[Path, ...],
    at: str | None,
    note: str,
    as_json: bool,
) -> int:
    """Record what runs have emitted. Exit code 0 means that the entry is stored durably.

    Recording a run again with the same kg changes nothing; with a different figure it is refused (exit code 1; see
    `budget correct`). A run over the budget is stored with a warning, because the carbon has been emitted. Recording a
    run settles the reservation with the same id.
    """
    from greenai_infra.errors import Refused
    from greenai_infra.ledger.reports import Reported, runs_reported

    if (kg is None) == (not reports):
        raise InputError(
            "say what was emitted: --run-id ID --kg X, or --report FILE (emissions_report.json, emissions.csv)"
        )
    if kg is not None:
        if run_id is None:
            raise InputError("--kg needs --run-id: name the run that emitted the kilograms")
        runs = [Reported(run_id, kg, "")]
    else:
        runs = runs_reported(reports)
        if run_id is not None:
            runs = [Reported(run_id, sum(one.kg for one in runs), ", ".join(map(str, reports)))]
    account, moment = _budget(ledger, project_dir, team, project), _time(at)
    stored: list[Stored] = []
    refused: list[Refused] = []
    for run in runs:
        try:
            stored.append(
                account.record(run_id=run.run_id, kg=run.kg, kind=kind, at=moment, source=run.source, note=note)
            )
        except Refused as error:  # the others have been emitted, too
            if len(runs) == 1:
                raise
            refused.append(error)
    if as_json:
        _show_json([_stored_document(entry) for entry in stored] if reports else _stored_document(stored[0]))
    else:
        for entry in stored:
            click.echo(_stored_words(entry))
    _warn(dict.fromkeys(note for entry in stored for note in entry.notes))
    for one_refused in refused:
        click.echo(f"error: {one_refused}", err=True)
    return 1 if refused else 0


@budget.command(
    epilog="""\b
Example:
  greenai-infra budget reserve --ledger ledger.db --team research --project assistants \\
    --kind training --run-id tune-8 --kg 12"""
)
@whose_options
@click.option("--kind", type=KIND, help="Also count against this kind's share. Default: the whole budget only.")
@RUN_ID
@click.option("--kg", type=KG, required=True, help="Planned kg CO2e of the run.")
@AT
@NOTE
@AS_JSON
def reserve(
    ledger: str | None,
    project_dir: Path,
    team: str,
    project: str,
    kind: str | None,
    run_id: str,
    kg: float,
    at: str | None,
    note: str,
    as_json: bool,
) -> int:
    """Reserve kilograms for a future run. Exit code 1, and the excess, if they do not fit the budget.

    They stay reserved until the run is recorded or the reservation is released.
    """
    from greenai_infra.ledger.entries import OverBudget

    account = _budget(ledger, project_dir, team, project)
    try:
        stored = account.reserve(run_id=run_id, kg=kg, kind=kind, at=_time(at), note=note)
    except OverBudget as error:
        if not as_json:
            raise
        _show_json({"run_id": run_id, "kg": kg, "added": False, **_over_document(error)})
        return 1
    _show_stored(stored, as_json)
    return 0


@budget.command(
    epilog="""\b
Example:
  greenai-infra budget release --ledger ledger.db --team research --project assistants \\
    --run-id tune-8"""
)
@whose_options
@RUN_ID
@NOTE
@AS_JSON
def release(
    ledger: str | None, project_dir: Path, team: str, project: str, run_id: str, note: str, as_json: bool
) -> None:
    """Release the reservation of a run that will not take place."""
    _show_stored(_budget(ledger, project_dir, team, project).release(run_id=run_id, note=note), as_json)


@budget.command(
    epilog="""\b
Example:
  greenai-infra budget correct --ledger ledger.db --team research --project assistants \\
    --run-id tune-7 --kg=-1.5 --id meter-2026-03 --note 'meter read twice'"""
)
@whose_options
@RUN_ID
@click.option(
    "--kg",
    type=NumberRange(-1e12, 1e12),
    required=True,
    help="kg CO2e to add, negative to subtract (--kg=-1.5). Subtract all of the run's kg to reverse it.",
)
@click.option(
    "--id", "correction_id", metavar="ID", required=True, help="Id of the correction. Repeating an id adds nothing."
)
@NOTE
@AS_JSON
def correct(
    ledger: str | None,
    project_dir: Path,
    team: str,
    project: str,
    run_id: str,
    kg: float,
    correction_id: str,
    note: str,
    as_json: bool,
) -> None:
    """Correct or reverse a recorded run with a new entry, which counts in the month of the run."""
    account = _budget(ledger, project_dir, team, project)
    _show_stored(account.correct(run_id=run_id, kg=kg, correction_id=correction_id, note=note), as_json)


@budget.command(epilog="Example:  greenai-infra budget check plan.json --ledger ledger.db")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@ledger_options
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

    planned = PlannedEmissions.of_plan(read_plan_file(plan_file))
    account = _budget(ledger, project_dir, team or planned.team, project or planned.project)
    document = {"plan_id": planned.plan_id, "kg": planned.kg, "kind": planned.kind}
    try:
        account.check(kg=planned.kg, kind=planned.kind, run_id=planned.plan_id)
    except OverBudget as error:
        if not as_json:
            raise
        _show_json({**document, **_over_document(error)})
        return 1
    if as_json:
        _show_json({**document, "fits": True, "over_kg": 0.0, "limits": []})
    else:
        click.echo(f"{significant(planned.kg)} kg of plan {planned.plan_id} fit the budget")
    return 0


@budget.command(
    epilog="""\b
Example:
  greenai-infra budget status --ledger ledger.db --team research --project assistants \\
    --json"""
)
@whose_options
@click.option("--at", metavar="TIME", help="Year and month of this time. Default: now.")
@AS_JSON
def status(ledger: str | None, project_dir: Path, team: str, project: str, at: str | None, as_json: bool) -> None:
    """Show the kilograms used, reserved and left, and the runs of the year."""
    from greenai_infra.ledger.entries import no_budget
    from greenai_infra.reporting.budget_text import show_status, status_document

    account, moment = _budget(ledger, project_dir, team, project), _time(at)
    found = account.status(moment)
    if as_json:
        _show_json(status_document(found))
    else:
        show_status(found)
    _warn([] if moment else account.clock_notes())
    _warn([] if found.allowance else [no_budget(team, project)])


@budget.command(
    epilog="""\b
Example:
  greenai-infra budget forecast --ledger ledger.db --team research --project assistants"""
)
@whose_options
@click.option("--at", metavar="TIME", help="As seen at this time. Default: now.")
@AS_JSON
def forecast(ledger: str | None, project_dir: Path, team: str, project: str, at: str | None, as_json: bool) -> None:
    """Forecast the totals at the end of the month and year, with a 90 % band.

    The forecast adds what is used, what is reserved, and for each remaining day the mean of the year's days so far,
    counted from the first day with a run. The band treats days as independent (Student's t), so few days make it wide.
    """
    from greenai_infra.reporting.budget_text import forecast_document, forecast_notes, show_forecast

    account = _budget(ledger, project_dir, team, project)
    moment = _time(at)
    allowance, found = account.status(moment).allowance, account.forecast(moment)
    if as_json:
        _show_json(forecast_document(found, allowance))
    else:
        show_forecast(found, allowance)
    _warn([] if moment else account.clock_notes())
    _warn(forecast_notes(found, allowance))


def _budget(ledger: str | None, project_dir: Path, team: str, project: str) -> CarbonBudget:
    from greenai_infra.ledger.carbon_budget import CarbonBudget

    return CarbonBudget(ledger=ledger or _configured(project_dir), team=team, project=project)


def _configured(project_dir: Path) -> str:
    from greenai_infra.ledger.locate import VARIABLE, ledger_from_environment

    if found := ledger_from_environment():
        return found
    if (project_dir / "Pulumi.yaml").is_file():
        from greenai_infra.project.budget_ledger import configured_ledger

        if found := configured_ledger(project_dir):
            return found
    raise InputError(f"no ledger given: use --ledger FILE, set {VARIABLE}, or set budget-ledger in Pulumi.yaml")


def _time(text: str | None) -> datetime | None:
    from greenai_infra.clock import parse_time

    return parse_time(text) if text else None


def _stored_document(stored: Stored) -> dict[str, Any]:
    from greenai_infra.clock import format_time

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


def _stored_words(stored: Stored) -> str:
    from greenai_infra.footprint.budget import tier_of
    from greenai_infra.numbers import significant

    entry = stored.entry
    tier = f", tier {tier_of(entry.kg).value.upper()}" if entry.kg >= 0 else ""
    done = "stored" if stored.added else "is already in the ledger, nothing added"
    return f"{entry.type} {entry.run_id}: {significant(entry.kg)} kg ({entry.kind}{tier}) {done}"


def _show_stored(stored: Stored, as_json: bool) -> None:
    if as_json:
        _show_json(_stored_document(stored))
    else:
        click.echo(_stored_words(stored))
    _warn(stored.notes)


def _over_document(error: OverBudget) -> dict[str, Any]:
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


def _show_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def _warn(notes: Any) -> None:
    for note in notes:
        click.echo(f"warning: {note}", err=True)
