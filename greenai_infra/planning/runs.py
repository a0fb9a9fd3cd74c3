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
    from greenai_infra.footprint.training_figures import TrainingFigure
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
            Estimate.exact(measured.energy_kwh / measured.hours) if measured else training.node_power_kw(chips, chip)
        )
        if not measured:
            notes += (_power_note(chip), *power_note(chip))
        return make_run(offer, chip, chips, hours, power_kw, notes)
    return Unfit(reason)


def _training_hours(workload: Workload, chip: Accelerator, chips: int) -> tuple[Estimate, tuple[str, ...]]:
    work, precision = workload.work, workload.hardware.precision
    if work.measured:
        return Estimate.exact(work.measured.hours), ("energy and hours as measured in an earlier run",)
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
        there, here = training.utilisation_of(stated), training.utilisation_of(chip)
        ratio = training.sustained_tflops(stated, precision, there.figure) / training.sustained_tflops(
            chip, precision, here.figure
        )
        note = f"hours scaled from {stated.name} by peak FLOPS x MFU: {_mfu_text(there)} there, {_mfu_text(here)} here"
        return ratio * hours, (note,)
    assert work.model is not None
    mixture = (work.model.total_parameters or 0) > work.model.parameters
    assumed = training.utilisation_of(chip, mixture=mixture)
    notes: tuple[str, ...] = () if work.model.mfu else (f"MFU {_mfu_text(assumed)}, not measured on your model",)
    speed_up = training.speed_up(precision, mixture=mixture)
    if speed_up.value != 1:
        notes += (f"{precision} taken as {speed_up.value:g} times as fast as 16 bits, as measured in other runs",)
    utilisation = Estimate.exact(work.model.mfu) if work.model.mfu else assumed.figure
    speed = training.sustained_tflops(chip, precision, utilisation) * speed_up
    flops = training.training_flops(work.model.parameters, work.model.tokens, work.model.method)
    return training.chip_hours(flops, speed) / chips, notes


def _mfu_text(one: TrainingFigure) -> str:
    """A utilisation with its band, and how it is known."""
    band = f"{one.figure.value:.2f} ({one.figure.low:.2f} to {one.figure.high:.2f})"
    return f"{band} as measured by others" if one.is_measured else f"{band} for want of a measured run"


def _power_note(chip: Accelerator) -> str:
    """How the power of a node was come by."""
    ratio = training.node_power_of(chip)
    nodes = "nodes were measured to draw" if ratio.is_measured else "nodes of other chips were measured to draw"
    return f"power is {ratio.figure.value:g} x rated chip power, which {nodes} at the wall"


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
