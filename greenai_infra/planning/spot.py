"""What a run on spot machines loses by interruptions.

An interruption throws a run back to its last checkpoint, half an interval on average, and a restart follows. The
machines of a run lie in one zone, and 92 % of the interruptions of a type and zone fall within three minutes (a study
of 2,635 interruptions, arXiv 2604.16457): the run is interrupted as often as one machine. The high end counts the
machines as independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.interruptions import ANY, InterruptionRate, interruption_rate
from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.planning.placements import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.workload import Workload


@dataclass(frozen=True, slots=True)
class SpotLoss:
    """The expected loss on top of a placement: `events` interruptions, each of which loses `hours_each`."""

    rate: InterruptionRate
    events: Estimate
    hours_each: Estimate
    hours: Estimate
    energy_kwh: Estimate
    emissions_kg: Estimate
    cost_usd: Estimate

    @property
    def is_known(self) -> bool:
        """Whether the rate belongs to the type or its family."""
        return self.rate.instance_type != ANY

    def as_document(self) -> dict[str, Any]:
        """The section `interruptions` of a plan document: the loss on top of the placement's figures."""
        rate = self.rate
        bands = {
            "expected": self.events,
            "lost_hours_each": self.hours_each,
            "run_hours": self.hours,
            "energy_kwh": self.energy_kwh,
            "emissions_kg": self.emissions_kg,
            "cost_usd": self.cost_usd,
        }
        return {
            "rate": {
                "of_instance_type": rate.instance_type if self.is_known else None,
                "per_machine_hour": rate.per_hour,
                "per_machine_hour_low": rate.low,
                "per_machine_hour_high": rate.high,
                "basis": rate.basis,
                "source": rate.source,
                "year": rate.year,
                "note": rate.note,
            },
            **{
                f"{name}{end}": getattr(band, attribute)
                for name, band in bands.items()
                for end, attribute in (("", "value"), ("_low", "low"), ("_high", "high"))
            },
        }


def spot_loss(workload: Workload, placement: Placement) -> SpotLoss | None:
    """The loss of a training placement on spot; None for on demand, and for an endpoint.

    Energy, kg and USD are those of the lost hours at the placement's power, intensity and price.
    """
    if workload.hardware.purchase != "spot" or workload.kind != "training":
        return None
    run, offer = placement.candidate.run, placement.candidate.offer
    rate = interruption_rate(offer.provider, offer.instance_type)
    machines = 1 if offer.per_chip else run.instances  # a TPU slice is taken back as a whole
    events = Estimate(
        rate.per_hour * placement.hours, rate.low * placement.hours, rate.high * placement.hours * machines
    )
    each = Estimate.of("checkpoint_interval_hours") * 0.5 + _restart_hours(workload)
    hours = events * each
    return SpotLoss(
        rate=rate,
        events=events,
        hours_each=each,
        hours=hours,
        energy_kwh=hours * (placement.energy_kwh / placement.hours),
        emissions_kg=hours * ((placement.operational_kg + placement.embodied_kg) / placement.hours),
        cost_usd=hours * placement.candidate.usd_per_hour,
    )


def _restart_hours(workload: Workload) -> Estimate:
    rule = workload.when.interruptible
    if rule is None:
        return Estimate.of("run_start_hours")
    return Estimate.exact(rule.resume_overhead_minutes / 60)


def spot_notes(workload: Workload, placement: Placement, deadline_s: float | None) -> Iterator[str]:
    """Notes for a reader of a plan on spot."""
    offer = placement.candidate.offer
    if offer.spot_is_dearer:
        yield (
            f"spot is dearer than on demand there ({offer.usd_per_hour_spot:.2f} against "
            f"{offer.usd_per_hour_on_demand:.2f} USD/h): {offer.instance_type} in {placement.candidate.region.key}; "
            "plan with hardware.purchase: on_demand"
        )
    loss = spot_loss(workload, placement)
    if loss is None:
        yield "a spot machine may be taken back at any time: the endpoint is down until a new machine serves"
        return
    if not loss.is_known:
        yield f"how often {offer.instance_type} is taken back on spot is unknown: {loss.rate.note}"
    if deadline_s is not None and placement.slices[-1][1] + loss.hours.value * SECONDS_PER_HOUR > deadline_s:
        yield f"with the {loss.hours.value:.2g} h that interruptions are expected to add it would miss its deadline"
    if workload.when.interruptible is None:
        hours = constant("checkpoint_interval_hours").value
        yield (
            f"the loss by interruptions holds if the run checkpoints every {hours:g} h; without checkpoints each "
            "interruption loses all work so far"
        )
