"""How one instance type would run a workload, wherever it is offered: chips, hours, power - or why it can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.accelerators import Accelerator, find_accelerator
from greenai_infra.errors import InputError
from greenai_infra.footprint import training
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.planning.run_parts import MAX_CHIPS, Run, Unfit, make_run, power_note
from greenai_infra.planning.serving_runs import serving_run

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.workload import Workload

MIN_RUN_HOURS = 1 / 3600  # times are written in whole seconds
CLUSTER_CHIPS = 8  # instances with fewer chips have no fabric for training across instances


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
        return serving_run(workload, offer, chip)
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
            notes += ("power is a share of rated chip power, not measured", *power_note(chip))
        return make_run(offer, chip, chips, hours, power_kw, notes)
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


def _chip_power_w(chip: Accelerator) -> Estimate:
    return Estimate(chip.power_w, chip.power_w_low, chip.power_w_high)
