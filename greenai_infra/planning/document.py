"""The plan document: one JSON object that holds the decision and every input with its provenance.

It is byte-identical for identical inputs, and holds all that is needed to explain it again. Times are RFC 3339 in
UTC, numbers keep full precision, units are in the keys.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import msgspec

from greenai_infra.catalog.offers import machine_count, machines_text
from greenai_infra.clock import format_time
from greenai_infra.contracts import plan as contract
from greenai_infra.contracts.plan_document import SCHEMA_VERSION, plan_digest
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.planning.decide import constraint_value
from greenai_infra.planning.doubts import placement_not_built
from greenai_infra.planning.inputs import (
    intensity_of,
    plan_inputs,
    standing_document,
    transfer_of,
    whole_second,
)
from greenai_infra.planning.notes import plan_notes
from greenai_infra.planning.preference import usd_per_tonne
from greenai_infra.planning.savings import savings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.intensity.model.values import Series
    from greenai_infra.planning.hardware import Comparison
    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.planner import Plan

LINE = 100  # characters of an object or list that is written on one line


def plan_document(plan: Plan, hardware: Sequence[Comparison] | None = None) -> dict[str, Any]:
    """The document of a plan; `plan_id` is a digest of the rest of the document.

    `ranked` is present if the time of `placement` comes from a different source than the ranking of places: it is the
    same choice by the intensity that all other placements use.
    """
    decision = plan.decision
    body: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "as_of": format_time(plan.window.now),
        "workload": _without_empty(msgspec.to_builtins(plan.workload)),
        "window": {
            "earliest": format_time(plan.window.earliest),
            "deadline": format_time(plan.window.deadline) if plan.window.deadline else None,
        },
        "placement": _placement(plan.placement, plan, plan.chosen_series),
        "alternatives": [_placement(placement, plan) for placement in decision.alternatives],
        "pareto": [_placement(placement, plan) for placement in decision.pareto],
        "pareto_usd_per_tonne": [
            usd_per_tonne(placement, following) for placement, following in pairwise(decision.pareto)
        ],
        "baseline": _baseline(plan),
        "savings": savings_of(plan),
        "constraints": [
            {
                "constraint": one.constraint,
                "value": constraint_value(plan.workload, one.constraint),
                "costs_kg": one.saving_kg,
                "without_it": _placement(one.placement, plan),
            }
            for one in decision.lifted
        ],
        "notes": plan_notes(plan),
        "inputs": plan_inputs(plan, hardware or ()),
    }
    if plan.hours:
        body["ranked"] = _placement(decision.placement, plan)
    if plan.workload.hardware.purchase == "spot":
        from greenai_infra.planning.spot import spot_loss

        if loss := spot_loss(plan.workload, plan.placement):
            body["interruptions"] = loss.as_document()
    if plan.weighing:
        body["carbon_priority"] = {
            "priority": plan.weighing.priority,
            "least_kg": plan.weighing.least_kg,
            "least_usd": plan.weighing.least_usd,
            "score": plan.weighing.score(decision.placement),
            "usd_per_tonne": plan.weighing.usd_per_tonne,
        }
    if hardware is not None:
        body["hardware"] = [_comparison(row, plan) for row in hardware]
    return {"schema_version": SCHEMA_VERSION, "plan_id": plan_digest(body), **body}


def _without_empty(values: Any) -> Any:
    """Nested values without empty keys."""
    if isinstance(values, dict):
        return {key: _without_empty(value) for key, value in values.items() if value is not None}
    return values


def document_text(document: dict[str, Any]) -> str:
    """The document as written to a file: short values and lists of numbers on one line."""
    return _lines(document, "") + "\n"


def _lines(value: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        parts = [f"{_in_one(key)}: {_lines(part, inner)}" for key, part in value.items()]
        opening, closing = "{", "}"
    elif isinstance(value, list) and any(isinstance(part, (dict, list, str)) for part in value):
        parts = [_lines(part, inner) for part in value]
        opening, closing = "[", "]"
    else:
        return _in_one(value)
    short = f"{opening}{', '.join(parts)}{closing}"
    if len(short) <= LINE and "\n" not in short and not any(part.endswith("}") for part in parts):
        return short
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def _in_one(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _placement(placement: Placement, plan: Plan, series: Series | None = None) -> dict[str, Any]:
    written: dict[str, Any] = msgspec.to_builtins(_written(placement, plan, series))
    return written


def _written(placement: Placement, plan: Plan, series: Series | None) -> contract.Placement:
    """A placement, with the zone's series that the ranking used, or with the given series."""
    candidate, run = placement.candidate, placement.candidate.run
    region, offer, available = candidate.region, candidate.offer, candidate.availability
    low, high = _emissions_band(placement)
    slices = [contract.Run(start=whole_second(start), end=whole_second(end)) for start, end in placement.slices]
    return contract.Placement(
        provider=cast("contract.Provider", region.provider),
        region=region.name,
        place=region.place,
        zone=region.zone,
        instance_type=offer.instance_type,
        instances=run.instances,
        machines=machines_text(offer, run.instances),
        machine_count=machine_count(offer, run.instances),
        accelerator=offer.accelerator,
        accelerators=run.accelerators,
        purchase=plan.workload.hardware.purchase,
        start=slices[0].start,
        end=slices[-1].end,
        slices=slices,
        run_hours=placement.hours,
        answer_ms=msgspec.UNSET if run.answer_ms is None else run.answer_ms,
        energy_kwh=placement.energy_kwh,
        energy_kwh_low=placement.energy_kwh * run.energy_kwh.low / run.energy_kwh.value,
        energy_kwh_high=placement.energy_kwh * run.energy_kwh.high / run.energy_kwh.value,
        pue=region.pue,
        pue_year=region.pue_year,
        pue_is_fleet_mean=region.pue_is_fleet_mean,
        emissions_kg=placement.emissions_kg,
        emissions_kg_low=low,
        emissions_kg_high=high,
        operational_kg=placement.operational_kg,
        transfer_kg=placement.transfer_kg,
        transfer=transfer_of(placement, plan) if placement.transfer_ends else msgspec.UNSET,
        embodied_kg=placement.embodied_kg,
        embodied_is_estimate=run.embodied_is_estimate,
        cost_usd=placement.cost_usd,
        transfer_usd=candidate.transfer_usd,
        **standing_document(placement),
        usd_per_hour=candidate.usd_per_hour,
        priced_on=offer.priced_on.isoformat(),
        emissions_if_started_at_once_kg=placement.emissions_now_kg,
        intensity=intensity_of(placement.intensity_g_per_kwh, (series or plan.series[region.zone]).provenance),
        not_built=str(found) if (found := placement_not_built(plan.workload, placement)) else None,
        offered=available.offered.value,
        zones=list(available.zones),
        zone_count=available.zone_count,
        availability=available.says or None,
        service_list_read=available.service_list_read,
        opt_in=region.opt_in,
        estimates=list(run.notes),
    )


