"""`budget`: carbon budgets of teams and projects, kept in an append-only ledger."""

from __future__ import annotations

import click

from greenai_infra.cli.budget_entries import correct, record, release, reserve
from greenai_infra.cli.budget_limits import check, forecast, set_budget, status


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


for command in (set_budget, record, reserve, release, correct, check, status, forecast):
    budget.add_command(command)
