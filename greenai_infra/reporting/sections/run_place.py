"""Where a tracked run was, on what, and what its intensity and band rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import significant
from greenai_infra.reporting.section import Name, Section, SectionSpec

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport


def describe(report: RunReport) -> Section:
    """The place, and what is known beside it."""
    figures: list[tuple[str, str]] = [
        ("region", Name(report.region) if report.region else "not stated"),
        ("PUE", f"{report.pue:g}, {report.pue_source or 'as stated'}"),
    ]
    if report.intensity is not None:
        by = report.intensity
        said = ", ".join(filter(None, [by.source, by.signal, by.basis, by.kind, by.detail]))
        figures.append(("intensity", f"{by.how}: {said}"))
    if report.emissions_kg_low is not None and report.emissions_kg_high is not None and report.emissions_kg:
        low, high = (1000 * kg for kg in (report.emissions_kg_low, report.emissions_kg_high))
        figures.append(("band", f"{significant(low)} to {significant(high)} g CO2e, by the error of the energy"))
    machine = report.hardware
    if machine.cpu or machine.gpu:
        gpus = f"{machine.gpu_count} x {machine.gpu}" if machine.gpu else ""
        figures.append(("hardware", ", ".join(filter(None, [machine.cpu, gpus]))))
    return Section(title="Place and machine", figures=tuple(figures), detail=True)


SPEC = SectionSpec(report="run", order=10, describe=describe)
