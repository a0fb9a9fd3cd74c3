"""A run of a workload on an instance type, and its parts that do not depend on the kind of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.hosts import embodied_parts
from greenai_infra.footprint.equation import HOURS_PER_YEAR
from greenai_infra.footprint.estimate import Estimate

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer

MAX_CHIPS = 1024


class Run(Struct, frozen=True):
    """A workload on `accelerators` chips of `instances` machines.

    `power_kw` is the mean IT power at the servers' wall, before PUE. `embodied_kg_per_hour` is the hardware's embodied
    emissions spread over its lifetime; `embodied_is_estimate` says that part of it is an estimate, not published.
    `notes` say what was estimated. `answer_ms` is the time of a request under the planned load, None for training and
    where unknown.
    """

    instances: int
    accelerators: int
    hours: Estimate
    power_kw: Estimate
    embodied_kg_per_hour: Estimate
    notes: tuple[str, ...]
    answer_ms: float | None = None
    embodied_is_estimate: bool = False

    @property
    def energy_kwh(self) -> Estimate:
        """IT energy of the run without interruption."""
        return self.power_kw * self.hours


class Unfit(Struct, frozen=True):
    """Why an instance type can't run the workload."""

    reason: str


def power_note(chip: Accelerator) -> tuple[str, ...]:
    """A note if the chip's power is not published."""
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
    """The run on that many chips, with its machines and their embodied share."""
    instances = chips if offer.per_chip else chips // offer.accelerators
    parts = embodied_parts(offer, chip, chips, instances)
    embodied = Estimate.exact(0.0)
    for _, made, count in parts:
        embodied += Estimate(made.kg, made.low, made.high) * count
    lifetime_hours = Estimate.of("hardware_lifetime_years") * HOURS_PER_YEAR
    estimated = [what for what, made, _ in parts if made.is_estimate]
    if estimated:
        notes += (f"the embodied share of {' and '.join(estimated)} is an estimate: it is not published",)
    return Run(instances, chips, hours, power_kw, embodied / lifetime_hours, notes, answer_ms, bool(estimated))
