"""Building and removing one stack: shows what will change, then asks."""

from __future__ import annotations

import contextlib
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.project_dir import in_dir
from greenai_infra.errors import InputError, Refused
from greenai_infra.terminal import in_colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from greenai_infra.engine.pulumi import Outcome, StackEngine

SIGNS = {"create": "+", "update": "~", "replace": "+-", "delete": "-"}
DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def build(
    project_dir: Path, stack: str, yes: bool, packs: Sequence[Path] | None = None, ledger: str | None = None
) -> Outcome:
    """Preview, ask, build; with the given policy packs, or the project's.

    With a ledger, the emissions of the stack's plan are checked first, and reserved before anything is built.
    """
    from greenai_infra.clock import format_time
    from greenai_infra.project.budget_ledger import check_planned, planned_of_stack, reserve_stack
    from greenai_infra.project.stack_files import passed_start

    planned_emissions = planned_of_stack(project_dir, stack) if ledger else None
    if ledger and planned_emissions:
        try:
            check_planned(ledger, planned_emissions)
        except Refused as error:
            raise Refused(f"{error}; to build without the ledger, use --no-budget") from None
    engine = open_engine(project_dir, stack, packs)
    planned = engine.preview()
    if start := passed_start(project_dir, stack, datetime.now(UTC)):
        click.echo(
            f"warning: the planned start of {stack}, {format_time(start)}, has passed: a new schedule for it starts "
            "nothing. Plan and select again, or: greenai-infra select PLAN --launch now --image URI",
            err=True,
        )
    ask(f"Build {stack}: {in_words(planned.changed)}?", stack, yes)
    if ledger and planned_emissions:
        click.echo(reserve_stack(ledger, planned_emissions))
    return engine.up()


def remove(project_dir: Path, stack: str, yes: bool) -> bool:
    """Preview, ask, remove. Returns False without asking if there is nothing to remove."""
    engine = open_engine(project_dir, stack)
    planned = engine.preview_destroy()
    if not planned.changed:
        return False
    ask(f"Remove {stack}: {in_words(planned.changed)}?", stack, yes)
    engine.destroy()
    return True


def show_built(project_dir: Path, stack: str, built: Outcome) -> None:
    """What changed, and how to read the outputs that the engine has truncated."""
    changes = ", ".join(f"{count} {DONE.get(op, op)}" for op, count in built.changed.items())
    click.echo(f"{stack} is up: {changes or 'no changes'}")
    click.echo(f"its outputs in full:  pulumi stack output --stack {stack}{in_dir('--cwd', project_dir)}")


def open_engine(project_dir: Path, stack: str, packs: Sequence[Path] | None = None) -> StackEngine:
    """The engine, with its output on this command's standard output."""
    from greenai_infra.engine.pulumi import StackEngine, wants_colour

    output = in_colour(sys.stdout)

    def say(line: str) -> None:
        # The engine's output must be read to its end even when standard output is closed.
        with contextlib.suppress(BrokenPipeError, ValueError):
            print(line, file=output, flush=True)

    return StackEngine(project_dir, stack, say, colour=wants_colour(), packs=packs)


def require_answer(yes: bool) -> None:
    """Raises InputError if there is no terminal to answer a question."""
    if not yes and not sys.stdin.isatty():
        raise InputError("no terminal to ask the question on; use --yes to go on without a question")


def ask(question: str, stack: str, yes: bool) -> None:
    """Raises Refused if the answer is no, or Ctrl-C or the end of input."""
    try:
        agreed = yes or click.confirm(question)
    except click.Abort:
        click.echo()
        agreed = False
    if not agreed:
        raise Refused(f"nothing was changed in {stack}")


def in_words(changes: Mapping[str, int]) -> str:
    """`+ 60 to create, ~ 1 to update`, or `no resource changes`."""
    return ", ".join(f"{SIGNS.get(op, '*')} {count} to {op}" for op, count in changes.items()) or "no resource changes"
