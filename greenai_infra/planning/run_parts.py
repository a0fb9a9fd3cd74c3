"""What a run of a workload on one instance type is, and the parts of it that do not depend on the kind of work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.catalog.hosts import host_embodied
from greenai_infra.footprint.equation import HOURS_PER_YEAR
from greenai_infra.footprint.estimate import Estimate

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer

MAX_CHIPS = 1024


@dataclass(frozen=True, slots=True)
class Run:
    """A workload on `accelerators` chips of `instances` machines.

    `power_kw` is the mean IT power at the servers' wall, before PUE. `embodied_kg_per_hour` is the share of making the
    hardware, None where no figure is published. `notes` say what was estimated. `answer_ms` is how long one request
    takes under the planned load, None for training and where it is not known.
    """

    instances: int
    accelerators: int
    hours: Estimate
    power_kw: Estimate
    embodied_kg_per_hour: Estimate | None
    notes: tuple[str, ...]
    answer_ms: float | None = None

    @property
    def energy_kwh(self) -> Estimate:
        """IT energy of the run without interruption."""
        return self.power_kw * self.hours


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why an instance type can't run the workload."""

    reason: str


def power_note(chip: Accelerator) -> tuple[str, ...]:
    """What to say of a chip whose power is not published."""
    return () if chip.tdp_w is not None else (f"{chip.name}: power is not published, an estimate is used",)


def make_run(
    offer: Offer,
    chip: Accelerator,
    chips: int,
    hours: Estimate,
    power_kw: Estimate,
    notes: tuple[str, ...],
    answer_ms: float | None = None,
) -> Run:
    """The run on so many chips, with its machines and their embodied share."""
    instances = chips if offer.per_chip else chips // offer.accelerators
    embodied, missing = _embodied(offer, chip, chips, instances)
    lifetime_hours = Estimate.of("hardware_lifetime_years").value * HOURS_PER_YEAR
    per_hour = embodied / lifetime_hours if embodied else None
    return Run(instances, chips, hours, power_kw, per_hour, (*notes, *missing), answer_ms)


def _embodied(offer: Offer, chip: Accelerator, chips: int, instances: int) -> tuple[Estimate | None, tuple[str, ...]]:
    """kg CO2e of making the machines that are reserved, None if nothing is published, and what it leaves out."""
    host = host_embodied(offer)
    of_hosts = Estimate(host.kg, host.low, host.high) * instances if host else None
    if host and host.boundary.startswith("whole platform"):
        return of_hosts, ()
    if chip.embodied is None:
        note = f"{chip.name}: no embodied figure is published, so none is counted for the chip"
        return of_hosts, (note,)
    of_chips = Estimate(chip.embodied.kg, chip.embodied.low, chip.embodied.high) * chips
    if of_hosts:
        return of_chips + of_hosts, ()
    without_host = "host" not in chip.embodied.boundary
    return of_chips, ("embodied share holds the accelerators, not their host",) if without_host else ()
