"""A region for estimates: its grid's yearly mean, its PUE, a chip's cheapest offer and its embodied share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.hosts import embodied_parts
from greenai_infra.catalog.offers import machines_text, offers
from greenai_infra.catalog.regions import find_region
from greenai_infra.catalog.tables import lifecycle
from greenai_infra.errors import InputError
from greenai_infra.footprint.equation import HOURS_PER_YEAR
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.numbers import counted

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer


@dataclass(frozen=True, slots=True)
class Grid:
    """A region with the newest embedded yearly mean of its grid zone: location-based, average signal."""

    region: str
    zone: str
    pue: float
    pue_year: int
    pue_is_fleet_mean: bool
    g_per_kwh: float
    year: int
    basis: str
    source: str

    @property
    def pue_text(self) -> str:
        """The PUE with its year and scope."""
        return f"{self.pue:g} ({self.pue_year}{', mean of the fleet' if self.pue_is_fleet_mean else ''})"

    @property
    def intensity_text(self) -> str:
        """The intensity with zone, year, basis and source."""
        return f"{self.g_per_kwh:g} g/kWh, {self.zone}, mean of {self.year}, average, {self.basis}; {self.source}"


class Share(NamedTuple):
    """Chips of an offer: USD per hour at list price on demand, what is bought, and embodied kg CO2e per hour."""

    offer: Offer
    usd_per_hour: float
    embodied_kg_per_hour: Estimate
    embodied_is_estimate: bool

    @property
    def source(self) -> str:
        """The price with its day."""
        chips = self.offer.minimum_chips if self.offer.per_chip else self.offer.accelerators
        machine = machines_text(self.offer, chips if self.offer.per_chip else 1)
        return f"share of {machine} ({counted(chips, 'chip')}) on demand, list price read {self.offer.priced_on}"


def grid_of(region: str) -> Grid:
    """The region of that name. Raises InputError for an unknown region, or a region without a yearly mean."""
    found = find_region(region)
    mean = lifecycle(found.zone)
    if mean is None:
        raise InputError(f"{found.key}: the yearly mean of its grid zone {found.zone} is unknown")
    return Grid(
        region=found.key,
        zone=found.zone,
        pue=found.pue,
        pue_year=found.pue_year,
        pue_is_fleet_mean=found.pue_is_fleet_mean,
        g_per_kwh=mean.g_per_kwh,
        year=mean.year,
        basis=mean.basis.value,
        source=mean.source,
    )


def offers_of(chip: Accelerator, region: str | None = None) -> list[Offer]:
    """Offers of a chip with a price on demand, in a region (such as `aws:eu-north-1`) or anywhere."""
    return [
        offer
        for offer in offers()
        if offer.accelerator == chip.name
        and offer.usd_per_hour_on_demand is not None
        and region in (None, f"{offer.provider}:{offer.region}")
    ]


def embodied_kg_per_chip_hour(chip: Accelerator) -> float:
    """The chip alone, without a server, over its lifetime."""
    return chip.embodied.kg / (Estimate.of("hardware_lifetime_years").value * HOURS_PER_YEAR)


def cheapest_share(chip: Accelerator, chips: int, region: str) -> Share | None:
    """Chips of the offer with the lowest price per chip, among offers with room for all; None without an offer."""
    known = offers_of(chip, region)
    if not known:
        return None
    roomy = [offer for offer in known if offer.per_chip or offer.accelerators >= chips]
    offer = min(
        roomy or known, key=lambda offer: ((offer.usd_per_hour_on_demand or 0) / offer.accelerators, offer.accelerators)
    )
    machines = chips / offer.accelerators
    parts = embodied_parts(offer, chip, chips, machines)
    kg = Estimate.exact(0.0)
    for _, made, number in parts:
        kg += Estimate(made.kg, made.low, made.high) * number
    hours = Estimate.of("hardware_lifetime_years") * HOURS_PER_YEAR
    usd = (offer.usd_per_hour_on_demand or 0.0) * machines
    return Share(offer, usd, kg / hours, any(made.is_estimate for _, made, _ in parts))
