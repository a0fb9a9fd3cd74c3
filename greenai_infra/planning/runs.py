"""How one instance type would run a workload, wherever it is offered: chips, hours, power - or why it can't."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from greenai_infra.catalog.accelerators import Accelerator, find_accelerator
from greenai_infra.catalog.hosts import host_embodied
from greenai_infra.errors import InputError
from greenai_infra.footprint import inference, training
from greenai_infra.footprint.equation import HOURS_PER_YEAR
from greenai_infra.footprint.estimate import Estimate

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.workload import Workload

MAX_CHIPS = 1024
MAX_SERVING_CHIPS = 1_000_000
MIN_RUN_HOURS = 1 / 3600  # times are written in whole seconds
CLUSTER_CHIPS = 8  # instances with fewer chips have no fabric for training across instances


@dataclass(frozen=True, slots=True)
class Run:
    """A workload on `accelerators` chips of `instances` machines.

    `power_kw` is the mean IT power at the servers' wall, before PUE. `embodied_kg_per_hour` is the share of making the
    hardware, None where no figure is published. `notes` say what was estimated.
    """

    instances: int
    accelerators: int
    hours: Estimate
    power_kw: Estimate
    embodied_kg_per_hour: Estimate | None
    notes: tuple[str, ...]

    @property
    def energy_kwh(self) -> Estimate:
        """IT energy of the run without interruption."""
        return self.power_kw * self.hours


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why an instance type can't run the workload."""

    reason: str


def run_on(workload: Workload, offer: Offer, chip: Accelerator, longest_hours: float | None) -> Run | Unfit:
    """The run of a workload on one kind of offer; it grows to meet `longest_hours` if the workload sets no count."""
    if workload.kind not in chip.uses:
        return Unfit(f"not for {workload.kind}")
    measured = workload.work.measured or workload.work.measured_request
    if measured is not None and find_accelerator(measured.accelerator).name != chip.name:
        return Unfit(f"measured on {measured.accelerator} only")
    if measured is None and workload.hardware.precision not in chip.tflops:
        return Unfit(f"no {workload.hardware.precision}")
    if workload.kind == "inference":
        return _serving_run(workload, offer, chip)
    return _training_run(workload, offer, chip, longest_hours)


def _training_run(workload: Workload, offer: Offer, chip: Accelerator, longest_hours: float | None) -> Run | Unfit:
    measured = workload.work.measured
    sizes = _chip_counts(offer, measured.count if measured else workload.hardware.count)
    if isinstance(sizes, Unfit):
        return sizes
    needed_gb = _training_memory_gb(workload)
    reason = ""
    for chips in sizes:
        if needed_gb > chips * chip.memory_gb:
            reason = f"needs {needed_gb:,.0f} GB, {chips} x {chip.name} have {chips * chip.memory_gb:,.0f} GB"
            continue
        hours, notes = _training_hours(workload, chip, chips)
        if hours.value < MIN_RUN_HOURS:
            return Unfit(f"takes {hours.value * 3600:.1g} s: too short to plan, check work")
        if longest_hours is not None and hours.value > longest_hours and chips != sizes[-1]:
            continue
        power_kw = (
            Estimate.exact(measured.energy_kwh / measured.hours)
            if measured
            else training.node_power_kw(chips, _chip_power_w(chip))
        )
        if not measured:
            notes += ("power is a share of rated chip power, not measured", *_power_note(chip))
        return _run(offer, chip, chips, hours, power_kw, notes)
    return Unfit(reason)


def _training_hours(workload: Workload, chip: Accelerator, chips: int) -> tuple[Estimate, tuple[str, ...]]:
    work, precision = workload.work, workload.hardware.precision
    if work.measured:
        return Estimate.exact(work.measured.hours), ("energy and hours as measured in an earlier run",)
    peak = chip.tflops[precision]
    if work.accelerator_hours:
        stated = find_accelerator(work.accelerator_hours.accelerator)
        hours = work.accelerator_hours.hours / chips
        if stated.name == chip.name:
            return Estimate.exact(hours), ()
        if precision not in stated.tflops:
            raise InputError(
                f"work.accelerator_hours: {stated.name} has no {precision}, so its hours can't be scaled to others; "
                f"set hardware.precision to one of {', '.join(stated.tflops) or 'none: state work.model'}"
            )
        ratio = stated.tflops[precision] / peak
        note = f"hours scaled from {stated.name} by peak {precision} FLOPS"
        return Estimate.of("chip_scaling_band") * (hours * ratio), (note,)
    assert work.model is not None
    utilisation = Estimate.exact(work.model.mfu) if work.model.mfu else Estimate.of("model_flops_utilisation")
    notes = () if work.model.mfu else (f"MFU {utilisation.value} assumed, not measured",)
    flops = training.training_flops(work.model.parameters, work.model.tokens, work.model.method)
    return training.chip_hours(flops, peak, utilisation) / chips, notes


def _training_memory_gb(workload: Workload) -> float:
    model = workload.work.model
    if model is None:
        return 0.0
    return training.model_memory_gb(model.total_parameters or model.parameters, model.method)


