"""The tracker of a run, by what the command and the cloud state."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import FILE_NAME
from greenai_infra.numbers import significant
from greenai_infra.tracking.limit import BUDGET_REACHED
from greenai_infra.tracking.trainer import MEASURE_EVERY_S, GreenTrainer
from training.parts import end_part, keep_report, parts_before
from training.stopping import Stopped, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenai_infra.intensity.choice.elapsed import Grid
    from training.cluster import Cluster
    from training.command import Options, Run
    from training.contract import Folders

PLACE = ("GREENAI_INTENSITY_G_PER_KWH", "GREENAI_REGION", "GREENAI_INTENSITY_ZONE")
LIMITED_EVERY_S = 2.0
"""How often energy is read where a limit is held, so that a short run can't overshoot it by much."""


def tracker(run: Run, folders: Folders, options: Options, machines: Cluster, before: int = 0) -> GreenTrainer:
    """Measures this machine. The first machine adds all of them up and writes the report of the run.

    `before` is the number of parts before this one: each has a run id of its own, so that a ledger adds them up.
    """
    missing = [name for name in ("GREENAI_TEAM", "GREENAI_PROJECT") if not os.environ.get(name)]
    if options.ledger is not None and missing:
        raise InputError(f"--ledger needs to know whose budget it is: set {' and '.join(missing)}")
    limited = run.max_kg is not None or options.ledger is not None
    several = len(machines.hosts) > 1
    return GreenTrainer(
        os.environ.get("GREENAI_WORKLOAD") or run.name,
        zone=run.zone,
        intensity=None if run.zone or any(os.environ.get(name) for name in PLACE) else _world_mean(),
        run_id=_run_id(os.environ, before),
        report=folders.output / FILE_NAME,
        max_emissions_kg=run.max_kg,
        ledger=options.ledger,
        measure_every_s=LIMITED_EVERY_S if limited else MEASURE_EVERY_S,
        node=machines.rank if several else None,
        nodes=len(machines.hosts) if several else None,
    )


@contextmanager
def part_of(run: Run, folders: Folders, options: Options, machines: Cluster) -> Iterator[GreenTrainer]:
    """The first machine's tracker for this part of the run, not yet entered; its figures are kept with the others'.

    `max_kg` holds for all parts together. Raises Stopped where those before have used it up.
    """
    before = parts_before(folders)
    if run.max_kg is not None:
        left_kg = run.max_kg - sum(one.emissions_kg or 0.0 for one in before)
        if left_kg <= 0:
            say(f"the parts before have emitted the {significant(run.max_kg)} kg CO2e of --max-kg: nothing is done")
            raise Stopped(BUDGET_REACHED)
        run = replace(run, max_kg=left_kg)
    trainer = tracker(run, folders, options, machines, len(before))
    keep_report(folders)
    try:
        yield trainer
    finally:
        end_part(folders, trainer.report, before)


def _world_mean() -> Grid:
    from training.placeless import WorldMean

    return WorldMean()


def _run_id(environment: Mapping[str, str], before: int) -> str | None:
    planned = environment.get("GREENAI_RUN_ID") or environment.get("GREENAI_PLAN_ID")
    return f"{planned}-part-{before + 1}" if planned and before else None
