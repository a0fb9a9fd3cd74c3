"""The inputs of a plan as the plan document holds them: each row with its source and date."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UNSET

from greenai_infra.catalog.egress import egress_price
from greenai_infra.catalog.hosts import host_embodied
from greenai_infra.clock import format_time, from_unix
from greenai_infra.contracts import plan as contract
from greenai_infra.footprint.constants import constants
from greenai_infra.footprint.training_figures import MFU_DENSE, MFU_MIXTURE, NODE_POWER, training_figure

STEPS_IN_FULL = 10_000  # of all zones together, each with its time
STEPS_IN_SHORT = 40_000  # beyond it

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.regions import Region
    from greenai_infra.intensity.model.values import Provenance, Series
    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.hardware import Comparison
    from greenai_infra.planning.hours import Hours
    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.planner import Plan
    from greenai_infra.planning.waiting import WaitRule


def provenance_document(provenance: Provenance) -> dict[str, Any]:
    """Provenance in the form of documents."""
    return {
        "signal": provenance.signal.value,
        "basis": provenance.basis.value,
        "source": provenance.source,
        "kind": provenance.kind.value,
        "observed_at": format_time(provenance.observed_at),
        "flags": sorted(flag.value for flag in provenance.flags),
        "detail": provenance.detail,
        **({"left_out": provenance.left_out} if provenance.left_out else {}),
    }


def intensity_of(g_per_kwh: float, provenance: Provenance) -> contract.Intensity:
    """An intensity with its provenance, as a placement has it."""
    return contract.Intensity(
        g_per_kwh=g_per_kwh,
        signal=provenance.signal.value,
        basis=provenance.basis.value,
        source=provenance.source,
        kind=provenance.kind.value,
        observed_at=whole_second(provenance.observed_at.timestamp()),
        flags=sorted(flag.value for flag in provenance.flags),
        detail=provenance.detail,
        left_out=provenance.left_out or UNSET,
    )


def whole_second(moment_s: float) -> datetime:
    """Unix seconds as documents write times: UTC, whole seconds."""
    return from_unix(moment_s).replace(microsecond=0)


def standing_document(placement: Placement) -> dict[str, Any]:
    """The standing cost of the stack, a part of `cost_usd`; null where unknown and therefore not in `cost_usd`."""
    standing = placement.candidate.standing
    if standing is None:
        return {"standing_usd": None, "standing_usd_low": None, "standing_usd_high": None, "standing_is_estimate": None}
    usd = standing.usd_per_hour * placement.hours
    return {
        "standing_usd": placement.standing_usd,
        "standing_usd_low": usd.low,
        "standing_usd_high": usd.high,
        "standing_is_estimate": standing.is_estimate,
    }


def plan_inputs(plan: Plan, hardware: Sequence[Comparison] = ()) -> dict[str, Any]:
    """Everything that was used, also for the comparison of `hardware`, each row with its source."""
    used = [c for c in plan.field.candidates if not c.removed_by]
    used += [one.placement.candidate for one in plan.decision.lifted]
    used += [plan.decision.baseline.candidate] if plan.decision.baseline else []
    used += [row.placement.candidate for row in hardware if row.placement]
    chips = {c.chip.name: c.chip for c in used}
    regions = {c.region.key: c.region for c in used}
    zones = {region.zone for region in regions.values()}
    offers = {(c.region.key, c.offer.instance_type): c.offer for c in used}
    return {
        "intensity_source": plan.source_name,
        "intensity_answered_by": plan.answered_by,
        "intensity_notes": list(plan.source_notes),
        "intensity": _intensity(plan, sorted(zones & set(plan.series))),
        **({"hours": _hours(plan.hours, plan)} if plan.hours else {}),
        "zones_without_intensity": sorted(zones - set(plan.series)),
        "regions": {
            key: {"zone": r.zone, "country": r.country, "pue": r.pue, "pue_year": r.pue_year, "source": r.source}
            for key, r in sorted(regions.items())
        },
        "offers": [
            {
                "region": key,
                "instance_type": offer.instance_type,
                "accelerator": offer.accelerator,
                "accelerators": offer.accelerators,
                "usd_per_hour_on_demand": offer.usd_per_hour_on_demand,
                "usd_per_hour_spot": offer.usd_per_hour_spot,
                "priced_on": offer.priced_on.isoformat(),
                "source": offer.source,
            }
            for (key, _), offer in sorted(offers.items())
        ],
        "accelerators": {
            name: {
                "tdp_w": chip.tdp_w,
                "power_w": chip.power_w,
                "power_source": chip.power_source,
                "tflops": dict(chip.tflops),
                "memory_gb": chip.memory_gb,
                "embodied_kg": chip.embodied.kg,
                "embodied_boundary": chip.embodied.boundary,
                "embodied_source": chip.embodied.source,
                **(_training_figures(chip) if plan.workload.kind == "training" else {}),
                "source": chip.source,
                "year": chip.year,
            }
            for name, chip in sorted(chips.items())
        },
        "hosts": _hosts(used),
        "transfer": _transfer(plan, regions.values()),
        "transfer_origin": _origin(plan),
        "constants": {
            name: {"value": c.value, "low": c.low, "high": c.high, "unit": c.unit, "source": c.source, "year": c.year}
            for name, c in constants().items()
        },
        "unfit": [
            {"instance_type": m.instance_type, "accelerator": m.accelerator, "reason": m.reason}
            for m in plan.field.misfits
        ],
        "without_price": list(plan.field.unpriced),
    }


def _hours(hours: Hours, plan: Plan) -> dict[str, Any]:
    """The intensity that determined the time within the chosen place."""
    return {
        "zone": hours.series.zone,
        "answered_by": hours.answered_by,
        **_series(hours.series, plan),
        "forecast_error": forecast_error_document(hours.rule),
    }


def forecast_error_document(rule: WaitRule) -> dict[str, Any]:
    """The measured error of the prediction for a zone (percent, None if not measured), and what a wait must save."""
    return {
        "method": str(rule.method),
        "error_percent": rule.error_percent,
        "hindcasts": rule.hindcasts,
        "run_hours": rule.run_hours,
        "not_measured": rule.reason or None,
        "wait_threshold_percent": rule.threshold_percent,
        "threshold_from": rule.threshold_from,
    }


def _training_figures(chip: Accelerator) -> dict[str, Any]:
    """Measured training figures of the chip, or their substitutes; `of` is `*` for a chip without a measurement."""
    return {
        quantity: {
            "value": measured.figure.value,
            "low": measured.figure.low,
            "high": measured.figure.high,
            "of": measured.accelerator,
            "is_measured": measured.is_measured,
            "source": measured.source,
            "year": measured.year,
        }
        for quantity in (MFU_DENSE, MFU_MIXTURE, NODE_POWER)
        for measured in (training_figure(chip.name, quantity),)
    }


def _hosts(used: Iterable[Candidate]) -> dict[str, Any]:
    """The share of a server's embodied emissions that an instance of each type carries."""
    known = {f"{c.offer.provider}:{c.offer.instance_type}": host_embodied(c.offer, c.chip) for c in used}
    return {
        name: {"embodied_kg": host.kg, "embodied_boundary": host.boundary, "source": host.source, "year": host.year}
        for name, host in sorted(known.items())
        if host
    }


