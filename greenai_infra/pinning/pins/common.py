"""Keys that the sections of all programs have in common, as a plan fills them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import format_time
from greenai_infra.errors import InputError, Refused

if TYPE_CHECKING:
    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.pinning.pins.options import Options


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
    """Returns what the plan expects of the placement. Raises Refused if the placement has no cost."""
    if placement.cost_usd is None:
        raise Refused(f"{placement.key} has no cost in the plan; plan with an offer that has a price")
    return {
        "plan_id": plan.plan_id,
        "planned_at": format_time(plan.as_of),
        "rank": rank,
        "energy_kwh": significant(placement.energy_kwh),
        "emissions_kg": significant(placement.emissions_kg),
        "cost_usd": significant(placement.cost_usd),
    }


def load_of(plan: PlanFile) -> tuple[float, float]:
    """Requests per second, and the hours of serving. Raises InputError for a plan without them."""
    work = plan.workload.work
    if work.requests_per_second is None or work.serve_hours is None:
        raise InputError(
            "the plan lacks workload.work.requests_per_second or serve_hours, which an inference workload has; "
            "make it again with: greenai-infra plan WORKLOAD --out PLAN"
        )
    return work.requests_per_second, work.serve_hours


def planned_serving_values(plan: PlanFile, placement: Placement, rank: int) -> dict[str, Any]:
    """Returns what the plan expects of the placement, and of a request there."""
    requests_per_second, serve_hours = load_of(plan)
    requests = requests_per_second * 3600 * serve_hours
    return {
        **planned_values(plan, placement, rank),
        "emissions_g_per_request": significant(placement.emissions_kg * 1000 / requests),
        "energy_j_per_request": significant(placement.energy_kwh * 3.6e6 / requests),
    }


def refuse_schedule(placement: Placement, options: Options) -> None:
    """Raises Refused for an endpoint that is to start by a schedule."""
    if options.launch == "scheduled":
        raise Refused(f"{placement.key}: an endpoint starts with `up`; --launch scheduled is for training")


def significant(value: float) -> float:
    """Six significant digits: more is noise in a tag or a file."""
    return float(f"{value:.6g}")
