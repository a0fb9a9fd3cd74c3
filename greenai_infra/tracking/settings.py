"""The user's settings for the runs of a trainer, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from pathlib import Path

    from greenai_infra.contracts.plan import Placement
    from greenai_infra.intensity.choice.elapsed import Grid
    from greenai_infra.tracking.context import Context
    from greenai_infra.tracking.meter import Meter
    from greenai_infra.tracking.sinks.delivery import Sink


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings for each run of a trainer."""

    context: Context
    environment: Mapping[str, str]
    placement: Placement | None
    intensity: float | str | Grid | None
    run_id: str | None
    path: Path | None
    max_kg: float | None
    ledger: str | PathLike[str] | None
    kind: str
    prometheus_port: int | None
    mlflow: str | None
    sinks: tuple[Sink, ...]
    summary: bool
    measure_every_s: float
    meter: Callable[[], Meter]
    clock: Callable[[], float]
    wall_s: Callable[[], float]

    def id_of_run(self) -> str | None:
        """The stated id, else the plan's, which settles its reservation; each slice of a job is a separate run."""
        plan_id = self.context.planned.plan_id if self.context.planned else None
        slice_ = self.environment.get("GREENAI_SLICE", "")
        return self.run_id or (f"{plan_id}-slice-{slice_}" if plan_id and slice_ else plan_id)
