"""Runs the carbon gate over one stack, without a Pulumi CLI or an account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.previews.gate import Gate, project_gate_or_defaults, read_settings
from greenai_infra.previews.gate_report import report_of
from greenai_infra.previews.run import preview

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.contracts.gate import GateReport


def check(
    project_dir: Path | str = ".",
    stack: str | None = None,
    *,
    settings: Path | str | None = None,
    now: datetime | None = None,
) -> GateReport:
    """Preview a stack offline and judge it: by the file `settings`, else the project's own gate, else the defaults.

    Raises InputError if the stack can't be judged: no project, an unknown stack, or invalid settings.
    """
    given = Gate(read_settings(Path(settings))) if settings else None
    result = preview(project_dir, stack, choose_gate=lambda it: given or project_gate_or_defaults(it), now=now)
    return report_of(result)
