"""What a reader of a plan must know, in sentences: what is made up, old, estimated, held constant or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.availability import Offered, one_zone_note, opt_in_note
from greenai_infra.catalog.offers import machines_text, stale_price_warning
from greenai_infra.catalog.service_prices import sagemaker_listed
from greenai_infra.clock import format_time, hours_between
from greenai_infra.intensity.model.checks import far_off
from greenai_infra.intensity.model.values import Flag, Kind
from greenai_infra.numbers import significant
from greenai_infra.planning.candidates import AVAILABILITY
from greenai_infra.planning.doubts import BUILDABLE, placement_not_built
from greenai_infra.planning.preference import usd_per_tonne

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenai_infra.intensity.model.values import Provenance
    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.planner import Plan

DEAR_USD_PER_TONNE = 1000.0
"""Above this a plan says what its last tonnes cost: five times EPA's social cost of carbon (190 USD a tonne, 2023)."""
MIXED = "MIXED SIGNALS OR BASES: values of different kinds are ranked together, because of --allow-mixed"
REGIONS_SHOWN = 6
REASONS_SHOWN = 2

_OF_FLAGS = {
    Flag.SANDBOX: "the intensity is MADE UP: the token is a sandbox token; don't use this plan for decisions",
    Flag.STALE: "the intensity is stale: a mean of two or more years ago, or an observation over six hours old",
    Flag.FALLBACK: "the intensity is a fallback: a preferred source did not answer, or has no forecast",
    Flag.CACHED: "the intensity comes from the cache",
    Flag.ESTIMATED: "the intensity is estimated by its source",
}


def plan_notes(plan: Plan) -> list[str]:
    """The notes, the gravest first."""
    return list(_notes(plan))


def _notes(plan: Plan) -> Iterator[str]:
    chosen = plan.decision.placement.candidate
    provenance = plan.chosen_series.provenance
    if plan.mixed:
        yield MIXED
    yield from _not_built(plan)
    yield from _of_flags(provenance)
    yield from _far_off(plan)
    if plan.workload.hardware.purchase == "spot":
        from greenai_infra.planning.spot import spot_notes

        yield from spot_notes(plan.workload, plan.placement, plan.timing.deadline_s)
    yield from _by_hours(plan)
    yield from _dear_tonne(plan)
    yield from _regions_left_out(plan)
    if plan.timing.origin and plan.timing.origin.note:
        yield plan.timing.origin.note
    yield from plan.warnings
    yield from _time_not_looked_at(plan)
    yield from _availability(plan)
    if provenance.left_out:
        yield f"{provenance.source}, {chosen.region.zone}: {provenance.left_out}"
    considered = [c.offer for c in plan.field.candidates if not c.removed_by]
    if warning := stale_price_warning(considered, plan.window.now):
        yield warning
    if provenance.kind is Kind.YEARLY_MEAN:
        yield "intensity is a yearly mean: it ranks places, but cannot rank times"
    if chosen.region.pue_is_fleet_mean:
        yield f"{chosen.region.key} publishes no PUE: the fleet mean {chosen.region.pue} is used"
    yield from chosen.run.notes
    if plan.workload.work.measured and chosen.run.instances > 1 and not chosen.offer.per_chip:
        yield (
            f"{machines_text(chosen.offer, chosen.run.instances)} are separate servers: the measured hours hold for "
            "them only if that run was spread over as many"
        )
    if chosen.offer.provider == "aws":
        if plan.workload.hardware.purchase == "spot":
            yield (
                "cost is EC2's spot price; SageMaker's managed spot is priced by SageMaker, as a discount on its own "
                "price, not by EC2's spot market, and is not in the catalogue"
            )
        else:
            yield _sagemaker_price(plan)
    if "understated" in chosen.offer.note:
        yield f"{chosen.offer.instance_type}: {chosen.offer.note}"


