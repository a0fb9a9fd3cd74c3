"""`train`: an example or the user's script, by the contract of the training containers."""

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
@click.option("--root", type=click.Path(path_type=Path, file_okay=False), help="Stands for /opt/ml.")
@click.option("--script", metavar="FILE", help="Your own program; what is not an option here is passed to it.")
@click.option("--example", metavar="NAME", help="As EXAMPLE; for a cloud that states only hyperparameters.")
@click.option("--zone", metavar="ZONE", help="Grid zone, as DE. Default: that of the environment, else the world mean.")
@click.option("--max-kg", "--max_kg", type=NumberRange(0, 1e12, min_open=True), help="Stops at this many kg CO2e.")
@click.option("--ledger", metavar="LEDGER", help="Stops at what its carbon budget has left, and records the run.")
@click.option("--processes", type=click.IntRange(1, 1024), help="On this machine. Default: one a GPU, else one.")
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
    --NAME=VALUE is a hyperparameter, as --epochs=3. Several processes are started by torchrun. SIGTERM writes
    checkpoint and report; the same command resumes. Exit code: 0 finished, 1 failed, 2 wrong input, 75 carbon budget
    used up, 143 stopped, to be continued.
    """
    from greenai_infra.templates import shipped

    place = str(shipped("training").parent)
    if place not in sys.path:
        sys.path.insert(0, place)
    command = import_module("training.command")
    outcome: int = command.main(command.Options(root, script, example, zone, max_kg, ledger, processes, arguments))
    return outcome
