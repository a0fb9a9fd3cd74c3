"""`train`: an example or the user's script, under the contract of the training containers."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from greenai_infra.cli.number import NumberRange


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Examples:\n\n  greenai-infra train digits --root run\n\n"
    "  greenai-infra train --script train.py --root run -- --lr 0.1",
)
@click.argument("arguments", metavar="[EXAMPLE] [--NAME=VALUE...]", nargs=-1, type=click.UNPROCESSED)
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), help="Folder used as /opt/ml.")
@click.option("--script", metavar="FILE", help="Your program; options unknown here are passed to it.")
@click.option("--example", metavar="NAME", help="Same as EXAMPLE, for clouds that pass only hyperparameters.")
@click.option(
    "--zone", metavar="ZONE", help="Grid zone, such as DE. Default: from the environment, else the world mean."
)
@click.option("--max-kg", "--max_kg", type=NumberRange(0, 1e12, min_open=True), help="Stop at this many kg CO2e.")
@click.option("--ledger", metavar="LEDGER", help="Stop when this ledger's carbon budget is used up; record the run.")
@click.option(
    "--processes", type=click.IntRange(1, 1024), help="Processes on this machine. Default: one per GPU, else one."
)
def train(
    arguments: tuple[str, ...],
    root: Path | None,
    script: str | None,
    example: str | None,
    zone: str | None,
    max_kg: float | None,
    ledger: str | None,
    processes: int | None,
) -> int:
    """Train EXAMPLE (digits, charlm, distill-digits, distill-charlm, quantize-digits) or --script FILE, tracked.

    In DIR: input/config/hyperparameters.json, checkpoints/, model/, output/data/emissions_report.json.
    --NAME=VALUE is a hyperparameter, such as --epochs=3. torchrun starts several processes. SIGTERM writes checkpoint
    and report; the same command resumes. Exit code: 0 finished, 1 failed, 2 wrong input, 75 carbon budget used up, 143
    stopped and resumable.
    """
    from greenai_infra.templates import shipped

    place = str(shipped("training").parent)
    if place not in sys.path:
        sys.path.insert(0, place)
    command = import_module("training.command")
    outcome: int = command.main(command.Options(root, script, example, zone, max_kg, ledger, processes, arguments))
    return outcome
