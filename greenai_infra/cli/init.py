"""`init`: write a project that previews offline at once."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from greenai_infra.clock import now

PLAN = "plan.json"


@click.command(epilog="Example:  greenai-infra init my-project && cd my-project && greenai-infra preview --offline")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
def init(target: Path) -> None:
    """Write a project: Pulumi program, example workload, its plan and pinned stacks.

    The plan is made on embedded data, without an account or a network. Nothing that is there already is overwritten.
    """
    from greenai_infra.deploy.starter import WORKLOAD, write_project

    names = write_project(target, plan_and_pin)
    click.echo(f"wrote {target}: {', '.join(names)}")
    click.echo("\nLook at what the pinned stack would build, without an account:")
    click.echo(f"  cd {shlex.quote(str(target))}")
    click.echo("  greenai-infra preview --offline")
    click.echo(f"\nThen make {WORKLOAD} your own and plan it:")
    click.echo(f"  greenai-infra plan {WORKLOAD} --hardware --out {PLAN} && greenai-infra select {PLAN}")


def plan_and_pin(folder: Path) -> None:
    """Plan the folder's workload on embedded data and pin the plan's first regions there."""
    from greenai_infra.catalog.offers import offers
    from greenai_infra.catalog.signals import Signal
    from greenai_infra.deploy.pins.options import Options
    from greenai_infra.deploy.plan_file import read_plan_file
    from greenai_infra.deploy.select import select
    from greenai_infra.deploy.starter import WORKLOAD
    from greenai_infra.files import write_all
    from greenai_infra.intensity.choose import open_source
    from greenai_infra.planning.document import document_text, plan_document
    from greenai_infra.planning.planner import make_plan
    from greenai_infra.planning.workload_file import read_workload, window_of

    at = now()
    workload = read_workload(folder / WORKLOAD)
    source = open_source("embedded", as_of=at, signal=Signal(workload.signal))
    made = make_plan(workload, window_of(workload, at), offers(), source)
    (folder / PLAN).write_text(document_text(plan_document(made)), encoding="utf-8")
    write_all(select(read_plan_file(folder / PLAN), folder, Options(), at).texts)
