"""The server around the accelerators: an offer's share of its embodied emissions and power."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.accelerators import Embodied
from greenai_infra.catalog.read import table

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer

_COLUMNS = (
    "provider", "family", "chips_per_server", "embodied_kg", "embodied_kg_low", "embodied_kg_high",
    "embodied_boundary", "embodied_year", "embodied_source", "power_w", "power_source", "note",
)  # fmt: skip
_ANY_FAMILY = "*"


class Host(Struct, frozen=True):
    """A whole server without its accelerators (unless `embodied.boundary` says otherwise)."""

    provider: str
    family: str
    chips_per_server: int
    embodied: Embodied
    note: str


def find_host(offer: Offer) -> Host:
    """The server that an offer's instance runs on, by the longest matching family name; else the generic server."""
    fitting = [host for host in _hosts() if _is_of(offer, host)]
    return max(fitting, key=lambda host: len(host.family.removeprefix(_ANY_FAMILY)))


def host_embodied(offer: Offer, chip: Accelerator) -> Embodied | None:
    """The offer's share of its server, in kgCO2e: embodied x chips of the offer / chips of the server (SCI's RS).

    None for TPUs: their chip figures already include the host's share.
    """
    if chip.embodied.holds_host:
        return None
    host = find_host(offer)
    share = offer.accelerators / host.chips_per_server
    whole = host.embodied
    return Embodied(whole.kg * share, whole.low * share, whole.high * share, whole.boundary, whole.year, whole.source)


def embodied_parts(
    offer: Offer, chip: Accelerator, chips: float, instances: float
) -> list[tuple[str, Embodied, float]]:
    """The reserved hardware: name, embodied kg CO2e each, number."""
    host = host_embodied(offer, chip)
    of_chips = (chip.name, chip.embodied, chips)
    if host is None:
        return [of_chips]
    of_hosts = ("its server", host, instances)
    return [of_hosts] if host.boundary.startswith("whole platform") else [of_chips, of_hosts]


def _is_of(offer: Offer, host: Host) -> bool:
    """`p4d` covers `p4d.24xlarge` but not `p4de.24xlarge`; `a2-highgpu` covers `a2-highgpu-8g`."""
    if host.provider != offer.provider or host.family == _ANY_FAMILY:
        return host.provider == offer.provider
    rest = offer.instance_type.removeprefix(host.family)
    return rest != offer.instance_type and rest[:1] in (".", "-", "+")


@cache
def _hosts() -> tuple[Host, ...]:
    return tuple(
        Host(
            provider=row.text("provider"),
            family=row.text("family"),
            chips_per_server=row.integer("chips_per_server"),
            embodied=Embodied(
                kg=row.number("embodied_kg"),
                low=row.number("embodied_kg_low"),
                high=row.number("embodied_kg_high"),
                boundary=row.text("embodied_boundary"),
                year=row.integer("embodied_year"),
                source=row.text("embodied_source"),
            ),
            note=row.text("note"),
        )
        for row in table("hosts.csv", _COLUMNS)
    )
