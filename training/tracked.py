"""The tracker of a run, by what the command and the cloud state; the report of an earlier part is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from greenai_infra.monitoring.run_report import FILE_NAME
from greenai_infra.tracking.context import PIN
from greenai_infra.tracking.trainer import GreenTrainer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from training.command import Options, Run
    from training.contract import Folders

PLACE = (PIN, "GREENAI_REGION", "GREENAI_INTENSITY_ZONE")


def tracker(run: Run, folders: Folders, options: Options, part: str = "") -> GreenTrainer:
    """Measures this machine and writes its report into the run's folder. `part` tells a resumed run from the first."""
    environment = os.environ
    placeless = not (run.zone or any(environment.get(name) for name in PLACE))
    if placeless:
        from training.placeless import WorldMean
    return GreenTrainer(
        environment.get("GREENAI_WORKLOAD") or run.name,
        zone=run.zone,
        intensity=WorldMean() if placeless else None,  # type: ignore[arg-type]
        run_id=_run_id(environment, part),
        report=folders.output / FILE_NAME,
        max_emissions_kg=run.max_kg,
        ledger=options.ledger,
    )


def _run_id(environment: Mapping[str, str], part: str) -> str | None:
    """Each part is a run of its own, so that a ledger adds the parts up."""
    planned = environment.get("GREENAI_RUN_ID") or environment.get("GREENAI_PLAN_ID")
    return f"{planned}-{part}" if planned and part else None


def keep_earlier_report(folders: Folders) -> Path | None:
    """Give the report of an earlier part of this run a name of its own; None if there is none."""
    report = folders.output / FILE_NAME
    if not report.is_file():
        return None
    number = 1
    while (kept := report.with_name(f"{report.stem}.part-{number}.json")).exists():
        number += 1
    for suffix in (".csv", ".json"):
        if report.with_suffix(suffix).is_file():
            report.with_suffix(suffix).replace(kept.with_suffix(suffix))
    return kept
