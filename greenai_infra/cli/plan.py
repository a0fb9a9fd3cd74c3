"""`plan` and `explain`: choose where, when and on what a workload runs, and say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.source_options import open_archive, source_options
from greenai_infra.errors import InputError


@click.command(epilog="Example:  greenai-infra plan templates/workloads/finetune-7b.yaml --hardware --out plan.json")
@click.argument("workload_file", metavar="WORKLOAD", type=click.Path(path_type=Path))
@source_options()
@click.option("--hardware", is_flag=True, help="Compare all accelerators for this workload.")
@click.option(
    "--carbon-priority",
    type=NumberRange(min=0, max=1),
    metavar="P",
    help="Weigh kg against USD, each relative to the least feasible: 0 is cost alone, 1 emissions alone.",
)
@click.option("--explain", is_flag=True, help="Explain the choice, the price of each constraint, and sources.")
@click.option("--suspect-prices", is_flag=True, help="Also use offers with a doubtful on-demand price.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan document.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan document to a file.")
def plan(
    workload_file: Path,
    source: str | None,
    at: str | None,
    basis: Literal["lifecycle", "direct"] | None,
    file_kind: Literal["history", "forecast"] | None,
    allow_mixed: bool,
    require_live: bool,
    hardware: bool,
    carbon_priority: float | None,
    explain: bool,
    suspect_prices: bool,
    as_json: bool,
    out: Path | None,
) -> None:
    """Choose region, hardware and start time for a workload.

    The plan has the least kg CO2e that the workload's constraints allow. Without an API key or a network it uses
    embedded yearly means.
    """
    from greenai_infra.files import write_whole
    from greenai_infra.planning.make import plan as plan_of

    made = plan_of(
        workload_file,
        source=source,
        at=at,
        basis=basis,
        file_kind=file_kind,
        allow_mixed=allow_mixed,
        require_live=require_live,
        hardware=hardware,
        carbon_priority=carbon_priority,
        suspect_prices=suspect_prices,
        open_archive=open_archive,
    )
    document = made.document
    if out:
        write_whole(out, made.text())
    if as_json:
        click.echo(made.text(), nl=False)
        return
    from greenai_infra.reporting.plan_text import show_plan

    show_plan(document, explain=explain)
    if out:
        click.echo(f"\nplan {document['plan_id']} written to {out}{_next_step(document, out)}")


def _next_step(document: dict[str, Any], out: Path) -> str:
    """How to pin the plan, if `select` takes its first choice."""
    if document["placement"]["not_built"]:
        return "; no program can build the chosen hardware, so there is nothing to pin"
    if any(
        "sandbox" in placement["intensity"]["flags"] for placement in (document["placement"], *document["alternatives"])
    ):
        return "; its intensity is made up, so it can't be pinned"
    return f"; pin it:  greenai-infra select {out}"


@click.command(epilog="Example:  greenai-infra explain plan.json")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
def explain(plan_file: Path) -> None:
    """Explain a plan again from its file alone."""
    from greenai_infra.contracts.plan_document import read_document
    from greenai_infra.reporting.plan_text import show_plan

    document = read_document(plan_file, if_edited=lambda said: click.echo(f"warning: {said}", err=True))
    try:
        show_plan(document, explain=True)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError(
            f"{plan_file}: the plan is damaged ({error!r}); make it again with `greenai-infra plan`"
        ) from None
