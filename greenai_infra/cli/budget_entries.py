"""`budget record`, `reserve`, `release` and `correct`: the entries of a ledger, which are added and never edited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.budget_account import AS_JSON, moment_of, of_account, show_json, warn
from greenai_infra.cli.number import NumberRange
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from greenai_infra.ledger.carbon_budget import CarbonBudget, Stored

KG = NumberRange(0, 1e12)
KIND = click.Choice(["training", "inference"])

RUN_ID = click.option("--run-id", metavar="ID", required=True, help="The run.")
NOTE = click.option("--note", metavar="TEXT", default="", help="Text kept with the entry.")
AT = click.option(
    "--at", metavar="TIME", help="Count it in the month of this time, as 2026-01-31T18:00:00Z. Default: now."
)


@click.command(
    epilog="""\b
Examples:
  greenai-infra budget record --ledger ledger.db --team research --project assistants \\
    --kind training --run-id tune-7 --kg 11.2
  greenai-infra budget record --ledger ledger.db --team research --project assistants \\
    --kind training --report emissions_report.json"""
)
@of_account
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
    account: CarbonBudget,
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
    from greenai_infra.reporting.budget_text import stored_document, stored_words

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
    moment = moment_of(at)
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
        show_json([stored_document(entry) for entry in stored] if reports else stored_document(stored[0]))
    else:
        for entry in stored:
            click.echo(stored_words(entry))
    warn(dict.fromkeys(note for entry in stored for note in entry.notes))
    for one_refused in refused:
        click.echo(f"error: {one_refused}", err=True)
    return 1 if refused else 0


@click.command(
    epilog="""\b
Example:
  greenai-infra budget reserve --ledger ledger.db --team research --project assistants \\
    --kind training --run-id tune-8 --kg 12"""
)
@of_account
@click.option("--kind", type=KIND, help="Also count against this kind's share. Default: the whole budget only.")
@RUN_ID
@click.option("--kg", type=KG, required=True, help="Planned kg CO2e of the run.")
@AT
@NOTE
@AS_JSON
def reserve(
    account: CarbonBudget,
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
    from greenai_infra.reporting.budget_text import over_document

    try:
        stored = account.reserve(run_id=run_id, kg=kg, kind=kind, at=moment_of(at), note=note)
    except OverBudget as error:
        if not as_json:
            raise
        show_json({"run_id": run_id, "kg": kg, "added": False, **over_document(error)})
        return 1
    _show_stored(stored, as_json)
    return 0


@click.command(
    epilog="""\b
Example:
  greenai-infra budget release --ledger ledger.db --team research --project assistants \\
    --run-id tune-8"""
)
@of_account
@RUN_ID
@NOTE
@AS_JSON
def release(account: CarbonBudget, run_id: str, note: str, as_json: bool) -> None:
    """Release the reservation of a run that will not take place."""
    _show_stored(account.release(run_id=run_id, note=note), as_json)


@click.command(
    epilog="""\b
Example:
  greenai-infra budget correct --ledger ledger.db --team research --project assistants \\
    --run-id tune-7 --kg=-1.5 --id meter-2026-03 --note 'meter read twice'"""
)
@of_account
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
    account: CarbonBudget,
    run_id: str,
    kg: float,
    correction_id: str,
    note: str,
    as_json: bool,
) -> None:
    """Correct or reverse a recorded run with a new entry, which counts in the month of the run."""
    _show_stored(account.correct(run_id=run_id, kg=kg, correction_id=correction_id, note=note), as_json)


def _show_stored(stored: Stored, as_json: bool) -> None:
    from greenai_infra.reporting.budget_text import stored_document, stored_words

    if as_json:
        show_json(stored_document(stored))
    else:
        click.echo(stored_words(stored))
    warn(stored.notes)
