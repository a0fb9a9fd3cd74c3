"""What the user of `select` says beside the plan."""

from __future__ import annotations

from dataclasses import dataclass

from greenai_infra.planning.hysteresis import DEFAULT_THRESHOLD_PERCENT


@dataclass(frozen=True)
class Options:
    """Options of `select`. None, or an empty value, leaves the stack file's setting unchanged."""

    top: int = 3
    threshold_percent: float = DEFAULT_THRESHOLD_PERCENT
    force: bool = False
    launch: str | None = None
    image: str | None = None
    model_data: str | None = None
    notify: tuple[str, ...] = ()
    daily_budget_kg: float | None = None
    monthly_budget_kg: float | None = None
    alarms_stack: str | None = None
    gcp_project: str | None = None
    multi_region: bool = False
    """A single stack for all regions instead of a stack per region."""
