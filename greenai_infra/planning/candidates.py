"""Every region x offer that could run a workload, each marked with the workload's constraints that remove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.accelerators import Accelerator, find_accelerator
from greenai_infra.catalog.availability import Availabilities, Availability, Offered
from greenai_infra.catalog.egress import egress_price
from greenai_infra.catalog.regions import Region, regions
from greenai_infra.catalog.sagemaker import is_sagemaker_hosting, is_sagemaker_training
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.planning.run_parts import Run, Unfit
from greenai_infra.planning.runs import runs_on
from greenai_infra.planning.standing import Standing, StandingCosts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.workload import Workload

PLACE_RULES = frozenset({"where.providers", "where.allow", "where.deny", "where.residency"})
HARDWARE_RULES = frozenset({"hardware.accelerators", "hardware.instance_types"})


AVAILABILITY = "hardware.availability"
_OFFERED = Availability(Offered.YES)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of the workload on one offer in one region. `removed_by` is empty for one that may be chosen."""

    region: Region
    offer: Offer
    chip: Accelerator
    run: Run
    usd_per_hour: float
    transfer_kwh: float
    transfer_usd: float
    removed_by: frozenset[str]
    availability: Availability = _OFFERED
    standing: Standing | None = None
    """Standing cost of its stack; None where unknown."""

    @property
    def cost_usd(self) -> float:
        """Cost of a run without a break, with data transfer and standing cost."""
        return self.usd(self.run.hours.value)

    @property
    def standing_usd_per_hour(self) -> float:
        """The known part of the standing cost."""
        return self.standing.usd_per_hour.value if self.standing else 0.0

    def usd(self, hours: float) -> float:
        """Cost of that many hours, with data transfer and standing cost."""
        return (self.usd_per_hour + self.standing_usd_per_hour) * hours + self.transfer_usd


class Misfit(Struct, frozen=True):
    """An instance type that can't run the workload anywhere, and why."""

    instance_type: str
    accelerator: str
    reason: str


class Field(Struct, frozen=True):
    """All candidates, the instance types that can't run the workload, and offers without the requested price.

    `unpriced_machines` are accelerator and instance type of the offers without that price.
    """

    candidates: tuple[Candidate, ...]
    misfits: tuple[Misfit, ...]
    unpriced: tuple[str, ...]
    unpriced_machines: frozenset[tuple[str, str]]


def find_candidates(workload: Workload, offers: Sequence[Offer], longest_hours: float | None) -> Field:
    """All candidates of a workload. Raises InputError for an unknown region, chip or country in the workload."""
    rules = PlaceRules(workload)
    wanted = workload.resolved.chips
    instance_types = workload.hardware.instance_types
    known = {(region.provider, region.name): region for region in regions()}
    availabilities, costs = Availabilities(workload.kind), StandingCosts(workload)
    runs: dict[tuple[str, str], tuple[Accelerator, tuple[Run, ...] | Unfit]] = {}
    candidates, unpriced, unpriced_machines = [], [], set()
    for offer in offers:
        region = known.get((offer.provider, offer.region))
        if region is None:
            continue
        kind = (offer.provider, offer.instance_type)
        if kind not in runs:
            chip = find_accelerator(offer.accelerator)
            runs[kind] = chip, _runs_of(workload, offer, chip, longest_hours)
        chip, found = runs[kind]
        if isinstance(found, Unfit):
            continue
        price = offer.usd_per_hour_spot if workload.hardware.purchase == "spot" else offer.usd_per_hour_on_demand
        if price is None:
            unpriced.append(f"{region.key} {offer.instance_type}")
            unpriced_machines.add((offer.accelerator, offer.instance_type))
            continue
        removed = rules.removing(region)
        if offer.accelerator not in wanted:
            removed |= {"hardware.accelerators"}
        if instance_types is not None and offer.instance_type not in instance_types:
            removed |= {"hardware.instance_types"}
        available = availabilities.of(offer, region)
        if available.offered is Offered.NO and workload.hardware.availability == "listed":
            removed |= {AVAILABILITY}
        moved, standing = rules.transfer(region), costs.of(region, available.zones)
        candidates += [
            Candidate(region, offer, chip, run, price * run.instances, *moved, removed, available, standing)
            for run in found
        ]
    misfits = tuple(
        Misfit(instance_type, accelerator, found.reason)
        for (provider, instance_type), (_, found) in sorted(runs.items(), key=lambda item: item[0])
        if isinstance(found, Unfit)
        for accelerator in sorted(
            {o.accelerator for o in offers if (o.provider, o.instance_type) == (provider, instance_type)}
        )
    )
    return Field(tuple(candidates), misfits, tuple(sorted(unpriced)), frozenset(unpriced_machines))


def _runs_of(
    workload: Workload, offer: Offer, chip: Accelerator, longest_hours: float | None
) -> tuple[Run, ...] | Unfit:
    if offer.provider == "aws":
        usable = is_sagemaker_training if workload.kind == "training" else is_sagemaker_hosting
        if not usable(offer.instance_type):
            return Unfit(f"not a SageMaker {workload.kind} instance")
    return runs_on(workload, offer, chip, longest_hours)


class PlaceRules:
    """The workload's rules about regions, looked up once per region."""

    def __init__(self, workload: Workload) -> None:
        self._providers = frozenset(workload.where.providers)
        self._named = workload.resolved
        self._data = workload.data
        self._removing: dict[str, frozenset[str]] = {}
        self._transfer: dict[str, tuple[float, float]] = {}

    def removing(self, region: Region) -> frozenset[str]:
        """The constraints that remove a region."""
        if region.key not in self._removing:
            named = self._named
            broken = {
                "where.providers": region.provider not in self._providers,
                "where.allow": named.allow is not None and region not in named.allow,
                "where.deny": region in named.deny,
                "where.residency": named.countries is not None and region.country not in named.countries,
            }
            self._removing[region.key] = frozenset(name for name, is_broken in broken.items() if is_broken)
        return self._removing[region.key]

    def transfer(self, region: Region) -> tuple[float, float]:
        """kWh and USD of bringing the data to a region once."""
        origin = self._named.data_region
        if self._data is None or origin is None or region.key == origin.key:
            return 0.0, 0.0
        if region.key not in self._transfer:
            energy_kwh = Estimate.of("network_kwh_per_gb").value * self._data.size_gb
            price = egress_price(origin, region)
            self._transfer[region.key] = (energy_kwh, price.cost_usd(self._data.size_gb))
        return self._transfer[region.key]
