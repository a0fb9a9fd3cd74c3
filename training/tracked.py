"""The tracker of a run, by what the command and the cloud state."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from greenai_infra.monitoring.run_report import FILE_NAME
from greenai_infra.tracking.limit import BUDGET_REACHED
from greenai_infra.tracking.trainer import MEASURE_EVERY_S, GreenTrainer
from training.parts import end_part, keep_report, parts_before
from training.stopping import Stopped, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from training.command import Options, Run
    from training.contract import Folders

PLACE = ("GREENAI_INTENSITY_G_PER_KWH", "GREENAI_REGION", "GREENAI_INTENSITY_ZONE")
LIMITED_EVERY_S = 2.0
"""How often energy is read where a limit is held, so that a short run can't overshoot it by much."""


@contextmanager
def part_of(run: Run, folders: Folders, options: Options) -> Iterator[GreenTrainer]:
    """A tracker for this part of the run, not yet entered; afterwards its figures are kept with those of the others.

    `max_kg` holds for all parts together. Raises Stopped where those before have used it up.
    """
    before = parts_before(folders)
    left_kg = run.max_kg
    if run.max_kg is not None:
        left_kg = run.max_kg - sum(one.emissions_kg or 0.0 for one in before)
        if left_kg <= 0:
            say(f"the parts before have emitted the {run.max_kg:g} kg CO2e of --max-kg: nothing is done")
            raise Stopped(BUDGET_REACHED)
    limited = left_kg is not None or options.ledger is not None
    environment = os.environ
    placeless = not (run.zone or any(environment.get(name) for name in PLACE))
    if placeless:
        from training.placeless import WorldMean
    trainer = GreenTrainer(
        environment.get("GREENAI_WORKLOAD") or run.name,
        zone=run.zone,
        intensity=WorldMean() if placeless else None,  # type: ignore[arg-type]
        run_id=_run_id(environment, len(before)),
        report=folders.output / FILE_NAME,
        max_emissions_kg=left_kg,
        ledger=options.ledger,
        measure_every_s=LIMITED_EVERY_S if limited else MEASURE_EVERY_S,
    )
    keep_report(folders)
    try:
        yield trainer
    finally:
        end_part(folders, trainer.report, before)


def _run_id(environment: Mapping[str, str], before: int) -> str | None:
    """Each part is a run of its own for a ledger, which so adds the parts up."""
    planned = environment.get("GREENAI_RUN_ID") or environment.get("GREENAI_PLAN_ID")
    return f"{planned}-part-{before + 1}" if planned and before else None