def _chip_counts(offer: Offer, count: int | None) -> list[int] | Unfit:
    """Numbers of chips to try, ascending: the stated count, else one machine, then more where a fabric joins them."""
    unit = offer.accelerators
    if offer.per_chip:
        if count is not None:
            small = count < offer.minimum_chips
            return Unfit(f"smallest slice is {offer.minimum_chips} chips, not {count}") if small else [count]
        return [n for n in (2**power for power in range(11)) if offer.minimum_chips <= n <= MAX_CHIPS]
    if count is not None:
        return [count] if count % unit == 0 else Unfit(f"sold by {unit}, which does not divide {count}")
    if unit < CLUSTER_CHIPS:
        return [unit]
    return [unit * 2**power for power in range(11) if unit * 2**power <= MAX_CHIPS]


def _serving_run(workload: Workload, offer: Offer, chip: Accelerator) -> Run | Unfit:
    rate, hours = workload.work.requests_per_second, workload.work.serve_hours
    assert rate is not None
    assert hours is not None
    measured = workload.work.measured_request
    if measured is not None:
        busy = _units(rate / measured.requests_per_second_per_accelerator)
        chips = _reserved(offer, busy, 1, workload.hardware.count)
        if isinstance(chips, Unfit):
            return chips
        hosted = chips if measured.boundary == "accelerator" else chips - busy
        power_kw = measured.joules * rate / 1000.0 + inference.replica_power_kw(hosted, 0.0)
        power_kw += (chips - busy) * inference.idle_power_w(chip) / 1000.0
        note = f"J per request as measured ({measured.boundary})"
        return _run(offer, chip, chips, Estimate.exact(hours), Estimate.exact(power_kw), (note,))
    size = workload.work.served_model
    assert size is not None
    model = inference.ServedModel(
        size.parameters,
        size.active_parameters or size.parameters,
        size.kv_bytes_per_token,
        workload.hardware.precision,
    )
    traffic = inference.Traffic(size.input_tokens, size.output_tokens, size.batch)
    needed_gb = inference.serving_memory_gb(model, traffic)
    replica_chips = 1
    largest = MAX_CHIPS if offer.per_chip else offer.accelerators
    while needed_gb > replica_chips * chip.memory_gb:
        replica_chips *= 2
        if replica_chips > largest:
            held = replica_chips // 2
            return Unfit(f"needs {needed_gb:,.0f} GB, {held} x {chip.name} have {held * chip.memory_gb:,.0f} GB")
    one = inference.serve(model, traffic, chip, replica_chips)
    replicas = _units(rate / one.requests_per_second)
    chips = _reserved(offer, replicas, replica_chips, workload.hardware.count)
    if isinstance(chips, Unfit):
        return chips
    load = rate / (replicas * one.requests_per_second)
    busy_w = load * one.chip_power_w + (1 - load) * inference.idle_power_w(chip)
    idle_w = (chips - replicas * replica_chips) * inference.idle_power_w(chip)
    power_kw = inference.replica_power_kw(chips, 0.0) + (replicas * replica_chips * busy_w + idle_w) / 1000.0
    notes = ("energy from an uncalibrated roofline: measure before you rely on it", *_power_note(chip))
    return _run(offer, chip, chips, Estimate.exact(hours), Estimate.of("roofline_band") * power_kw, notes)


def _units(wanted: float) -> int:
    """Whole units for a rate; as many as may be planned at most, which `_reserved` refuses."""
    return max(1, ceil(min(wanted, MAX_SERVING_CHIPS + 1) - 1e-9))


def _reserved(offer: Offer, replicas: int, replica_chips: int, count: int | None) -> int | Unfit:
    """Chips that are reserved for replicas that each stay within one machine: whole machines, or the stated count."""
    unit = 1 if offer.per_chip else offer.accelerators
    machines = replicas * replica_chips if offer.per_chip else ceil(replicas / (unit // replica_chips))
    needed = max(machines * unit, offer.minimum_chips)
    if needed > MAX_SERVING_CHIPS:
        return Unfit(f"the request rate needs more than {MAX_SERVING_CHIPS:,} chips")
    if count is None:
        return needed
    if count % unit:
        return Unfit(f"sold by {unit}, which does not divide {count}")
    return count if count >= needed else Unfit(f"needs {needed} chips for the request rate, not {count}")


def _chip_power_w(chip: Accelerator) -> Estimate:
    return Estimate(chip.power_w, chip.power_w_low, chip.power_w_high)


def _power_note(chip: Accelerator) -> tuple[str, ...]:
    return () if chip.tdp_w is not None else (f"{chip.name}: power is not published, an estimate is used",)


def _run(
    offer: Offer, chip: Accelerator, chips: int, hours: Estimate, power_kw: Estimate, notes: tuple[str, ...]
) -> Run:
    instances = chips if offer.per_chip else chips // offer.accelerators
    embodied, missing = _embodied(offer, chip, chips, instances)
    lifetime_hours = Estimate.of("hardware_lifetime_years").value * HOURS_PER_YEAR
    per_hour = embodied / lifetime_hours if embodied else None
    return Run(instances, chips, hours, power_kw, per_hour, (*notes, *missing))


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
