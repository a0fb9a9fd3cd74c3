"""`up --plan`: build the first region of a plan's ranking with capacity, and name the regions skipped."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.building import build, remove, show_built
from greenai_infra.cli.project_dir import in_dir
from greenai_infra.errors import NoCapacity, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenai_infra.pinning.select import Selection


def up_plan(
    project_dir: Path,
    plan_file: Path,
    top: int,
    clean_up: bool,
    yes: bool,
    packs: Sequence[Path] | None = None,
    ledger: str | None = None,
) -> None:
    """Pins a plan's regions and builds the first with capacity; that region becomes the chosen one."""
    from datetime import UTC, datetime

    from greenai_infra.cli.select import show_selection
    from greenai_infra.contracts.plan import read_plan_file
    from greenai_infra.engine.failover import build_first_with_capacity
    from greenai_infra.files import write_all
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.pinning.select import select
    from greenai_infra.project.stack_files import mark_built

    plan = read_plan_file(plan_file)
    selection = select(plan, project_dir, Options(top=top), datetime.now(UTC))
    write_all(selection.texts)
    show_selection(selection)
    stacks, elsewise = launched_alike(selection)
    for name in elsewise:
        click.echo(
            f"note: {name} starts at its planned time, not with `up`, so it is skipped; to start it with `up`:  "
            f"greenai-infra select {shlex.quote(str(plan_file))} --launch now --image URI{in_dir('--dir', project_dir)}"
        )
    still_there: list[str] = []

    def go_on(stack: str, error: NoCapacity, following: str | None) -> None:
        click.echo(f"{error.said}: {error}", err=True)
        still_there.append(stack)
        if clean_up and cleaned_up(project_dir, stack, yes):
            still_there.remove(stack)
        if following:
            click.echo(f"trying the next ranked region: {following}\n", err=True)

    try:
        applied = build_first_with_capacity(stacks, lambda name: build(project_dir, name, yes, packs, ledger), go_on)
        if applied.without_capacity:
            mark_built(project_dir, plan.plan_id, applied.stack, applied.without_capacity)
        show_built(project_dir, applied.stack, applied.result)
    finally:
        for name in still_there:
            click.echo(
                f"{name} still has what was built before the failure; remove it with:\n"
                f"  greenai-infra destroy --stack {name}{in_dir('--dir', project_dir)}",
                err=True,
            )


def launched_alike(selection: Selection) -> tuple[list[str], list[str]]:
    """The stacks to build in turn, and those left out: a stack that starts no job cannot show a lack of capacity.

    A region that select pins for the first time is scheduled, whatever the other regions are.
    """
    scheduled = {pinned.stack: pinned.starts_at is not None for pinned in selection.stacks}
    first = scheduled[selection.stacks[0].stack]
    alike = [stack for stack, it in scheduled.items() if it == first]
    return alike, [stack for stack in scheduled if stack not in alike and not first]


def cleaned_up(project_dir: Path, stack: str, yes: bool) -> bool:
    """Removes what was built in a region without capacity. Returns False if the user keeps it."""
    try:
        if remove(project_dir, stack, yes):
            click.echo(f"removed what was built in {stack}", err=True)
    except Refused:
        return False
    return True
