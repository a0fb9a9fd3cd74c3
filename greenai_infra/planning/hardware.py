"""The comparison of accelerators for a workload: fits or not and why, chips, hours, kWh, kg, USD, where offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.catalog.accelerators import accelerators
from greenai_infra.planning.candidates import AVAILABILITY, HARDWARE_RULES
from greenai_infra.planning.doubts import DOUBTS
from greenai_infra.planning.preference import best_of, pareto_front

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.candidates import Field
    from greenai_infra.planning.decide import Decision
    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.workload import Workload


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chip: its best placement within the workload's other constraints, or the reason why it has no placement.

    `asked_for` says whether the workload accepts the chip. `offered_in` counts allowed regions that offer it.
    """

    accelerator: str
    asked_for: bool
    placement: Placement | None
    reason: str
    offered_in: int
    on_pareto_front: bool


def compare_hardware(workload: Workload, field: Field, decision: Decision, offers: Sequence[Offer]) -> list[Comparison]:
    """Every chip of the catalog: feasible chips by emissions, then the others by name."""
    wanted = workload.resolved.chips
    sure, doubted = _by_chip(decision, HARDWARE_RULES), _by_chip(decision, HARDWARE_RULES | DOUBTS)
    of_chip = {**doubted, **sure}
    best = {chip: best_of(placements, workload.carbon_price) for chip, placements in of_chip.items()}
    regions_of = {
        chip: {placement.candidate.region.key for placement in placements} for chip, placements in of_chip.items()
    }
    front = pareto_front(best.values())
    rows = [
        Comparison(
            accelerator=chip.name,
            asked_for=chip.name in wanted,
            placement=best.get(chip.name),
            reason="" if chip.name in best else _why_not(chip.name, workload, field, decision, offers),
            offered_in=len(regions_of.get(chip.name, ())),
            on_pareto_front=best.get(chip.name) in front,
        )
        for chip in accelerators()
    ]
    return sorted(
        rows, key=lambda row: (row.placement is None, row.placement.order if row.placement else row.accelerator)
    )


def _by_chip(decision: Decision, lifted: frozenset[str]) -> dict[str, list[Placement]]:
    """The placements of each chip that only `lifted` rules forbid; leaves out what is not offered at all."""
    found: dict[str, list[Placement]] = {}
    for ranked in decision.everything:
        candidate = ranked.placement.candidate
        if ranked.removed_by <= lifted and AVAILABILITY not in candidate.removed_by:
            found.setdefault(candidate.offer.accelerator, []).append(ranked.placement)
    return found


def _why_not(chip: str, workload: Workload, field: Field, decision: Decision, offers: Sequence[Offer]) -> str:
    if not any(offer.accelerator == chip for offer in offers):
        return "no offer in the catalogue"
    removed = [r for r in decision.everything if r.placement.candidate.offer.accelerator == chip]
    if removed:
        fewest = min(removed, key=lambda r: len(r.removed_by - HARDWARE_RULES))
        return "removed by " + ", ".join(sorted(fewest.removed_by - HARDWARE_RULES))
    unplaced = [one for one in decision.unplaced if one.candidate.offer.accelerator == chip]
    if unplaced:
        return min(unplaced, key=lambda one: one.candidate.run.hours.value).reason
    unpriced = sorted(machine for of, machine in field.unpriced_machines if of == chip)
    if unpriced:
        return f"no {workload.hardware.purchase.replace('_', '-')} price listed of {', '.join(unpriced)}"
    misfits = [misfit for misfit in field.misfits if misfit.accelerator == chip]
    if not misfits:
        return "no offer in a known region"
    size = {offer.instance_type: offer.accelerators for offer in offers if offer.accelerator == chip}
    return max(misfits, key=lambda misfit: size[misfit.instance_type]).reason
