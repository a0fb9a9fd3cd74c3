"""How many chips of an offer a training run may take, and over how many nodes they are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.offers import sold_together
from greenai_infra.planning.run_parts import MAX_CHIPS, Unfit

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer

CLUSTER_CHIPS = 8  # machines with fewer chips have no fabric for training across machines
DEFAULT_MAX_COUNT = 64
"""Most chips that are tried where the workload states no count and no maximum: eight nodes of eight. New accounts
often have a quota of zero for large machines, and few users can run a plan that needs many at once."""
ALL_MACHINES_UP_TO = 8
"""Every number of machines up to this is tried; above it powers of two, the numbers half-way between them, and the
maximum."""


class Counts(NamedTuple):
    """Numbers of chips, ascending. All of `tried` compete; if none fits, the first of `beyond` that does."""

    tried: list[int]
    beyond: list[int]


class Nodes(NamedTuple):
    """Over how many nodes a run is spread, and whether a fabric joins them."""

    number: float
    fabric: bool


def counts_of(offer: Offer, count: int | None, max_count: int | None) -> Counts | Unfit:
    """The numbers of chips to try: the stated number, else all on offer up to the maximum."""
    most = max_count or DEFAULT_MAX_COUNT
    sizes = _sizes(offer, most)
    if count is not None:
        return _stated(offer, count, sizes)
    tried = [chips for chips in sizes if chips <= most]
    if max_count is not None:
        return Counts(tried, []) if tried else Unfit(f"sold by {sizes[0]}, more than hardware.max_count {max_count}")
    return Counts(tried, [chips for chips in sizes if most < chips <= MAX_CHIPS])


def nodes_of(offer: Offer, chips: int) -> Nodes:
    """The nodes of a run. A TPU slice is one node, and so is a machine with its attached GPUs."""
    if offer.per_chip:
        return Nodes(1, True)
    return Nodes(chips / offer.accelerators, offer.accelerators >= CLUSTER_CHIPS)


def _sizes(offer: Offer, most: int) -> list[int]:
    """Numbers of chips that are sold together, ascending."""
    unit = offer.accelerators
    if offer.per_chip:
        return [chips for chips in sold_together(offer) if chips >= offer.minimum_chips]
    if unit < CLUSTER_CHIPS:
        return [unit]
    doubled = [ALL_MACHINES_UP_TO * 2**power for power in range(MAX_CHIPS.bit_length())]
    between = [3 * number // 2 for number in doubled]
    machines = {*range(1, ALL_MACHINES_UP_TO + 1), *doubled, *between, max(1, most // unit)}
    return [unit * number for number in sorted(machines)]


def _stated(offer: Offer, count: int, sizes: list[int]) -> Counts | Unfit:
    if not offer.per_chip:
        unit = offer.accelerators
        return Unfit(f"sold by {unit}, which does not divide {count}") if count % unit else Counts([count], [])
    if count < offer.minimum_chips:
        return Unfit(f"smallest slice is {offer.minimum_chips} chips, not {count}")
    if count not in sizes:
        return Unfit(f"sold by {', '.join(map(str, sizes))} chips together, not by {count}")
    return Counts([count], [])
