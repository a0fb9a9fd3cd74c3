"""The reports of tracked runs as one total, in the form that those of CodeCarbon have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.monitoring.emissions_runs import Measured
from greenai_infra.monitoring.run_report import read_report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def measured_by_reports(paths: Sequence[Path]) -> Measured:
    """The sum. Raises InputError for a report with unknown emissions: the sum would leave them out."""
    reports = []
    seen: set[str] = set()
    for path in paths:
        report = read_report(path)
        if report.emissions_kg is None or report.energy_kwh is None:
            raise InputError(f"{path}: the emissions of this run are unknown, so the sum is unknown too")
        if report.run_id and report.run_id in seen:
            raise InputError(f"{path}: run {report.run_id} is given twice")
        seen.add(report.run_id)
        reports.append(report)
    energy_kwh = sum((one.energy_kwh or 0.0) * one.pue for one in reports)
    return Measured(
        runs=len(reports),
        restarts=0,
        without_energy=0,
        hours=sum(one.duration_s for one in reports) / 3600,
        emissions_kg=sum(one.emissions_kg or 0.0 for one in reports),
        energy_kwh=energy_kwh,
        server_kwh=sum(one.energy_kwh or 0.0 for one in reports),
        places=tuple(dict.fromkeys(one.region for one in reports if one.region)),
        pues=tuple(dict.fromkeys(f"{one.pue:g}" for one in reports if one.pue != 1)),
        tracker=reports[-1].tracker,
    )