def _transfer(plan: Plan, regions: Iterable[Region]) -> dict[str, Any]:
    """Prices, by tiers of GB per month, of moving the data to each region; empty if the workload has no data."""
    data, origin = plan.workload.data, plan.workload.resolved.data_region
    if data is None or origin is None:
        return {}
    prices = {region.key: egress_price(origin, region) for region in regions}
    return {
        key: {
            "usd_per_gb": price.usd_per_gb,
            "tiers_above_gb_usd_per_gb": [list(tier) for tier in price.tiers],
            "usd": price.cost_usd(data.size_gb),
            "source": price.source,
            "year": price.year,
            "note": price.note,
        }
        for key, price in sorted(prices.items())
    }


def _origin(plan: Plan) -> dict[str, Any]:
    """The grid that hosts the data; empty if the workload has no data."""
    origin = plan.timing.origin
    if origin is None:
        return {}
    known = _series(origin.series, plan) if origin.series else None
    return {"zone": origin.zone, "intensity": known, "note": origin.note or None}


def transfer_of(placement: Placement, plan: Plan) -> contract.Transfer:
    """The calculation of the kg of moving a placement's data: kWh x the mean of both ends."""
    origin, ends = plan.timing.origin, placement.transfer_ends
    assert origin is not None
    assert ends is not None
    return contract.Transfer(
        energy_kwh=placement.candidate.transfer_kwh,
        origin_zone=origin.zone,
        origin_g_per_kwh=ends.origin_g_per_kwh,
        destination_g_per_kwh=ends.destination_g_per_kwh,
        g_per_kwh=ends.g_per_kwh,
    )


