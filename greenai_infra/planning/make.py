"""A plan in one call: reads the workload, opens the source of intensity, decides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from greenai_infra.catalog.offers import offers
from greenai_infra.clock import now, parse_time
from greenai_infra.intensity.choice.choose import open_source
from greenai_infra.intensity.choice.liveness import refuse_unless_live
from greenai_infra.planning.document import document_text, plan_document
from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.workload_file import read_workload, window_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive
    from greenai_infra.planning.planner import Plan
    from greenai_infra.planning.workload import Window, Workload


class MadePlan(Struct, frozen=True):
    """A plan and its document, which is what `greenai-infra plan --json` prints. Figures are those of the choice."""

    made: Plan
    document: dict[str, Any]

    @property
    def region(self) -> str:
        """The region of the run, such as `aws:eu-north-1`."""
        return self.made.placement.candidate.region.key

    @property
    def accelerator(self) -> str:
        """The chip of the run."""
        return self.made.placement.candidate.offer.accelerator

    @property
    def accelerators(self) -> int:
        """The number of chips."""
        return self.made.placement.candidate.run.accelerators

    @property
    def energy_kwh(self) -> float:
        """IT energy at the servers' wall, before PUE."""
        return self.made.placement.energy_kwh

    @property
    def emissions_kg(self) -> float:
        """kg CO2e of operation, data transfer and the embodied share."""
        return self.made.placement.emissions_kg

    @property
    def cost_usd(self) -> float:
        """Cost at list prices, with data transfer."""
        return self.made.placement.cost_usd

    def text(self) -> str:
        """The document as JSON text, which `select` reads from a file."""
        return document_text(self.document)


def plan(
    workload: Workload | Path | str,
    *,
    source: str | None = None,
    at: datetime | str | None = None,
    window: Window | None = None,
    basis: Literal["lifecycle", "direct"] | None = None,
    file_kind: Literal["history", "forecast"] | None = None,
    allow_mixed: bool = False,
    require_live: bool = False,
    hardware: bool = False,
    carbon_priority: float | None = None,
    suspect_prices: bool = False,
    open_archive: Callable[[], ForecastArchive] | None = None,
) -> MadePlan:
    """The plan of a workload, or of its YAML file: where, when and on what hardware it emits least.

    `source` is a value of `--source` (None: the best available), `at` the planning time; `window`, where the caller
    knows it already, replaces both `at` and the workload's times. `hardware` adds the comparison of all accelerators.
    `carbon_priority` (0 to 1) weighs kg against USD, each relative to the best feasible figure.
    Raises InputError for unusable input, NoPlacement if no placement is left, Refused for different signals.
    """
    of = read_workload(Path(workload)) if isinstance(workload, Path | str) else workload
    if window is None:
        window = window_of(of, now() if at is None else parse_time(at) if isinstance(at, str) else at)
    opened = open_source(
        source,
        as_of=window.now,
        signal=of.signal,
        basis=basis,
        file_kind=file_kind,
        use_cache=not require_live,
    )
    known = offers(include_suspect=suspect_prices)
    made = make_plan(
        of,
        window,
        known,
        opened,
        allow_mixed=allow_mixed,
        open_archive=open_archive,
        carbon_priority=carbon_priority,
        compare_hardware=hardware,
    )
    if require_live:
        provenances = {zone: series.provenance for zone, series in made.series.items()}
        refuse_unless_live(made.answered_by, provenances, made.source_notes)
    compared = None
    if hardware:
        from greenai_infra.planning.hardware import compare_hardware

        compared = compare_hardware(made.workload, made.field, made.decision, known)
    return MadePlan(made, plan_document(made, compared))
