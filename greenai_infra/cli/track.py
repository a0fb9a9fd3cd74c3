"""`track` and `report`: measure a command while it runs, and print what a run has emitted."""

from __future__ import annotations

from pathlib import Path

import click

from greenai_infra.cli.number import NumberRange


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example:  greenai-infra track --zone DE -- python train.py --epochs 3",
)
@click.argument("command", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--name", metavar="NAME", help="Name of the run. Default: GREENAI_WORKLOAD, or the command.")
@click.option("--region", metavar="REGION", help="Cloud region, for PUE and grid zone. Default: GREENAI_REGION.")
@click.option("--zone", metavar="ZONE", help="Grid zone, such as DE. Default: GREENAI_INTENSITY_ZONE, or the region's.")
@click.option("--pue", type=NumberRange(1, 5), help="Default: GREENAI_PUE, else the region's, else 1.")
@click.option(
    "--intensity",
    metavar="G_PER_KWH|SOURCE",
    help="A number, file:PATH or a source. Default: GREENAI_INTENSITY_G_PER_KWH, the plan's, or auto.",
)
@click.option("--plan", type=click.Path(path_type=Path, dir_okay=False), help="plan.json to compare with.")
@click.option("--max-kg", type=NumberRange(0, 1e12, min_open=True), help="Stop the command at this many kg CO2e.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Default: emissions_report.json, in $SM_OUTPUT_DATA_DIR if that is set. A .csv is written next to it.",
)
@click.option("--prometheus-port", type=click.IntRange(0, 65535), help="Export metrics there during the run.")
@click.option("--mlflow", metavar="URI", help="Log to this MLflow tracking URI, such as file:./mlruns.")
def track(
    command: tuple[str, ...],
    name: str | None,
    region: str | None,
    zone: str | None,
    pue: float | None,
    intensity: str | None,
    plan: Path | None,
    max_kg: float | None,
    report: Path | None,
    prometheus_port: int | None,
    mlflow: str | None,
) -> int:
    """Run COMMAND, measure the machine's energy during it, and report the emissions.

    COMMAND's exit code is passed on. At --max-kg COMMAND gets SIGTERM and 100 s to write a checkpoint; the exit code is
    then 75.
    """
    import os

    from greenai_infra.tracking.child import run_tracked
    from greenai_infra.tracking.trainer import GreenTrainer

    trainer = GreenTrainer(
        name or os.environ.get("GREENAI_WORKLOAD") or Path(command[0]).name,
        region=region,
        zone=zone,
        pue=pue,
        intensity=_number(intensity),
        plan=plan,
        report=report or "",
        max_emissions_kg=max_kg,
        prometheus_port=prometheus_port,
        mlflow=mlflow,
    )
    return run_tracked(trainer, command)


@click.command(epilog="Example:  greenai-infra report emissions_report.json")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Check the report and print it as written.")
def report(run: Path, as_json: bool) -> None:
    """Print what a tracked run has emitted, and why that differs from the plan.

    RUN is an emissions_report.json, or a folder that holds it (directly, or in output/data).
    """
    from greenai_infra.monitoring.run_report import as_json as written
    from greenai_infra.monitoring.run_report import read_report

    found = read_report(run)
    if as_json:
        click.echo(written(found), nl=False)
        return
    from greenai_infra.reporting.report_text import show_report

    show_report(found)


def _number(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text