def _emissions_band(placement: Placement) -> tuple[float, float]:
    """Emissions at the low and high ends of energy, network and embodied figures; the intensity has no band."""
    run, network = placement.candidate.run, Estimate.of("network_kwh_per_gb")
    ends = []
    for end in ("low", "high"):
        work = getattr(run.hours, end) / run.hours.value
        power = getattr(run.power_kw, end) / run.power_kw.value
        moved = getattr(network, end) / network.value
        made = getattr(run.embodied_kg_per_hour, end) * placement.hours
        ends.append((placement.operational_kg * power + made) * work + placement.transfer_kg * moved)
    return ends[0], ends[1]


def _baseline(plan: Plan) -> dict[str, Any]:
    if plan.decision.baseline is None:
        return {"unavailable": plan.decision.baseline_why, "region": plan.workload.baseline.region}
    what = f"cheapest accepted hardware in {plan.decision.baseline.candidate.region.key}, started at once"
    return {"what": what, "why": plan.decision.baseline_why, **_placement(plan.decision.baseline, plan)}


def _comparison(row: Comparison, plan: Plan) -> dict[str, Any]:
    return {
        "accelerator": row.accelerator,
        "asked_for": row.asked_for,
        "fits": row.placement is not None,
        "reason": row.reason,
        "offered_in_regions": row.offered_in,
        "on_pareto_front": row.on_pareto_front,
        "placement": _placement(row.placement, plan) if row.placement else None,
    }
