"""The report of a run from its account, grid and context; and its two files."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import GreenAIError
from greenai_infra.files import write_all
from greenai_infra.monitoring.run_report import (
    SCHEMA_VERSION,
    GridIntensity,
    Hardware,
    RunReport,
    as_csv,
    as_json,
)
from greenai_infra.numbers import significant
from greenai_infra.tracking.bands import energy_band
from greenai_infra.tracking.differences import differences_of
from greenai_infra.tracking.summary import folded, summary_lines
from greenai_infra.typed_yaml.values import read_values

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenai_infra.intensity.choice.elapsed import Grid
    from greenai_infra.monitoring.run_report import SinkCount, Status
    from greenai_infra.tracking.account import Account
    from greenai_infra.tracking.context import Context
    from greenai_infra.tracking.limit import Limit
    from greenai_infra.tracking.meter import Told


def assemble(
    account: Account,
    *,
    context: Context,
    grid: Grid,
    limit: Limit,
    told: Told,
    run_id: str,
    status: Status,
    end_s: float,
    sinks: Sequence[SinkCount],
    notes: Sequence[str],
) -> RunReport:
    """The report of what this machine has used up to `end_s` of the run's clock."""
    with account.lock:
        energy_kwh = (account.integral.kwh or None) if account.known else None
        g = account.integral.g if energy_kwh else None
        parts = account.components(told) if energy_kwh else {}
        unknown = account.silent_parts(told) if energy_kwh else []
        open_kwh, measured_s = account.integral.open_kwh, account.measured_s
    duration_s = max(0.0, end_s - account.start_s)
    g_per_kwh = g / energy_kwh if energy_kwh and g is not None else None
    said = [*notes, *told.notes, *grid.notes()]
    if energy_kwh is None:
        said.append("no energy was measured, so energy and emissions are unknown")
    elif open_kwh > 0 and grid.told()["how"] != "unknown":
        said.append(f"the intensity is unknown for {significant(open_kwh)} of {significant(energy_kwh)} kWh")
    if energy_kwh and status != "running" and account.integral.provisional_kwh > 0:
        said.append(
            f"{significant(account.integral.provisional_kwh)} of {significant(energy_kwh)} kWh count at the newest "
            "intensity: the intensity of their time was not yet published when the run ended"
        )
    if limit.stated and g_per_kwh is None:
        said.append("the budget can't be enforced while the emissions are unknown")
    if account.silent_kwh:
        said.append(
            f"the last {significant(account.silent_s)} s, after the meter fell silent, are taken at the mean power of "
            "the run"
        )
    if account.start_kwh:
        said.append(
            f"the first {significant(account.gap_s)} s, while the meter was starting, are taken at the "
            "mean power of its first reading"
        )
    low, high = energy_band(parts) if energy_kwh is not None else (None, None)
    kg_of_kwh = None if g_per_kwh is None else g_per_kwh * context.pue / 1000
    report = RunReport(
        schema_version=SCHEMA_VERSION,
        status=status,
        run_id=run_id,
        name=context.name,
        plan_id=context.planned.plan_id if context.planned else None,
        started_at=format_time(from_unix(account.start_wall_s)),
        ended_at=format_time(from_unix(account.unix(end_s))),
        duration_s=duration_s,
        measured_s=min(measured_s, duration_s),
        region=context.region,
        energy_kwh=energy_kwh,
        energy_kwh_low=low,
        energy_kwh_high=high,
        pue=context.pue,
        pue_source=context.pue_source,
        intensity_g_per_kwh=g_per_kwh,
        intensity=read_values(grid.told(), GridIntensity),
        emissions_kg=None if g is None else g * context.pue / 1000,
        emissions_kg_low=None if low is None or kg_of_kwh is None else low * kg_of_kwh,
        emissions_kg_high=None if high is None or kg_of_kwh is None else high * kg_of_kwh,
        components=parts,
        hardware=read_values(told.hardware, Hardware),
        planned=context.planned,
        budget=limit.told(),
        sinks=list(sinks),
        notes=said,
        tracker=", ".join(filter(None, [_own_name(), told.name])),
    )
    if unknown:
        names = ("energy_kwh", "energy_kwh_high", "emissions_kg", "emissions_kg_high", "intensity_g_per_kwh")
        note = f"the energy of {', '.join(unknown)} is unknown, so that of the run is unknown too"
        return replace(report, **dict.fromkeys(names), notes=[*said, note])
    return replace(report, differences=differences_of(report))


def write_report(path: Path, report: RunReport) -> str:
    """Writes JSON and CSV, whole or not at all; returns the reason for a failure, or ""."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_all({path: as_json(report), path.with_suffix(".csv"): as_csv(report)})
    except (GreenAIError, OSError) as error:
        return f"the report can't be written: {error}"
    return ""


def print_report(report: RunReport, path: Path | None) -> None:
    """Prints the summary and the report's path."""

    for line in summary_lines(report):
        print(folded(line))
    if path is not None:
        print(f"  report: {path}")
    sys.stdout.flush()


@cache
def _own_name() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"greenai-infra {version('greenai-infra')}"
    except PackageNotFoundError:
        return "greenai-infra, not installed"
