"""What a plan saves against its baseline, and how much of it by hardware, place and waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.clock import from_unix, hours_between
from greenai_infra.planning.placements import place_now
from greenai_infra.planning.preference import usd_per_tonne

if TYPE_CHECKING:
    from greenai_infra.planning.planner import Plan


def savings_of(plan: Plan) -> dict[str, Any]:
    """The section `savings` of a plan document; kg and USD are positive where the plan emits or costs less.

    Savings are differences of the figures that a reader sees. Where the hours come from a different source than the
    ranking, the part by place includes the difference between the two sources for a start at once.
    """
    chosen, baseline = plan.placement, plan.decision.baseline
    by_waiting_kg = chosen.emissions_now_kg - chosen.emissions_kg
    waited = hours_between(plan.window.earliest, from_unix(chosen.slices[0][0]))
    savings: dict[str, Any] = {
        "by_waiting_kg": by_waiting_kg,
        "waits_hours": waited,
    }
    if baseline is None:
        unknown = ("emissions_kg", "percent", "cost_usd", "cost_percent", "usd_per_tonne_avoided")
        return {**dict.fromkeys(unknown), **savings}
    kept = baseline.emissions_kg - chosen.emissions_kg
    same_hardware = _same_hardware_at_baseline(plan)
    return {
        "emissions_kg": kept,
        "percent": 100 * kept / baseline.emissions_kg,
        "cost_usd": baseline.cost_usd - chosen.cost_usd,
        "cost_percent": 100 * (1 - chosen.cost_usd / baseline.cost_usd) if baseline.cost_usd else None,
        "usd_per_tonne_avoided": usd_per_tonne(chosen, baseline),
        "by_hardware_kg": None if same_hardware is None else baseline.emissions_kg - same_hardware,
        "by_place_kg": None if same_hardware is None else same_hardware - chosen.emissions_now_kg,
        **savings,
    }


def _same_hardware_at_baseline(plan: Plan) -> float | None:
    """Emissions of the chosen hardware at the baseline's grid, PUE and start; data transfer as in the baseline."""
    chosen, baseline = plan.decision.placement.candidate, plan.decision.baseline
    assert baseline is not None
    if chosen.offer.provider != baseline.candidate.offer.provider:
        return None
    there = [
        c
        for c in plan.field.candidates
        if c.region == baseline.candidate.region
        and (c.offer.instance_type, c.run.accelerators) == (chosen.offer.instance_type, chosen.run.accelerators)
    ]
    if not there:
        return None
    found = place_now(there[0], plan.series[there[0].region.zone], plan.timing)
    return found.emissions_kg if found else None
