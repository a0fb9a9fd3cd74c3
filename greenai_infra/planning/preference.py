"""Which of several placements is taken, and which of them no other beats in both kg and USD."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.placements import Placement

INDISTINCT_KG = 0.01
"""Share of the least kg below which the figures can't tell two placements apart: PUE is published in hundredths, and
many a grid's intensity in two figures, each about 1 % of its value."""

INDISTINCT_USD = 0.0001
"""Share of a cost below which two prices are the same: lists split a machine's price into parts of five decimals, so
eight small machines cost 0.00001 USD an hour more or less than one that holds as much."""


def best_of(placements: Collection[Placement]) -> Placement:
    """The cheapest of the cleanest: of those that emit less than 1 % more than the cleanest of all.

    At equal cost the fewest machines win, then the earliest start, kg and names, so that equal inputs give equal plans.
    `placements` isn't empty.
    """
    least_kg = min(one.emissions_kg for one in placements)
    near = [one for one in placements if is_as_clean(one.emissions_kg, least_kg)]
    least_usd = min(one.cost_usd for one in near)
    return min(
        (one for one in near if _same_cost(one.cost_usd, least_usd)),
        key=lambda one: (one.candidate.run.instances, one.slices[0][0], *one.order),
    )


def pareto_front(placements: Iterable[Placement], taken: Placement | None = None) -> list[Placement]:
    """Placements that no other one beats in both kg and USD, cleanest first; of equal ones that with fewest machines.

    `taken` stands for those of its cost that are as clean.
    """
    known = sorted(placements, key=lambda one: one.order)
    unbeaten: list[Placement] = []
    for one in known:
        if not unbeaten or one.cost_usd < unbeaten[-1].cost_usd:
            unbeaten.append(one)
    front: list[Placement] = []
    for one in unbeaten:
        equal = [
            other
            for other in known
            if _same_cost(other.cost_usd, one.cost_usd) and is_as_clean(other.emissions_kg, one.emissions_kg)
        ]
        shown = taken if taken in equal else min(equal, key=lambda other: (other.candidate.run.instances, *other.order))
        if shown not in front:
            front.append(shown)
    return front


def cheapest_of(candidates: Collection[Candidate]) -> Candidate:
    """The cheapest to run; at equal cost that with fewest machines, then the first by name."""
    least_usd = min(one.cost_usd for one in candidates)
    return min(
        (one for one in candidates if _same_cost(one.cost_usd, least_usd)),
        key=lambda one: (one.run.instances, one.cost_usd, one.region.key, one.offer.instance_type),
    )


def is_as_clean(kg: float, least_kg: float) -> bool:
    """Whether the figures can't tell an amount from the least one."""
    return kg <= least_kg or kg < least_kg * (1 + INDISTINCT_KG)


def _same_cost(usd: float, other_usd: float) -> bool:
    return abs(usd - other_usd) <= INDISTINCT_USD * min(usd, other_usd)