def _intensity(plan: Plan, zones: Sequence[str]) -> dict[str, Any]:
    """The intensity of each zone; if there are very many steps, only those of the zones that explain the choice."""
    inside = {zone: _inside(plan.series[zone], plan).sum() for zone in zones}
    in_full = sum(inside.values()) <= STEPS_IN_FULL
    left = STEPS_IN_SHORT
    explained: list[str] = []
    decision = plan.decision
    shown = (decision.placement, decision.baseline, *decision.pareto, *decision.alternatives)
    for zone in dict.fromkeys(placement.candidate.region.zone for placement in shown if placement):
        if zone in inside and (inside[zone] <= left or not explained):
            explained.append(zone)
            left -= inside[zone]
    return {
        zone: {
            **_series(plan.series[zone], plan, in_full=in_full, with_steps=in_full or zone in explained),
            "forecast_error": forecast_error_document(plan.waits[zone]),
        }
        for zone in zones
    }


def _inside(series: Series, plan: Plan) -> NDArray[np.bool_]:
    """Which steps lie in the plan's window."""
    last_s = plan.window.deadline.timestamp() if plan.window.deadline else float(series.edges_s[-1])
    inside: NDArray[np.bool_] = (series.edges_s[1:] > plan.window.earliest.timestamp()) & (series.edges_s[:-1] < last_s)
    return inside


def _series(series: Series, plan: Plan, *, in_full: bool = True, with_steps: bool = True) -> dict[str, Any]:
    """The steps that lie in the plan's window, and figures that stand for them.

    `sha256` covers rows of begin (Unix s) and value (g/kWh, NaN for a gap), little-endian doubles. Unless `in_full`,
    steps of equal length are written in short form: the begin of the first step, then the values.
    """
    inside = _inside(series, plan)
    begins_s, values = series.edges_s[:-1][inside], series.g_per_kwh[inside]
    known = values[~np.isnan(values)]
    document: dict[str, Any] = {
        **provenance_document(series.provenance),
        "until": format_time(series.end),
        "steps": int(values.size),
        "least_g_per_kwh": float(known.min()) if known.size else None,
        "mean_g_per_kwh": float(known.mean()) if known.size else None,
        "most_g_per_kwh": float(known.max()) if known.size else None,
        "sha256": hashlib.sha256(np.stack([begins_s, values], axis=1).astype("<f8").tobytes()).hexdigest(),
    }
    if not with_steps:
        return document
    written = [None if np.isnan(value) else value for value in values.tolist()]
    lengths_s = set(np.diff(begins_s).tolist())
    if in_full or len(lengths_s) != 1:
        times = [format_time(from_unix(begin)) for begin in begins_s.tolist()]
        return {**document, "steps_g_per_kwh": [list(row) for row in zip(times, written, strict=True)]}
    begin = format_time(from_unix(float(begins_s[0])))
    return {**document, "even_steps": {"from": begin, "step_s": lengths_s.pop(), "g_per_kwh": written}}
