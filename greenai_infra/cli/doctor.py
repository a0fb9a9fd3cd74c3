"""`doctor`: what is missing before `up`, on this machine and in the account."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.cache_place import URL
from greenai_infra.cli.project_dir import PROJECT_DIR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenai_infra.doctor.checkup import Checkup

MARKS = {"ok": ("ok", "green"), "warning": ("warn", "yellow"), "error": ("FAIL", "red"), "unknown": ("?", "cyan")}


@click.command(epilog="Example:  greenai-infra doctor --stack finetune-7b-eu-north-1")
@PROJECT_DIR
@click.option("--stack", metavar="NAME", help="Default: the only stack, or the one that select chose.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(project_dir: Path, stack: str | None, as_json: bool) -> int:
    """Look at everything that `up` and the planned run need, and say how to get what is missing.

    Reads only. On the machine: Pulumi's CLI, SDK, backend and passphrase, keys of intensity sources, Redis, a GPU. In
    the account: credentials, whether the region is enabled, quotas by name, VPCs and IAM roles left, the image and its
    tag, the data. Without a project only the machine is looked at. Exit code 1 if `up` or the run would fail.
    """
    from greenai_infra.clock import now
    from greenai_infra.doctor.checkup import failed
    from greenai_infra.doctor.run import examine
    from greenai_infra.project.stack_files import require_stack

    in_project = any((project_dir / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml"))
    if stack and not in_project:
        require_stack(project_dir, stack)  # says that there is no project
    chosen = require_stack(project_dir, stack) if in_project else None
    checkups = examine(project_dir if in_project else None, chosen, now(), os.environ.get(URL))
    if as_json:
        found = list(checkups)
        document = {"schema_version": "1", "stack": chosen, "checkups": [one.as_dict() for one in found]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        found = _told(checkups, chosen)
    return int(failed(found))


def _told(checkups: Iterable[Checkup], stack: str | None) -> list[Checkup]:
    """Print each as it comes; all of them."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    found: list[Checkup] = []
    console.print(f"Stack {stack}" if stack else "No project here: only this machine is looked at.")
    for checkup in checkups:
        word, colour = MARKS[checkup.state]
        found.append(checkup)
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=4, justify="right", style=colour)
        row.add_row(word, escape(f"{checkup.part}: {checkup.said}"))
        if checkup.remedy:
            row.add_row("", f"[dim]{escape(checkup.remedy)}[/]")
        console.print(row)
    counts = {state: sum(one.state == state for one in found) for state in MARKS}
    console.print(
        f"\n{counts['error']} to mend, {counts['warning']} to know, {counts['unknown']} not seen, {counts['ok']} fine"
    )
    return found
