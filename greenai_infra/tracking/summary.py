"""A report in a few lines, as a run ends with it and `greenai-infra report` begins."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from greenai_infra.numbers import duration, percent, significant

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport

WIDTH = 80


def summary_lines(report: RunReport) -> list[str]:
    """What the run emitted, of what, and what of it was measured."""
    hours = duration(report.duration_s / 3600)
    if report.emissions_kg is None:
        first = f"{report.name}: emissions not known, {hours}, {report.status}"
    else:
        first = f"{report.name}: {amount(report.emissions_kg, 'kg CO2e')}, {hours}, {report.status}"
    lines = [first]
    if report.energy_kwh is not None:
        grid = (
            "intensity not known"
            if report.intensity_g_per_kwh is None
            else (f"{significant(report.intensity_g_per_kwh)} g/kWh")
        )
        lines.append(f"  {amount(report.energy_kwh, 'kWh')} x PUE {report.pue:g} x {grid}")
        for name, one in report.components.items():
            share = percent(100 * one.energy_kwh / report.energy_kwh) if report.energy_kwh else ""
            lines.append(f"  {name}: {amount(one.energy_kwh, 'kWh')} ({share}), {one.how}: {one.by}")
    elif report.energy_kwh_low:
        lines.append(f"  at least {amount(report.energy_kwh_low, 'kWh')} x PUE {report.pue:g}, of what is known")
    for node in report.nodes:
        known = "energy not known" if node.energy_kwh is None else amount(node.energy_kwh, "kWh")
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
    """A line of at most 80 columns, and what is over below it."""
    indent = len(line) - len(line.lstrip())
    return textwrap.fill(line, WIDTH, subsequent_indent=" " * (indent + 4), break_on_hyphens=False)


def amount(value: float, unit: str) -> str:
    """A small amount in the thousandth part of its unit: 3.2 g CO2e, 12 Wh."""
    if 0 < value < 0.1:
        return f"{significant(1000 * value)} {unit.removeprefix('k')}"
    return f"{significant(value)} {unit}"
