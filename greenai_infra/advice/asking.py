"""From a workload file, or from options, to the machine and the load for the advice on serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.advice.served import Place, ServingMachine, Start, serving_machine
from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.regions import find_region
from greenai_infra.errors import InputError
from greenai_infra.estimates.serving import ServingRow
from greenai_infra.footprint import inference
from greenai_infra.intensity.model.values import Unavailable
from greenai_infra.intensity.sources.embedded import EmbeddedYear
from greenai_infra.planning.serving_runs import rates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.planner import Plan
    from greenai_infra.planning.workload import Workload
    from greenai_infra.planning.workload_work import ServedModelSize


@dataclass(frozen=True, slots=True)
class Served:
    """A machine in its place, and the workload's requests per hour of a day (empty from options)."""

    machine: ServingMachine
    place: Place | None
    profile: tuple[float, ...]


def served_by_plan(plan: Plan, start: Start, *, stays: bool) -> Served:
    """The machine that a plan has chosen. Raises InputError for a workload that does not name its model."""
    workload, chosen = plan.workload, plan.placement
    region, offer = chosen.candidate.region, chosen.candidate.offer
    row, traffic = served_row(workload, offer.accelerator)
    machine = serving_machine(
        row, traffic, offer=offer, start=start, stays=stays, latency_bound_ms=workload.work.latency_bound_ms
    )
    place = Place(region.key, region.pue, chosen.intensity_g_per_kwh, plan.chosen_series.provenance.source)
    return Served(machine, place, tuple(rate * 3600 for rate in rates(workload.work)))


def served_row(workload: Workload, accelerator: str) -> tuple[ServingRow, inference.Traffic]:
    """The served model of a workload on a chip, and its mean request. Raises InputError like `served_size`."""
    size = served_size(workload)
    row = ServingRow(
        model=size.model or "",
        accelerator=accelerator,
        precision=workload.hardware.precision,
        engine=size.engine,
        parameters=size.parameters,
        active_parameters=size.active_parameters,
        kv_bytes_per_token=size.kv_bytes_per_token,
    )
    output = size.output_tokens + size.reasoning_tokens
    return row, inference.Traffic(size.input_tokens, output, 1.0, size.cached_tokens)


def served_size(workload: Workload) -> ServedModelSize:
    """The served model of a workload. Raises InputError for training, and for a merely measured request."""
    if workload.kind != "inference":
        raise InputError(f"{workload.name} is a training workload: `advise serving` needs kind: inference")
    if workload.work.served_model is None:
        raise InputError(
            f"{workload.name} states work.measured_request: without work.served_model the start of its "
            "server is unknown; state the model with --model and --accelerator instead"
        )
    return workload.work.served_model


def served_by_options(
    row: ServingRow, traffic: inference.Traffic, region: str | None, offers: Sequence[Offer], as_of: datetime,
    start: Start, *, stays: bool,
) -> Served:  # fmt: skip
    """The cheapest machine with the chip in a region, or bare chips without one. Raises InputError."""
    if region is None:
        return Served(serving_machine(row, traffic, offer=None, start=start, stays=stays), None, ())
    found = find_region(region)
    intensity = EmbeddedYear(as_of).latest([found.zone])[found.zone]
    if isinstance(intensity, Unavailable):
        raise InputError(f"{found.key}: {intensity.reason}")
    place = Place(found.key, found.pue, intensity.g_per_kwh, intensity.provenance.source)
    chip = find_accelerator(row.accelerator).name
    needed = serving_machine(row, traffic, offer=None, start=start, stays=stays).chips
    there = [
        offer
        for offer in offers
        if (offer.provider, offer.region, offer.accelerator) == (found.provider, found.name, chip)
        and (offer.per_chip or offer.accelerators >= needed)
    ]
    listed = [offer for offer in there if offer.usd_per_hour_on_demand is not None]
    offer = min(listed, key=lambda one: (_machine_usd(one, needed), one.instance_type)) if listed else None
    return Served(serving_machine(row, traffic, offer=offer, start=start, stays=stays), place, ())


def _machine_usd(offer: Offer, needed: int) -> float:
    usd = offer.usd_per_hour_on_demand or 0.0
    return usd * max(needed, offer.minimum_chips) if offer.per_chip else usd
