"""The carbon limit that a tracked run was held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import significant
from greenai_infra.reporting.section import Section, SectionSpec

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport


def describe(report: RunReport) -> Section | None:
    """The limit, from where, and whether it was reached."""
    limit = report.budget
    if limit is None:
        return None
    reached = "reached" if limit.reached else "not reached"
    return Section(title="Limit", figures=((reached, f"{significant(limit.limit_kg)} kg CO2e ({limit.source})"),))


SPEC = SectionSpec(report="run", order=30, describe=describe)
