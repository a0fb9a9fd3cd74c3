"""What the commands of `budget` share: whose budget in which ledger, and how they answer."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from greenai_infra.cli.project_dir import PROJECT_DIR
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from greenai_infra.ledger.carbon_budget import CarbonBudget

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
LEDGER = click.option(
    "--ledger",
    metavar="LEDGER",
    help="A file, or dynamodb:TABLE@REGION. Default: GREENAI_LEDGER, or budget-ledger in Pulumi.yaml.",
)
TEAM = click.option("--team", metavar="TEAM", required=True, help="Exactly as the budget was set.")
PROJECT = click.option("--project", metavar="PROJECT", required=True, help="Exactly as the budget was set.")


def of_account(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the `account` that its options name: whose budget, in which ledger."""

    @wraps(command)
    def run(ledger: str | None, project_dir: Path, team: str, project: str, **options: Any) -> int | None:
        return command(account=open_account(ledger, project_dir, team, project), **options)

    return LEDGER(PROJECT_DIR(TEAM(PROJECT(run))))


def open_account(ledger: str | None, project_dir: Path, team: str, project: str) -> CarbonBudget:
    """The account of a project, in the ledger that is named or configured. Raises InputError if none is."""
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


def moment_of(text: str | None) -> datetime | None:
    """The time of --at; None is now."""
    from greenai_infra.clock import parse_time

    return parse_time(text) if text else None


def show_json(document: Any) -> None:
    """Print a JSON document."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def warn(notes: Iterable[str]) -> None:
    """Print warnings on standard error."""
    for note in notes:
        click.echo(f"warning: {note}", err=True)
