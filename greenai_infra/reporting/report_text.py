"""The report of a tracked run for a terminal: its summary, then its sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from greenai_infra.reporting.section import terminal_lines
from greenai_infra.reporting.sections import sections_of
from greenai_infra.terminal import plain
from greenai_infra.tracking.summary import folded, summary_lines

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport


def show_report(report: RunReport) -> None:
    """Print it; texts of the file lose their control characters."""
    first, *rest = summary_lines(report)
    run = f"  run {report.run_id or 'without id'}, {report.started_at or '?'} to {report.ended_at or '?'}"
    for line in (first, run, *rest):
        click.echo(folded(plain(line)))
    for section in sections_of("run", report):
        for line in terminal_lines(section):
            click.echo(plain(line))
