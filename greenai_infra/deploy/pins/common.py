"""Keys that the sections of all programs have in common, as a plan fills them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.errors import Refused

if TYPE_CHECKING:
    from greenai_infra.deploy.plan_file import Placement, PlanFile


GCP_PROJECT = {"gcp_project": "acme-ml"}
"""Key with an example: which project it is, no plan knows."""


def owner_values(plan: PlanFile) -> dict[str, Any]:
    """Whose stack it is."""
    return {"workload": plan.workload.name, "project": plan.workload.project, "team": plan.workload.team}


def carbon_values(placement: Placement) -> dict[str, Any]:
    """The intensity that the placement was chosen with, and where it comes from."""
    intensity = placement.intensity
    flags = f" [{', '.join(intensity.flags)}]" if intensity.flags else ""
    return {
        "zone": placement.zone,
        "intensity_g_per_kwh": significant(intensity.g_per_kwh),
        "signal": intensity.signal,
        "basis": intensity.basis,
        "source": intensity.source + flags,
        "kind": intensity.kind,
        "observed_at": format_time(intensity.observed_at),
    }


def planned_values(plan: PlanFile, placement: Placement, rank: int) -> dict[str, Any]:
    """What the plan expects of the placement."""
    return {
        "plan_id": plan.plan_id,
        "planned_at": format_time(plan.as_of),
        "rank": rank,
        "energy_kwh": significant(placement.energy_kwh),
        "emissions_kg": significant(placement.emissions_kg),
        "cost_usd": significant(placement.cost_usd or 0.0),
    }


def require_cost(placement: Placement) -> None:
    """Raises Refused for a placement without a cost."""
    if placement.cost_usd is None:
        raise Refused(f"{placement.key} has no cost in the plan; plan with an offer that has a price")


def significant(value: float) -> float:
    """Six significant digits: more is noise in a tag or a file."""
    return float(f"{value:.6g}")
