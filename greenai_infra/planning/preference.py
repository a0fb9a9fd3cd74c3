"""Which of several placements is taken, and which of them no other beats in both kg and USD."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.placements import Placement

INDISTINCT_KG = 0.01
"""Share of the least kg below which the figures can't tell two placements apart: PUE is published in hundredths, and
many a grid's intensity in two figures, each about 1 % of its value."""

SAME = 0.0001
"""Share of a figure below which two are the same: lists split a machine's price into parts of five decimals, so
eight small machines cost 0.00001 USD an hour more or less than one that holds as much."""

KG_PER_TONNE = 1000.0
PREMIUM = "limits.max_premium_percent"
Judged = tuple["Placement", frozenset[str]]
"""A placement and the constraints that forbid it."""


def best_of(placements: Collection[Placement], carbon_price: float | None = None) -> Placement:
    """The cheapest of the cleanest: of those that emit less than 1 % more than the cleanest of all.

    With a price of carbon (USD a tonne) it is the one of least cost with carbon. Of what is then the same that with the
    fewest machines wins; after that the earliest start, kg and names decide, so that equal inputs give equal plans.
    `placements` isn't empty.
    """
    if carbon_price is None:
        least_kg = min(one.emissions_kg for one in placements)
        near = [one for one in placements if is_as_clean(one.emissions_kg, least_kg)]
        least_usd = min(one.cost_usd for one in near)
        best = [one for one in near if _same(one.cost_usd, least_usd)]
    else:
        price = carbon_price
        least = min(placements, key=lambda one: (usd_with_carbon(one, price), *one.order))
        best = [one for one in placements if _is_same(one, least)]
    return min(best, key=lambda one: (one.candidate.run.instances, one.slices[0][0], *one.order))


class Weighing(NamedTuple):
    """A carbon priority, and the least kg and USD among what is feasible, over which both are normalised."""

    priority: float
    least_kg: float
    least_usd: float

    @property
    def usd_per_tonne(self) -> float | None:
        """The price of carbon that weighs alike; None for priority 1, which counts emissions alone.

        priority x kg / least_kg + (1 - priority) x USD / least_usd is least where USD + price x kg is.
        """
        if self.priority == 1:
            return None
        return KG_PER_TONNE * self.priority / (1 - self.priority) * self.least_usd / self.least_kg

    def score(self, one: Placement) -> float:
        """1 for a placement that is best in both."""
        return self.priority * one.emissions_kg / self.least_kg + (1 - self.priority) * one.cost_usd / self.least_usd


def weigh(priority: float, feasible: Collection[Placement]) -> Weighing:
    """The weighing by a priority of carbon over cost, from 0 (cost alone) to 1 (emissions alone)."""
    return Weighing(priority, min(one.emissions_kg for one in feasible), min(one.cost_usd for one in feasible))


def usd_with_carbon(one: Placement, usd_per_tonne: float) -> float:
    """The cost of a placement with a price on what it emits."""
    return one.cost_usd + usd_per_tonne * one.emissions_kg / KG_PER_TONNE


def usd_per_tonne(cleaner: Placement, other: Placement) -> float | None:
    """What each tonne costs that the cleaner placement avoids, negative if it is cheaper; None if it avoids nothing."""
    avoided_kg = other.emissions_kg - cleaner.emissions_kg
    return KG_PER_TONNE * (cleaner.cost_usd - other.cost_usd) / avoided_kg if avoided_kg > 0 else None


def with_premium(most_percent: float | None, judged: Sequence[Judged]) -> list[Judged]:
    """Placements with what forbids them; `limits.max_premium_percent` is added to what costs too much.

    That is more than so many percent over the cheapest placement that nothing else forbids.
    """
    allowed_usd = [one.cost_usd for one, rules in judged if not rules]
    if most_percent is None or not allowed_usd:
        return list(judged)
    most_usd = min(allowed_usd) * (1 + most_percent / 100)
    return [
        (one, rules if one.cost_usd <= most_usd or _same(one.cost_usd, most_usd) else rules | {PREMIUM})
        for one, rules in judged
    ]


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
        same = [other for other in known if _is_same(other, one)]
        shown = min(same, key=lambda other: (other.candidate.run.instances, *other.order))
        if taken and _same(taken.cost_usd, one.cost_usd) and is_as_clean(taken.emissions_kg, one.emissions_kg):
            shown = taken
        if shown not in front:
            front.append(shown)
    return front


def worth_parting(judged: Sequence[Judged]) -> list[Placement]:
    """Placements in slices of which fewer slices may be of use, given the cleanest and the unbroken of each candidate.

    All of fewer slices emit more than the cleanest and cost more than the unbroken run. So they are of no use where an
    allowed placement emits and costs no more than these two. But where a limit forbids the cleanest alone, the best
    within it is looked for anyway: it stands for its region.
    """
    unbroken = {id(one.candidate): (one, rules) for one, rules in judged if len(one.slices) == 1}
    front = pareto_front(one for one, rules in judged if not rules)
    parted = []
    for one, rules in judged:
        if len(one.slices) < 3:
            continue
        whole, left = unbroken.get(id(one.candidate), (None, rules))
        beaten = whole is not None and any(
            other is not one and other.beats(one) and other.cost_usd <= whole.cost_usd for other in front
        )
        if not beaten or any(rule.startswith("limits.") for rule in rules - left):
            parted.append(one)
    return parted


def cheapest_of(candidates: Collection[Candidate]) -> Candidate:
    """The cheapest to run; at equal cost that with fewest machines, then the first by name."""
    least_usd = min(one.cost_usd for one in candidates)
    return min(
        (one for one in candidates if _same(one.cost_usd, least_usd)),
        key=lambda one: (one.run.instances, one.cost_usd, one.region.key, one.offer.instance_type),
    )


def is_as_clean(kg: float, least_kg: float) -> bool:
    """Whether the figures can't tell an amount from the least one."""
    return kg <= least_kg or kg < least_kg * (1 + INDISTINCT_KG)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * min(one, other)


def _is_same(one: Placement, other: Placement) -> bool:
    return _same(one.cost_usd, other.cost_usd) and _same(one.emissions_kg, other.emissions_kg)
