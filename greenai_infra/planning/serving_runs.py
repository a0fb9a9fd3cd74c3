"""How an instance type would serve an inference workload: replicas, chips, power, time of an answer.

There are enough replicas to keep the busiest hour below `serving_peak_load` of the rate of full batches, so that
requests find a place. Replicas stay up all the time: below the peak they run smaller batches, which cost more energy
per token, and a replica without requests draws idle power. Of the possible numbers of chips per replica, the number
with the least power is chosen.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.catalog.idle_power import idle_power
from greenai_infra.estimates.serving import ServingRow, set_up
from greenai_infra.footprint import inference
from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.host_power import host_power_w
from greenai_infra.numbers import counted
from greenai_infra.planning.run_parts import MAX_CHIPS, Run, Unfit, make_run, power_note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.estimates.serving import SetUp
    from greenai_infra.planning.workload import Workload
    from greenai_infra.planning.workload_parts import Hardware
    from greenai_infra.planning.workload_work import Work

MAX_SERVING_CHIPS = 1_000_000
BATCHES = np.array(sorted({float(f * 2**power) for power in range(13) for f in (1, 1.5) if f * 2**power >= 1} - {1.5}))
"""Largest batches that are tried where the workload states no batch: 1, 2, 3, 4, 6, 8, 12 ... 6144."""


class _Choice(NamedTuple):
    """One way to serve: chips per replica, its largest batch, replicas, mean watts per chip, answer time."""

    replica_chips: int
    batch: float
    replicas: int
    reserved: int
    chip_w: float
    mean_batch: float
    answer_ms: float
    power_kw: float


def serving_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    """The run of an inference workload on one kind of offer, or why it can't run there."""
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
    peak = max(rates(workload.work))
    busy = _units(peak / measured.requests_per_second_per_accelerator)
    chips = _reserved(offer, busy, 1, workload.hardware)
    if isinstance(chips, Unfit):
        return chips
    hosted = chips if measured.boundary == "accelerator" else chips - busy
    power_kw = measured.joules * rate / 1000.0 + host_power_w(hosted) / 1000.0
    power_kw += (chips - busy * rate / peak) * idle_power(chip).watts / 1000.0
    note = f"J per request as measured ({measured.boundary})"
    power = Estimate.exact(power_kw)
    return make_run(offer, chip, chips, Estimate.exact(hours), power, (note,), measured.answer_ms)


def _modelled_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    hours, size = workload.work.serve_hours, workload.work.served_model
    assert hours is not None
    assert size is not None
    row = ServingRow(
        model=size.model or "",
        accelerator=chip.name,
        precision=workload.hardware.precision,
        engine=size.engine,
        parameters=size.parameters,
        active_parameters=size.active_parameters,
        kv_bytes_per_token=size.kv_bytes_per_token,
    )
    of = set_up(row)
    chosen = _best(workload, offer, chip, of)
    if isinstance(chosen, Unfit):
        return chosen
    gpu_kw = chosen.replicas * chosen.replica_chips * chosen.chip_w / 1000.0
    band = Estimate(1.0, of.band[0], of.band[1])
    idle, idle_chips = idle_power(chip), chosen.reserved - chosen.replicas * chosen.replica_chips
    power = band * gpu_kw + Estimate(idle.watts, idle.low, idle.high) * (idle_chips / 1000.0)
    power += Estimate.of("host_power_kw_per_8_chips") * (chosen.reserved / 8)
    notes = (_shape_note(workload.work, chip, chosen), *of.notes, *power_note(chip))
    return make_run(offer, chip, chosen.reserved, Estimate.exact(hours), power, notes, chosen.answer_ms)


def _best(workload: Workload, offer: Offer, chip: Accelerator, of: SetUp) -> _Choice | Unfit:
    """The choice with the least power among those within the memory and latency bounds; then the fewest chips."""
    largest, tried = MAX_CHIPS if offer.per_chip else offer.accelerators, []
    for replica_chips in (2**power for power in range(largest.bit_length())):
        tried.append(_choice(workload, offer, chip, of, replica_chips))
    found = [choice for choice in tried if isinstance(choice, _Choice)]
    if found:
        return min(found, key=lambda choice: (choice.power_kw, choice.reserved))
    unfit = tried[-1]
    assert isinstance(unfit, Unfit)
    return unfit


