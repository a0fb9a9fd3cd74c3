"""What the plan of a tracked run foresaw, and why the run differs from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import significant
from greenai_infra.reporting.section import Name, Section, SectionSpec, Table

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport


def describe(report: RunReport) -> Section | None:
    """The planned sums, and the parts of measured less planned, which add up to the difference."""
    planned = report.planned
    if planned is None and not report.differences:
        return None
    figures: list[tuple[str, str]] = []
    if planned is not None:
        kg = "not known" if planned.emissions_kg is None else f"{significant(planned.emissions_kg)} kg CO2e"
        kwh = "not known" if planned.energy_kwh is None else f"{significant(planned.energy_kwh)} kWh"
        whole = "" if planned.operational else ", with data transfer and embodied share"
        figures = [("emissions", kg + whole), ("energy", kwh), ("plan", Name(planned.plan_id or "without id"))]
    rows = tuple((one.reason, _signed(one.kg), one.planned, one.measured) for one in report.differences)
    headers = ("differs by", "kg CO2e", "planned", "measured")
    table = Table(headers=headers, rows=rows, right=frozenset({1})) if rows else None
    return Section(title="Planned", figures=tuple(figures), table=table)


def _signed(kg: float) -> str:
    sign = "+" if kg > 0 else "-" if kg < 0 else ""
    return f"{sign}{significant(abs(kg))}"


SPEC = SectionSpec(report="run", order=20, describe=describe)