def _not_built(plan: Plan) -> Iterator[str]:
    """Notes on what `select` would refuse."""
    if found := placement_not_built(plan.workload, plan.decision.placement):
        yield f"no program of greenai-infra can build this, so `select` refuses it: {found}"
    left_out = [ranked for ranked in plan.decision.everything if ranked.removed_by == {BUILDABLE}]
    if left_out:
        first = left_out[0].placement
        regions = {ranked.placement.candidate.region.key for ranked in left_out}
        why = placement_not_built(plan.workload, first)
        assert why is not None
        yield (
            f"kept out, as no program of greenai-infra builds them: offers in {len(regions)} regions, such as "
            f"{first.candidate.offer.instance_type} in {first.candidate.region.key} ({why.reason}); "
            f"{BUILDABLE}: false lets them in"
        )


def _sagemaker_price(plan: Plan) -> str:
    """SageMaker's price of the machine, if the region's price list was fetched."""
    chosen = plan.decision.placement.candidate
    listed = sagemaker_listed("training" if plan.workload.kind == "training" else "hosting")
    own = listed.get(chosen.region.name, {}).get(f"ml.{chosen.offer.instance_type}")
    if own is None:
        return "cost is the EC2 list price; SageMaker's own price is higher and not in the catalogue"
    return (
        f"cost is the EC2 list price; SageMaker's own is {own.usd:g} USD an hour for {own.item.partition(':')[2]} "
        f"on demand ({own.priced_on})"
    )


def _availability(plan: Plan) -> Iterator[str]:
    """Whether the chosen offer is known to be offered, in which zones, and to whom."""
    chosen, available = plan.decision.placement.candidate, plan.decision.placement.candidate.availability
    if chosen.region.opt_in:
        yield opt_in_note(chosen.region)
    if available.says:
        yield available.says
    if one := one_zone_note(chosen.offer.instance_type, chosen.region.key, available.zone_count, available.zones):
        yield one
    not_offered = [c for c in plan.field.candidates if c.removed_by == {AVAILABILITY}]
    if not_offered:
        regions = sorted({c.region.key for c in not_offered})
        yield (
            f"priced but not generally offered, so left out: {_some(regions)} ({not_offered[0].availability.says}); "
            f"with your own reservation, set {AVAILABILITY}: any"
        )
    doubted = sorted(
        {
            ranked.placement.candidate.region.key
            for ranked in plan.decision.everything
            if ranked.removed_by == {AVAILABILITY}
            and ranked.placement.candidate.availability.offered is Offered.UNKNOWN
        }
    )
    if doubted:
        yield f"priced, but availability is unknown, so kept out: {_some(doubted)}"


def _far_off(plan: Plan) -> Iterator[str]:
    """Warns if the choice rests on an intensity far from the zone's usual value, also in the user's data."""
    of, zone = plan.chosen_series.provenance, plan.chosen_series.zone
    if of.kind is Kind.YEARLY_MEAN:
        return

    if text := far_off(zone, (of.signal, of.basis), plan.placement.intensity_g_per_kwh):
        yield f"{text}: check that the unit is g/kWh and the zone is right; the choice rests on it"


def _by_hours(plan: Plan) -> Iterator[str]:
    """Which source ranked the places, and which source gave the time."""
    if plan.hours is None:
        return
    ranked, chosen = plan.decision.placement, plan.hours.placement
    zone, of = ranked.candidate.region.zone, plan.hours.series.provenance
    by = plan.series[zone].provenance
    known = f"{significant(chosen.emissions_now_kg)} kg if started at once"
    at_once = known if chosen.could_start_at_once else "the emissions of a start at once are unknown"
    yield (
        f"places are ranked by {by.kind} of {by.source}, without a shift in time: {ranked.candidate.region.key} has "
        f"{significant(ranked.emissions_kg)} kg there; time and kg of the plan are by the hours of {zone}, "
        f"{of.kind} of {of.source.removeprefix('climatology of ')}: {significant(chosen.emissions_kg)} kg, "
        f"{at_once}; the saving is against a baseline by {by.kind}"
    )


