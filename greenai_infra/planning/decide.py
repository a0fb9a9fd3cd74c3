"""The joint choice of region, offer and start: the cleanest placement that every constraint allows.

Also the comparisons: the alternatives, the Pareto front of kg and USD, the baseline, and the price of each constraint
(the best placement if that constraint alone were lifted).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.clock import format_time
from greenai_infra.errors import NoPlacement
from greenai_infra.planning.baseline import find_baseline
from greenai_infra.planning.candidates import AVAILABILITY, HARDWARE_RULES
from greenai_infra.planning.doubts import with_doubts
from greenai_infra.planning.placements import SECONDS_PER_HOUR, Placement, place_all, place_between
from greenai_infra.planning.preference import (
    PREMIUM,
    best_of,
    pareto_front,
    usd_with_carbon,
    with_premium,
    worth_parting,
)
from greenai_infra.planning.slots import Interruption

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from greenai_infra.intensity.model.values import Series
    from greenai_infra.planning.candidates import Candidate, Field
    from greenai_infra.planning.preference import Judged
    from greenai_infra.planning.timing import Timing
    from greenai_infra.planning.workload import Workload

MISFITS_SHOWN = 12
FREE_INTERRUPTION = Interruption(0.0, SECONDS_PER_HOUR)


class Ranked(Struct, frozen=True):
    """A placement and the constraints that forbid it."""

    placement: Placement
    removed_by: frozenset[str]


class Unplaced(Struct, frozen=True):
    """A candidate that fits no window, and why: too slow for the deadline, or no intensity known for long enough."""

    candidate: Candidate
    too_slow: bool
    reason: str


class Lifted(Struct, frozen=True):
    """The best placement if one constraint alone were lifted."""

    constraint: str
    placement: Placement
    saving_kg: float


class Decision(Struct, frozen=True):
    """The outcome. `baseline_why` explains the baseline's region, or why the baseline is None.

    `everything` includes forbidden placements.
    """

    placement: Placement
    alternatives: tuple[Placement, ...]
    pareto: tuple[Placement, ...]
    baseline: Placement | None
    baseline_why: str
    lifted: tuple[Lifted, ...]
    everything: tuple[Ranked, ...]
    unplaced: tuple[Unplaced, ...]


def decide(
    workload: Workload, field: Field, series: Mapping[str, Series], timing: Timing, *, compare: bool = False
) -> Decision:
    """The decision for a workload over predicted intensity by zone. Raises NoPlacement, naming what each rule removed.

    With `compare`, hardware that the workload does not accept is placed too, for a comparison.
    """
    placements, left = _place(workload, field, series, timing, compare=compare)
    unplaced = tuple(_unplaced(candidate, series.get(candidate.region.zone), timing) for candidate in left)
    everything = [Ranked(placement, rules) for placement, rules in _judged(workload, placements)]
    everything.sort(key=lambda ranked: ranked.placement.order)
    allowed = [ranked.placement for ranked in everything if not ranked.removed_by]
    if not allowed:
        raise NoPlacement(_why_nothing_is_left(workload, field, everything, unplaced))
    carbon_price = workload.carbon_price
    chosen = best_of(allowed, carbon_price)
    baseline = find_baseline(workload, field.candidates, series, timing)
    return Decision(
        placement=chosen,
        alternatives=tuple(_best_of_each_other_region(allowed, chosen, carbon_price)),
        pareto=tuple(
            pareto_front((ranked.placement for ranked in everything if ranked.removed_by <= {PREMIUM}), chosen)
        ),
        baseline=baseline.placement,
        baseline_why=baseline.why,
        lifted=(*_lift_each(everything, chosen, carbon_price), *_lift_unbroken(chosen, series, timing)),
        everything=tuple(everything),
        unplaced=unplaced,
    )


def _place(
    workload: Workload, field: Field, series: Mapping[str, Series], timing: Timing, *, compare: bool
) -> tuple[list[Placement], list[Candidate]]:
    """The placements of all useful candidates, and the candidates that can't be placed.

    Slices are searched only where they can matter. A placement that one rule forbids must beat what is allowed; a
    placement that several rules forbid is never taken when one rule is lifted, so it matters only in a comparison of
    hardware.
    """
    if timing.interruption is None:
        return place_all(field.candidates, series, timing)
    lifted = HARDWARE_RULES if compare else frozenset[str]()
    rest = [candidate for candidate in field.candidates if not candidate.removed_by <= lifted]
    near, far = (
        [candidate for candidate in rest if (len(candidate.removed_by) == 1) is single] for single in (True, False)
    )
    placements, left = place_all(
        [candidate for candidate in field.candidates if candidate.removed_by <= lifted], series, timing
    )
    allowed = pareto_front(placement for placement, rules in _judged(workload, placements) if not rules)
    for others, how in ((near, timing), (far, replace(timing, interruption=None))):
        found, without = place_all(others, series, how, allowed)
        placements += found
        left += without
    placements += place_between(worth_parting(_judged(workload, placements)), series, timing)
    return placements, left


def _judged(workload: Workload, placements: Iterable[Placement]) -> list[Judged]:
    """Placements with the rules that forbid them."""
    judged = [
        (placement, placement.candidate.removed_by | _broken_limits(workload, placement)) for placement in placements
    ]
    return with_premium(workload.limits.max_premium_percent, with_doubts(workload, judged))


def _broken_limits(workload: Workload, placement: Placement) -> frozenset[str]:
    limits = workload.limits
    broken = set()
    if limits.cost_usd is not None and placement.cost_usd > limits.cost_usd:
        broken.add("limits.cost_usd")
    if limits.emissions_kg is not None and placement.emissions_kg > limits.emissions_kg:
        broken.add("limits.emissions_kg")
    return frozenset(broken)


def _best_of_each_other_region(
    allowed: Sequence[Placement], chosen: Placement, carbon_price: float | None
) -> list[Placement]:
    of_region: dict[str, list[Placement]] = {}
    for placement in allowed:
        of_region.setdefault(placement.candidate.region.key, []).append(placement)
    of_region.pop(chosen.candidate.region.key)
    best = [best_of(placements, carbon_price) for placements in of_region.values()]
    if carbon_price is None:
        return sorted(best, key=lambda placement: placement.order)
    return sorted(best, key=lambda placement: (usd_with_carbon(placement, carbon_price), *placement.order))


def _lift_each(everything: Sequence[Ranked], chosen: Placement, carbon_price: float | None) -> list[Lifted]:
    names = sorted({name for ranked in everything for name in ranked.removed_by})
    lifted = []
    for name in names:
        best = best_of([ranked.placement for ranked in everything if ranked.removed_by <= {name}], carbon_price)
        lifted.append(Lifted(name, best, chosen.emissions_kg - best.emissions_kg))
    return sorted(lifted, key=lambda one: (-one.saving_kg, one.constraint))


def _lift_unbroken(chosen: Placement, series: Mapping[str, Series], timing: Timing) -> list[Lifted]:
    """The chosen hardware in its region if it could stop and resume freely, where that emits less."""
    if timing.interruption is not None or timing.deadline_s is None:
        return []
    freely = replace(timing, interruption=FREE_INTERRUPTION)
    best = best_of(place_all([chosen.candidate], series, freely)[0])
    saving_kg = chosen.emissions_kg - best.emissions_kg
    return [Lifted("when.interruptible", best, saving_kg)] if saving_kg > 0 else []


def _unplaced(candidate: Candidate, known: Series | None, timing: Timing) -> Unplaced:
    hours = candidate.run.hours.value
    if timing.deadline_s is not None and hours > (timing.deadline_s - timing.earliest_s) / SECONDS_PER_HOUR:
        left = (timing.deadline_s - timing.earliest_s) / SECONDS_PER_HOUR
        return Unplaced(candidate, True, f"needs {hours:.1f} h, {left:.1f} h are left until the deadline")
    zone = candidate.region.zone
    if known is None:
        return Unplaced(candidate, False, f"no intensity of {zone}")
    reach = (float(known.edges_s[-1]) - timing.earliest_s) / SECONDS_PER_HOUR
    if reach < hours:
        ends = f"{format_time(known.end)}, {max(reach, 0.0):.1f} h after the earliest start"
        return Unplaced(candidate, False, f"needs {hours:.1f} h; the intensity of {zone} is known to {ends}")
    return Unplaced(candidate, False, f"no intensity of {zone} for {hours:.1f} h without a gap")


def _why_nothing_is_left(
    workload: Workload, field: Field, everything: Sequence[Ranked], unplaced: Sequence[Unplaced]
) -> str:
    """A line per constraint: how many region x offer pairs it removed, and how near the nearest came."""
    lines = ["no region and offer is left for this workload:"]
    removed: dict[str, set[tuple[str, str]]] = {}
    judged = [(r.placement.candidate, r.removed_by) for r in everything]
    judged += [(u.candidate, u.candidate.removed_by) for u in unplaced]
    for candidate, rules in judged:
        for name in rules:
            removed.setdefault(name, set()).add(_pair(candidate))
    for name, pairs in sorted(removed.items(), key=lambda item: (-len(item[1]), item[0])):
        lines.append(f"  {name} ({constraint_value(workload, name)}) removed {len(pairs)}{_nearest(name, everything)}")
    nowhere = next((c for c in field.candidates if c.removed_by == {AVAILABILITY}), None)
    if nowhere:
        lines.append(f"  {nowhere.availability.says}")
    allowed = [one for one in unplaced if not one.candidate.removed_by]
    for title, too_slow in (("when.deadline", True), ("the intensity source", False)):
        group = [one for one in allowed if one.too_slow is too_slow]
        if group:
            nearest = min(group, key=lambda one: (one.reason.startswith("no "), one.candidate.run.hours.value))
            what = f"{nearest.candidate.run.accelerators} x {nearest.candidate.offer.accelerator}"
            pairs = {_pair(one.candidate) for one in group}
            lines.append(f"  {title} removed {len(pairs)}; the fastest, {what}: {nearest.reason}")
    wanted = workload.resolved.chips
    asked_for = [m for m in field.misfits if m.accelerator in wanted]
    lines += [f"  {m.instance_type} ({m.accelerator}): {m.reason}" for m in asked_for[:MISFITS_SHOWN]]
    return "\n".join([*lines, *_not_sold(workload, field, wanted)])


def _not_sold(workload: Workload, field: Field, wanted: Collection[str]) -> Iterator[str]:
    """What the catalogue lacks for the wanted chips if none of them is on sale: a price, or any offer."""
    if any(candidate.offer.accelerator in wanted for candidate in field.candidates):
        return
    unpriced = sorted(machine for chip, machine in field.unpriced_machines if chip in wanted)
    if unpriced:
        yield f"  the catalogue has no {workload.hardware.purchase.replace('_', '-')} price of {', '.join(unpriced)}"
    found = {chip for chip, _ in field.unpriced_machines} | {misfit.accelerator for misfit in field.misfits}
    missing = sorted(set(wanted) - found)
    if missing:
        yield f"  the catalogue has no offer of {', '.join(missing)}"


def _pair(candidate: Candidate) -> tuple[str, str]:
    return candidate.region.key, candidate.offer.instance_type


def _nearest(name: str, everything: Sequence[Ranked]) -> str:
    alone = [ranked.placement for ranked in everything if ranked.removed_by == {name}]
    if not alone:
        return ""
    if name == "limits.cost_usd":
        cheapest = min(alone, key=lambda p: p.cost_usd)
        return f"; the cheapest is {cheapest.cost_usd:,.2f} USD in {cheapest.candidate.region.key}"
    best = alone[0]
    return (
        f"; without it {best.candidate.region.key} on {best.candidate.offer.instance_type}, {best.emissions_kg:.3g} kg"
    )


def constraint_value(workload: Workload, name: str) -> str:
    """A constraint as the workload states it, for people."""
    section, key = name.split(".")
    value = getattr(getattr(workload, section), key)
    if value is None:
        return "not stated"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
