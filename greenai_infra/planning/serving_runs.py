"""How one instance type would serve an inference workload: replicas, chips, power, time of an answer."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from greenai_infra.footprint import inference
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.planning.run_parts import MAX_CHIPS, Run, Unfit, make_run, power_note

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.workload import Hardware, Workload
    from greenai_infra.planning.workload_work import ServedModelSize

MAX_SERVING_CHIPS = 1_000_000


def serving_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    """The run of an inference workload on one kind of offer, or why there is none."""
    if workload.work.measured_request is not None:
        return _measured_run(workload, offer, chip)
    return _modelled_run(workload, offer, chip)


def _measured_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    rate, hours, measured = workload.work.requests_per_second, workload.work.serve_hours, workload.work.measured_request
    assert rate is not None
    assert hours is not None
    assert measured is not None
    bound = workload.work.latency_bound_ms
    if bound is not None and measured.answer_ms is not None and measured.answer_ms > bound:
        return Unfit(f"an answer takes {measured.answer_ms:,.0f} ms as measured, the bound is {bound:,.0f} ms")
    busy = _units(rate / measured.requests_per_second_per_accelerator)
    chips = _reserved(offer, busy, 1, workload.hardware)
    if isinstance(chips, Unfit):
        return chips
    hosted = chips if measured.boundary == "accelerator" else chips - busy
    power_kw = measured.joules * rate / 1000.0 + inference.replica_power_kw(hosted, 0.0)
    power_kw += (chips - busy) * inference.idle_power_w(chip) / 1000.0
    note = f"J per request as measured ({measured.boundary})"
    power = Estimate.exact(power_kw)
    return make_run(offer, chip, chips, Estimate.exact(hours), power, (note,), measured.answer_ms)


def _modelled_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    rate, hours, size = workload.work.requests_per_second, workload.work.serve_hours, workload.work.served_model
    assert rate is not None
    assert hours is not None
    assert size is not None
    traffic = inference.Traffic(size.input_tokens, size.output_tokens, size.batch)
    replica = _replica(workload, size, traffic, offer, chip)
    if isinstance(replica, Unfit):
        return replica
    replica_chips, one = replica
    replicas = _units(rate / one.requests_per_second)
    chips = _reserved(offer, replicas, replica_chips, workload.hardware)
    if isinstance(chips, Unfit):
        return chips
    load = rate / (replicas * one.requests_per_second)
    busy_w = load * one.chip_power_w + (1 - load) * inference.idle_power_w(chip)
    idle_w = (chips - replicas * replica_chips) * inference.idle_power_w(chip)
    power_kw = inference.replica_power_kw(chips, 0.0) + (replicas * replica_chips * busy_w + idle_w) / 1000.0
    notes = ("energy from an uncalibrated roofline: measure before you rely on it", *power_note(chip))
    power = Estimate.of("roofline_band") * power_kw
    return make_run(offer, chip, chips, Estimate.exact(hours), power, notes, inference.answer_ms(one, traffic))


def _replica(
    workload: Workload, size: ServedModelSize, traffic: inference.Traffic, offer: Offer, chip: Accelerator
) -> tuple[int, inference.Serving] | Unfit:
    """The fewest chips of one replica that hold the model and answer within the bound, and what they do."""
    model = inference.ServedModel(
        size.parameters,
        size.active_parameters or size.parameters,
        size.kv_bytes_per_token,
        workload.hardware.precision,
    )
    needed_gb, bound = inference.serving_memory_gb(model, traffic), workload.work.latency_bound_ms
    largest = MAX_CHIPS if offer.per_chip else offer.accelerators
    reason, chips = "", 1
    while chips <= largest:
        if needed_gb > chips * chip.memory_gb:
            reason = f"needs {needed_gb:,.0f} GB, {chips} x {chip.name} have {chips * chip.memory_gb:,.0f} GB"
        else:
            one = inference.serve(model, traffic, chip, chips)
            takes_ms = inference.answer_ms(one, traffic)
            if bound is None or takes_ms <= bound:
                return chips, one
            reason = f"an answer takes {takes_ms:,.0f} ms on {chips} x {chip.name}, the bound is {bound:,.0f} ms"
        chips *= 2
    return Unfit(reason)


def _units(wanted: float) -> int:
    """Whole units for a rate; as many as may be planned at most, which `_reserved` refuses."""
    return max(1, ceil(min(wanted, MAX_SERVING_CHIPS + 1) - 1e-9))


def _reserved(offer: Offer, replicas: int, replica_chips: int, hardware: Hardware) -> int | Unfit:
    """Chips that are reserved for replicas that each stay within one machine: whole machines, or the stated count."""
    count, most = hardware.count, hardware.max_count
    unit = 1 if offer.per_chip else offer.accelerators
    machines = replicas * replica_chips if offer.per_chip else ceil(replicas / (unit // replica_chips))
    needed = max(machines * unit, offer.minimum_chips)
    if needed > MAX_SERVING_CHIPS:
        return Unfit(f"the request rate needs more than {MAX_SERVING_CHIPS:,} chips")
    if most is not None and needed > most:
        return Unfit(f"needs {needed} chips for the request rate, hardware.max_count is {most}")
    if count is None:
        return needed
    if count % unit:
        return Unfit(f"sold by {unit}, which does not divide {count}")
    return count if count >= needed else Unfit(f"needs {needed} chips for the request rate, not {count}")