def _dear_tonne(plan: Plan) -> Iterator[str]:
    """The cost of the last kilograms saved by the cleanest placement, and by the choice, where it is very high."""
    chosen, front = plan.decision.placement, plan.decision.pareto
    limits, weighed = plan.workload.limits, plan.workload.carbon_price is not None
    for position, placement in enumerate(front[:-1]):
        is_asked_for = placement == front[0] or (placement == chosen and not weighed)
        dear = [text for text in _dear_over(placement, front[position + 1 :]) if is_asked_for]
        if not dear:
            continue
        what = "the cleanest" if placement == front[0] else "the choice"
        left = "" if placement == chosen else ", and is not the choice"
        advice = (
            "; state what a tonne is worth with objective.carbon_price_usd_per_tonne, or limits.max_premium_percent"
        )
        yield (
            f"{what}, {_on(placement)}, costs {', and '.join(dear)}"
            f"{left}{'' if weighed or limits.max_premium_percent is not None or left else advice}"
        )


def _dear_over(placement: Placement, cheaper: Sequence[Placement]) -> Iterator[str]:
    """The cost of a tonne relative to the neighbour, and to the row of the front where it is highest."""
    neighbour = cheaper[0]
    usd = usd_per_tonne(placement, neighbour) or 0.0
    if usd > DEAR_USD_PER_TONNE:
        yield f"{significant(usd)} USD a tonne over its neighbour on the Pareto front, {_with_figures(neighbour)}"
    by_price = [(usd_per_tonne(placement, other) or 0.0, other) for other in cheaper[1:]]
    most, other = max(by_price, key=lambda pair: pair[0], default=(0.0, neighbour))
    if most > max(usd, DEAR_USD_PER_TONNE):
        yield f"{significant(most)} USD a tonne over {_with_figures(other)}"


def _with_figures(placement: Placement) -> str:
    return f"{_on(placement)} ({significant(placement.emissions_kg)} kg, {significant(placement.cost_usd, 4)} USD)"


def _on(placement: Placement) -> str:
    slices = f" in {len(placement.slices)} slices" if len(placement.slices) > 1 else ""
    candidate = placement.candidate
    return f"{candidate.region.key} on {candidate.run.instances} x {candidate.offer.instance_type}{slices}"


def _of_flags(provenance: Provenance) -> Iterator[str]:
    for flag in sorted(provenance.flags, key=list(_OF_FLAGS).index):
        detail = f" ({provenance.detail})" if provenance.detail else ""
        yield _OF_FLAGS[flag] + detail


def _regions_left_out(plan: Plan) -> Iterator[str]:
    """Allowed regions without a value in the source: any of them may be cleaner."""
    allowed = {c.region.key: c.region.zone for c in plan.field.candidates if not c.removed_by}
    missing = sorted(key for key, zone in allowed.items() if zone not in plan.series)
    if missing:
        reasons = list(dict.fromkeys(plan.left_out.get(allowed[key], "no value") for key in missing))
        yield (
            f"{len(missing)} of {len(allowed)} regions are left out, as the source has no intensity for them: "
            f"{_some(missing)}; any of them may be cleaner ({'; '.join(reasons[:REASONS_SHOWN])})"
        )


def _some(regions: Sequence[str]) -> str:
    return ", ".join(regions[:REGIONS_SHOWN]) + (", ..." if len(regions) > REGIONS_SHOWN else "")


def _time_not_looked_at(plan: Plan) -> Iterator[str]:
    """The part of the window beyond the end of the source's data, and a gap at the earliest start."""
    chosen, series = plan.placement, plan.chosen_series
    deadline = plan.window.deadline
    if deadline is not None and series.end < deadline:
        yield (
            f"the source knows {series.zone} up to {format_time(series.end)} only: "
            f"the last {hours_between(series.end, deadline):.0f} h before the deadline were not considered"
        )
    if not chosen.could_start_at_once:
        yield f"a start at the earliest moment was not possible: the source has no value of {series.zone} for it"
