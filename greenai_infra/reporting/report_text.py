"""The report of a tracked run for a terminal: figures, their band and origin, and what differs from the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenai_infra.numbers import significant
from greenai_infra.terminal import plain
from greenai_infra.tracking.summary import folded, summary_lines

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport


def show_report(report: RunReport) -> None:
    """Print it; texts of the file lose their control characters."""
    for line in report_lines(report):
        click.echo(folded(plain(line)))


def report_lines(report: RunReport) -> list[str]:
    """What is printed."""
    first, *rest = summary_lines(report)
    lines = [first, f"  run {report.run_id or 'without id'}, {report.started_at or '?'} to {report.ended_at or '?'}"]
    if report.emissions_kg_low is not None and report.emissions_kg_high is not None and report.emissions_kg:
        low, high = (1000 * kg for kg in (report.emissions_kg_low, report.emissions_kg_high))
        lines.append(f"  band of the energy's error: {significant(low)} to {significant(high)} g CO2e")
    lines.append(f"  place: {report.region or 'no region stated'}; PUE: {report.pue_source or 'as stated'}")
    if report.intensity is not None:
        by = report.intensity
        said = [by.source, by.signal, by.basis, by.kind, by.detail]
        lines.append(f"  intensity ({by.how}): " + ", ".join(filter(None, said)))
    machine = report.hardware
    if machine.cpu or machine.gpu:
        gpus = f", {machine.gpu_count} x {machine.gpu}" if machine.gpu else ""
        lines.append(f"  hardware: {machine.cpu}{gpus}")
    lines += rest
    planned = report.planned
    if planned is not None:
        kg = "?" if planned.emissions_kg is None else significant(planned.emissions_kg)
        whole = "" if planned.operational else " (with data transfer and embodied share)"
        kwh = "?" if planned.energy_kwh is None else significant(planned.energy_kwh)
        lines.append(f"  planned: {kg} kg CO2e{whole}, {kwh} kWh; plan {planned.plan_id or 'without id'}")
    for one in report.differences:
        sign = "+" if one.kg > 0 else "-" if one.kg < 0 else ""
        lines.append(f"    {one.reason}: {sign}{significant(abs(one.kg))} kg ({one.planned}, was {one.measured})")
    if report.budget is not None:
        reached = "reached" if report.budget.reached else "not reached"
        lines.append(f"  limit: {significant(report.budget.limit_kg)} kg CO2e ({report.budget.source}), {reached}")
    return lines
