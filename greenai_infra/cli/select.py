"""`select`: pin a plan's ranked regions as Pulumi stacks and name the stack to apply."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenai_infra.cli.number import NumberRange
from greenai_infra.cli.project_dir import PROJECT_DIR, in_dir

if TYPE_CHECKING:
    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.pinning.select import Selection

BUDGET_KG = NumberRange(0, 1e12, min_open=True)


@click.command(epilog="Example:  greenai-infra select plan.json --top 2 --notify ml-team@example.com")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--top", type=click.IntRange(1, 50), default=3, show_default=True, help="How many regions to pin.")
@PROJECT_DIR
@click.option(
    "--threshold",
    metavar="PERCENT",
    type=NumberRange(0, 100),
    default=10.0,
    show_default=True,
    help="Move an earlier choice only if that saves more emissions than this.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Take the plan's first region, whatever was chosen before, and even over the carbon budget.",
)
@click.option(
    "--launch",
    type=click.Choice(["now", "scheduled"]),
    help="Start the run with `up`, or at the planned time. Default: from the stack file, else scheduled.",
)
@click.option(
    "--image", metavar="URI", help="Container image in ECR or Artifact Registry; {region} in it is filled in."
)
@click.option("--model-data", metavar="S3_URI", help="Inference: the model, .tar.gz or folder/; {region} is filled in.")
@click.option(
    "--notify", metavar="EMAIL", multiple=True, help="Address that gets mail about the run and its alarms; repeatable."
)
@click.option("--daily-budget-kg", type=BUDGET_KG, help="kg CO2e per day. Default: the plan's.")
@click.option("--monthly-budget-kg", type=BUDGET_KG, help="kg CO2e per month. Default: the plan's.")
@click.option(
    "--alarms-stack", metavar="STACK", help="Stack with the budget alarms, so that these stacks build no alarms."
)
@click.option(
    "--multi-region", is_flag=True, help="Training: one stack for all regions; the run starts in the first of them."
)
@click.option("--gcp-project", metavar="ID", help="Google Cloud project for stacks pinned there.")
def select(
    plan_file: Path,
    top: int,
    project_dir: Path,
    threshold: float,
    force: bool,
    launch: str | None,
    image: str | None,
    model_data: str | None,
    notify: tuple[str, ...],
    daily_budget_kg: float | None,
    monthly_budget_kg: float | None,
    alarms_stack: str | None,
    multi_region: bool,
    gcp_project: str | None,
) -> None:
    """Pin a plan's ranked regions as stacks Pulumi.<workload>-<region>.yaml, and name the stack to apply.

    With --multi-region all regions are one stack Pulumi.<workload>.yaml, and a later plan moves the run within it.
    Only the plan's decisions are written; your settings in those files stay. An earlier choice moves to another region
    only if that saves more than --threshold percent of the emissions. If a carbon ledger is configured (GREENAI_LEDGER,
    or budget-ledger in Pulumi.yaml), the plan must fit its budget.
    """
    from greenai_infra.contracts.plan import read_plan_file
    from greenai_infra.files import write_all
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.pinning.select import select as select_stacks

    options = Options(
        top=top,
        threshold_percent=threshold,
        force=force,
        launch=launch,
        image=image,
        model_data=model_data,
        notify=notify,
        daily_budget_kg=daily_budget_kg,
        monthly_budget_kg=monthly_budget_kg,
        alarms_stack=alarms_stack,
        gcp_project=gcp_project,
        multi_region=multi_region,
    )
    plan = read_plan_file(plan_file)
    selection = select_stacks(plan, project_dir, options, datetime.now(UTC))
    ask_ledger(plan, selection, project_dir, force)
    write_all(selection.texts)
    show_selection(selection)
    where = in_dir("--dir", project_dir)
    chosen = selection.stacks[0].stack
    click.echo("\nLook at it without an account, then build it:")
    click.echo(f"  greenai-infra preview --offline --stack {chosen}{where}")
    click.echo(f"  greenai-infra up --stack {chosen}{where}")
    if lines := image_lines(selection, project_dir):
        click.echo("\n" + "\n".join(lines))


def image_lines(selection: Selection, project_dir: Path) -> list[str]:
    """What to do about the image of the chosen stack; empty for an inference stack."""
    from greenai_infra.contracts.stack.runs import PlannedRun
    from greenai_infra.scaffold.training_image import image_step

    first = selection.stacks[0]
    if not isinstance(first.config, PlannedRun):
        return []
    return image_step(project_dir, first.placement, first.stack, first.config.image is not None)


def ask_ledger(plan: PlanFile, selection: Selection, project_dir: Path, force: bool) -> None:
    """Raises Refused if the chosen region's emissions exceed the configured ledger's budget; with force, only warns."""
    from greenai_infra.errors import Refused
    from greenai_infra.project.budget_ledger import PlannedEmissions, check_planned, configured_ledger

    ledger = configured_ledger(project_dir)
    if ledger is None:
        return
    try:
        check_planned(ledger, PlannedEmissions.of_plan(plan, selection.stacks[0].planned.emissions_kg))
    except Refused as error:
        if not force:
            raise Refused(f"{error}; to select it anyway, use --force") from None
        click.echo(f"warning: {error}", err=True)


def show_selection(selection: Selection) -> None:
    """The pinned stacks, why the first is chosen, and what was left out."""
    from greenai_infra.clock import format_time
    from greenai_infra.numbers import short_time
    from greenai_infra.reporting.tables import show_table

    rows = [
        [
            str(pinned.planned.rank),
            pinned.label,
            pinned.machine,
            short_time(format_time(pinned.starts_at)) if pinned.starts_at else "with up",
            f"{pinned.planned.emissions_kg:,.3g}",
            f"{pinned.planned.cost_usd:,.2f}",
        ]
        for pinned in selection.stacks
    ]
    show_table(["", "stack", "machines", "start UTC", "kg CO2e", "USD"], rows, right=(0, 4, 5))
    click.echo(f"\n{selection.choice.reason}")
    for note in selection.notes:
        click.echo(f"note: {note}")
