"""A report in a few lines, shown at the end of a run and at the top of `greenai-infra report`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from greenai_infra.numbers import duration, percent, significant

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport

WIDTH = 80


def summary_lines(report: RunReport) -> list[str]:
    """The run's emissions, their parts, and which parts were measured."""
    hours = duration(report.duration_s / 3600)
    if report.emissions_kg is None:
        first = f"{report.name}: emissions unknown, {hours}, {report.status}"
    else:
        first = f"{report.name}: {amount(report.emissions_kg, 'kg CO2e')}, {hours}, {report.status}"
    lines = [first]
    if report.energy_kwh is not None:
        grid = (
            "intensity unknown"
            if report.intensity_g_per_kwh is None
            else (f"{significant(report.intensity_g_per_kwh)} g/kWh")
        )
        lines.append(f"  {amount(report.energy_kwh, 'kWh')} x PUE {report.pue:g} x {grid}")
        for name, one in report.components.items():
            share = percent(100 * one.energy_kwh / report.energy_kwh) if report.energy_kwh else ""
            lines.append(f"  {name}: {amount(one.energy_kwh, 'kWh')} ({share}), {one.how}: {one.by}")
    elif report.energy_kwh_low:
        lines.append(f"  at least {amount(report.energy_kwh_low, 'kWh')} x PUE {report.pue:g} of the known part")
    for node in report.nodes:
        known = "energy unknown" if node.energy_kwh is None else amount(node.energy_kwh, "kWh")
        shared = f", and {amount(node.shared_kwh, 'kWh')} counted by another node" if node.shared_kwh else ""
        lines.append(f"  node {node.node}: {known}{shared}, {node.status or 'no report'}")
    lines += [f"  note: {one}" for one in report.notes]
    lines += [
        f"  {one.name}: {one.failed} of {one.failed + one.sent} failed: {one.error}"
        for one in report.sinks
        if one.failed
    ]
    return lines


def folded(line: str) -> str:
    """A line of at most 80 columns; the rest goes on the lines below."""
    indent = len(line) - len(line.lstrip())
    return textwrap.fill(line, WIDTH, subsequent_indent=" " * (indent + 4), break_on_hyphens=False)


def amount(value: float, unit: str) -> str:
    """A small amount in thousandths of its unit: 3.2 g CO2e, 12 Wh."""
    if 0 < value < 0.1:
        return f"{significant(1000 * value)} {unit.removeprefix('k')}"
    return f"{significant(value)} {unit}"