def _choice(workload: Workload, offer: Offer, chip: Accelerator, of: SetUp, replica_chips: int) -> _Choice | Unfit:
    """Serving by replicas of that many chips, or why that is impossible.

    The largest batch within both bounds is the best: it needs the fewest replicas, and these run the largest batches at
    any load, which cost the least energy per token.
    """
    work = workload.work
    traffic = _traffic(work)
    needed_gb = inference.memory_gb(of.model, traffic)
    fits = needed_gb <= replica_chips * chip.memory_gb
    if not fits.any():
        have = f"{replica_chips} x {chip.name} have {replica_chips * chip.memory_gb:,.0f} GB"
        return Unfit(f"needs {needed_gb.min():,.0f} GB, {have}")
    full = inference.serve(of.model, traffic, of.chip, replica_chips, of.coefficients)
    answers_ms, bound = inference.answer_ms(full, traffic), work.latency_bound_ms
    good = np.flatnonzero(fits if bound is None else fits & (answers_ms <= bound))
    if not good.size:
        fastest = f"{answers_ms[fits].min():,.0f} ms on {replica_chips} x {chip.name}"
        return Unfit(f"an answer takes {fastest}, the bound is {bound:,.0f} ms")
    best = good[-1]
    by_hour = np.array(rates(work))
    peak_load = constant("serving_peak_load").value
    replicas = _units(by_hour.max() / (peak_load * float(full.requests_per_second[best])))
    reserved = _reserved(offer, replicas, replica_chips, workload.hardware)
    if isinstance(reserved, Unfit):
        return reserved

    smaller = traffic._replace(batch=BATCHES)
    below = inference.serve(of.model, smaller, of.chip, replica_chips, of.coefficients)
    running, idle_w = _running_batch(by_hour / replicas, below), idle_power(chip).watts
    busy = np.minimum(1.0, running)  # below one running request the replica waits for the rest of the time
    busy_w = np.interp(np.maximum(running, 1.0), BATCHES, below.chip_power_w)
    chip_w = float(np.mean(busy * busy_w + (1 - busy) * idle_w))
    power_w = replicas * replica_chips * chip_w + (reserved - replicas * replica_chips) * idle_w
    return _Choice(
        replica_chips=replica_chips,
        batch=float(traffic.batch[best]),
        replicas=replicas,
        reserved=reserved,
        chip_w=chip_w,
        mean_batch=float(np.average(running, weights=by_hour)),
        answer_ms=float(answers_ms[best]),
        power_kw=(power_w + host_power_w(reserved)) / 1000.0,
    )


def _running_batch(rate: NDArray[np.float64], below: inference.Serving) -> NDArray[np.float64]:
    """Concurrent requests of a replica that answers `rate` per second; below 1 it is the share of time it is busy."""
    lowest = below.requests_per_second[0]
    running: NDArray[np.float64] = np.where(
        rate < lowest, rate / lowest, np.interp(rate, below.requests_per_second, BATCHES)
    )
    return running


def _traffic(work: Work) -> inference.Traffic:
    size = work.served_model
    assert size is not None
    output = size.output_tokens + size.reasoning_tokens
    batch = BATCHES if size.batch is None else np.array([size.batch])
    return inference.Traffic(size.input_tokens, output, batch, size.cached_tokens)


def rates(work: Work) -> tuple[float, ...]:
    """Requests per second in each hour of the day, or a single rate; a peak factor makes 1 high and 23 low hours."""
    rate = work.requests_per_second
    assert rate is not None
    if work.hourly_profile is not None:
        scale = 24 / sum(work.hourly_profile)
        return tuple(rate * share * scale for share in work.hourly_profile)
    if work.peak_factor is None or work.peak_factor == 1:
        return (rate,)
    return (rate * work.peak_factor, *([rate * (24 - work.peak_factor) / 23] * 23))


def _shape_note(work: Work, chip: Accelerator, chosen: _Choice) -> str:
    peak = "" if work.hourly_profile or work.peak_factor else " (no peak stated: the mean rate, with a margin)"
    return (
        f"{counted(chosen.replicas, 'replica')} of {chosen.replica_chips} x {chip.name}, batches of up to "
        f"{chosen.batch:g}{peak}; at the mean load {chosen.mean_batch:.2g} requests run at once on each"
    )


def _units(wanted: float) -> int:
    """Whole units for a rate, capped just above the planning limit, which `_reserved` refuses."""
    return max(1, ceil(min(wanted, MAX_SERVING_CHIPS + 1) - 1e-9))


def _reserved(offer: Offer, replicas: int, replica_chips: int, hardware: Hardware) -> int | Unfit:
    """Chips reserved for replicas, each within one machine: whole machines, or the stated count."""
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
