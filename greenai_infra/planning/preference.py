"""Which of several placements is chosen, and which form the Pareto front of kg and USD."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.placements import Placement

INDISTINCT_KG = 0.01
"""Share of the least kg below which the figures can't tell two placements apart: PUE is published in hundredths, and
the intensity of many grids in two digits, each about 1 % of its value."""

SAME = 0.0001
"""Relative difference below which two figures are the same: lists split a machine's price into parts of five
decimals, so eight small machines may differ by 0.00001 USD per hour from one machine of the same size."""

KG_PER_TONNE = 1000.0
PREMIUM = "limits.max_premium_percent"
Judged = tuple["Placement", frozenset[str]]
"""A placement and the constraints that forbid it."""


def best_of(placements: Collection[Placement], carbon_price: float | None = None) -> Placement:
    """The cheapest of the cleanest: of those that emit less than 1 % more than the cleanest of all.

    With a price of carbon (USD per tonne) it is the placement with the least cost including carbon. Among equals the
    fewest machines win; then the earliest start, kg and names decide, so that equal inputs give equal plans.
    `placements` must not be empty.
    """
    if carbon_price is None:
        least_kg = min(placement.emissions_kg for placement in placements)
        near = [placement for placement in placements if is_as_clean(placement.emissions_kg, least_kg)]
        least_usd = min(placement.cost_usd for placement in near)
        best = [placement for placement in near if _same(placement.cost_usd, least_usd)]
    else:
        price = carbon_price
        least = min(placements, key=lambda placement: (usd_with_carbon(placement, price), *placement.order))
        best = [placement for placement in placements if _is_same(placement, least)]
    return min(
        best, key=lambda placement: (placement.candidate.run.instances, placement.slices[0][0], *placement.order)
    )


class Weighing(NamedTuple):
    """A carbon priority, and the least feasible kg and USD, by which both are normalised."""

    priority: float
    least_kg: float
    least_usd: float

    @property
    def usd_per_tonne(self) -> float | None:
        """The equivalent price of carbon; None for priority 1, which counts emissions alone.

        priority x kg / least_kg + (1 - priority) x USD / least_usd is least where USD + price x kg is.
        """
        if self.priority == 1:
            return None
        return KG_PER_TONNE * self.priority / (1 - self.priority) * self.least_usd / self.least_kg

    def score(self, placement: Placement) -> float:
        """The weighted score: 1 for a placement that is best in both."""
        return (
            self.priority * placement.emissions_kg / self.least_kg
            + (1 - self.priority) * placement.cost_usd / self.least_usd
        )


def weigh(priority: float, feasible: Collection[Placement]) -> Weighing:
    """The weighing by a priority of carbon over cost, from 0 (cost alone) to 1 (emissions alone)."""
    return Weighing(
        priority,
        min(placement.emissions_kg for placement in feasible),
        min(placement.cost_usd for placement in feasible),
    )


def usd_with_carbon(placement: Placement, usd_per_tonne: float) -> float:
    """The cost of a placement including a price on its emissions."""
    return placement.cost_usd + usd_per_tonne * placement.emissions_kg / KG_PER_TONNE


def usd_per_tonne(cleaner: Placement, other: Placement) -> float | None:
    """Cost of each tonne that the cleaner placement avoids, negative if it is cheaper; None if it avoids nothing."""
    avoided_kg = other.emissions_kg - cleaner.emissions_kg
    return KG_PER_TONNE * (cleaner.cost_usd - other.cost_usd) / avoided_kg if avoided_kg > 0 else None


def with_premium(most_percent: float | None, judged: Sequence[Judged]) -> list[Judged]:
    """Placements with the rules that forbid them; adds `limits.max_premium_percent` to those that cost too much.

    Too much means above that percentage over the cheapest placement that nothing else forbids.
    """
    allowed_usd = [placement.cost_usd for placement, rules in judged if not rules]
    if most_percent is None or not allowed_usd:
        return list(judged)
    most_usd = min(allowed_usd) * (1 + most_percent / 100)
    return [
        (
            placement,
            rules if placement.cost_usd <= most_usd or _same(placement.cost_usd, most_usd) else rules | {PREMIUM},
        )
        for placement, rules in judged
    ]


def pareto_front(placements: Iterable[Placement], taken: Placement | None = None) -> list[Placement]:
    """The Pareto front of kg and USD, cleanest first; of equal placements the one with the fewest machines.

    `taken` replaces a placement of the same cost that is as clean.
    """
    known = sorted(placements, key=lambda placement: placement.order)
    unbeaten: list[Placement] = []
    for placement in known:
        if not unbeaten or placement.cost_usd < unbeaten[-1].cost_usd:
            unbeaten.append(placement)
    front: list[Placement] = []
    for placement in unbeaten:
        same = [other for other in known if _is_same(other, placement)]
        shown = min(same, key=lambda other: (other.candidate.run.instances, *other.order))
        if (
            taken
            and _same(taken.cost_usd, placement.cost_usd)
            and is_as_clean(taken.emissions_kg, placement.emissions_kg)
        ):
            shown = taken
        if shown not in front:
            front.append(shown)
    return front


def worth_parting(judged: Sequence[Judged]) -> list[Placement]:
    """Sliced placements for which fewer slices can be useful, given the cleanest and the unbroken of each candidate.

    Fewer slices emit more than the cleanest and cost more than the unbroken run. So they are useless if an allowed
    placement matches the emissions of the one and the cost of the other. If a limit forbids only the cleanest, the best
    within the limit is searched anyway, because it represents its region.
    """
    unbroken = {
        id(placement.candidate): (placement, rules) for placement, rules in judged if len(placement.slices) == 1
    }
    front = pareto_front(placement for placement, rules in judged if not rules)
    parted = []
    for placement, rules in judged:
        if len(placement.slices) < 3:
            continue
        whole, left = unbroken.get(id(placement.candidate), (None, rules))
        beaten = whole is not None and any(
            other is not placement and other.beats(placement) and other.cost_usd <= whole.cost_usd for other in front
        )
        if not beaten or any(rule.startswith("limits.") for rule in rules - left):
            parted.append(placement)
    return parted


def cheapest_of(candidates: Collection[Candidate]) -> Candidate:
    """The cheapest to run; at equal cost the fewest machines, then the first by name."""
    least_usd = min(candidate.cost_usd for candidate in candidates)
    return min(
        (candidate for candidate in candidates if _same(candidate.cost_usd, least_usd)),
        key=lambda candidate: (
            candidate.run.instances,
            candidate.cost_usd,
            candidate.region.key,
            candidate.offer.instance_type,
        ),
    )


def is_as_clean(kg: float, least_kg: float) -> bool:
    """Whether the figures can't tell an amount from the least amount."""
    return kg <= least_kg or kg < least_kg * (1 + INDISTINCT_KG)


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * min(one, other)


def _is_same(one: Placement, other: Placement) -> bool:
    return _same(one.cost_usd, other.cost_usd) and _same(one.emissions_kg, other.emissions_kg)
