"""What a resource draws and costs while it exists, as far as known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.footprint.estimate import Estimate


@dataclass(frozen=True)
class Charge:
    """Power in W (IT, before PUE) and USD a month. None means not known, never zero; `note` then says why.

    `what` is the resource in a few words; the sources say where a figure comes from, or why it is zero. `usd_band` is
    the band of an estimated price, None for a list price.
    """

    what: str
    power_w: float | None
    usd_per_month: float | None
    energy_source: str = ""
    price_source: str = ""
    note: str = ""
    usd_band: Estimate | None = None


@dataclass(frozen=True)
class Surroundings:
    """The other resources of the stack, by URN and as a list, for figures that need several resources."""

    resources: Sequence[DeclaredResource]
    by_urn: Mapping[str, DeclaredResource]


if TYPE_CHECKING:
    Rule = Callable[[DeclaredResource, Surroundings], Charge]


def nothing(what: str, why: str) -> Charge:
    """A known zero."""
    return Charge(what, 0.0, 0.0, energy_source=why, price_source=why)


def unknown(what: str, why: str) -> Charge:
    """A charge of unknown power and price."""
    return Charge(what, None, None, note=why)
