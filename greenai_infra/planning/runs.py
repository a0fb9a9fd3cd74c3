"""How one instance type would run a workload, wherever it is offered: chips, hours, power - or why it can't."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.footprint import training
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.planning.counts import counts_of, nodes_of
from greenai_infra.planning.run_parts import Run, Unfit, make_run, power_note

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.footprint.training_figures import TrainingFigure
    from greenai_infra.planning.workload import Workload

MIN_RUN_HOURS = 1 / 3600  # times are written in whole seconds


def runs_on(
    workload: Workload, offer: Offer, chip: Accelerator, longest_hours: float | None
) -> tuple[Run, ...] | Unfit:
    """The runs of a workload on one kind of offer, fewest chips first: a run for each allowed number of chips.

    Runs that take more than `longest_hours` are left out, unless all do.
    """
    if workload.kind not in chip.uses:
        return Unfit(f"not for {workload.kind}")
    measured = workload.work.measured or workload.work.measured_request
    if measured is not None and workload.resolved.work_chip != chip:
        return Unfit(f"measured on {measured.accelerator} only")
    if measured is None and workload.hardware.precision not in chip.tflops:
        return Unfit(f"no {workload.hardware.precision}")
    if workload.kind == "inference":
        from greenai_infra.planning.serving_runs import serving_run

        served = serving_run(workload, offer, chip)
        return served if isinstance(served, Unfit) else (served,)
    return _training_runs(workload, offer, chip, longest_hours)


def _training_runs(
    workload: Workload, offer: Offer, chip: Accelerator, longest_hours: float | None
) -> tuple[Run, ...] | Unfit:
    measured, hardware = workload.work.measured, workload.hardware
    counts = counts_of(offer, measured.count if measured else hardware.count, hardware.max_count)
    if isinstance(counts, Unfit):
        return counts
    needed_gb = _training_memory_gb(workload)
    fitting = [chips for chips in (*counts.tried, *counts.beyond) if needed_gb <= chips * chip.memory_gb]
    if not fitting:
        most = (*counts.tried, *counts.beyond)[-1]
        return Unfit(f"needs {needed_gb:,.0f} GB, {most} x {chip.name} have {most * chip.memory_gb:,.0f} GB")
    work_hours, _ = _training_hours(workload, chip, fitting[0])
    if work_hours.value < MIN_RUN_HOURS:
        return Unfit(f"takes {work_hours.value * 3600:.1g} s: too short to plan, check work")
    runs: list[Run] = []
    late: list[Run] = []
    for chips in fitting:
        if runs and chips in counts.beyond:
            break
        run = _training_run(workload, offer, chip, chips)
        (runs if longest_hours is None or run.hours.value <= longest_hours else late).append(run)
    return tuple(runs or late[-1:])


def _training_run(workload: Workload, offer: Offer, chip: Accelerator, chips: int) -> Run:
    """The run on that many chips: hours grow by losses between nodes and the start, which a measured run includes."""
    measured = workload.work.measured
    hours, notes = _training_hours(workload, chip, chips)
    if measured:
        return make_run(offer, chip, chips, hours, Estimate.exact(measured.energy_kwh / measured.hours), notes)
    nodes = nodes_of(offer, chips)
    if nodes.number > 1:
        loss = Estimate.of("node_doubling_loss" if nodes.fabric else "small_machine_doubling_loss")
        hours = hours / training.scaling_efficiency(log2(nodes.number), loss)
        notes += (_scaling_note(offer, chips, loss),)
        if workload.work.accelerator_hours:
            notes += ("accelerator_hours are taken as hours on one node; the loss between nodes is added",)
    start_hours = Estimate.of("run_start_hours")
    work_kw = training.node_power_kw(chips, chip)
    power_kw = training.with_start(work_kw, hours.value, start_hours.value)
    notes += (_power_note(chip), *power_note(chip))
    return make_run(offer, chip, chips, hours + start_hours, power_kw, notes)


def _scaling_note(offer: Offer, chips: int, loss: Estimate) -> str:
    lost, low, high = (f"{100 * share:.2g}" for share in (loss.value, loss.low, loss.high))
    return (
        f"{chips // offer.accelerators} x {offer.instance_type} lose {lost} % ({low} to {high}) of their speed at each "
        "doubling beyond the first: a mean of published runs, not measured on yours"
    )


def _training_hours(workload: Workload, chip: Accelerator, chips: int) -> tuple[Estimate, tuple[str, ...]]:
    work, precision = workload.work, workload.hardware.precision
    if work.measured:
        return Estimate.exact(work.measured.hours), ("energy and hours as measured in an earlier run",)
    if work.accelerator_hours:
        stated = workload.resolved.work_chip
        assert stated is not None
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
    """A utilisation with its band, and where it comes from."""
    band = f"{one.figure.value:.2f} ({one.figure.low:.2f} to {one.figure.high:.2f})"
    return f"{band} as measured by others" if one.is_measured else f"{band}, assumed without a measured run"


def _power_note(chip: Accelerator) -> str:
    """How the power of a node was derived."""
    ratio = training.node_power_of(chip)
    nodes = "nodes were measured to draw" if ratio.is_measured else "nodes of other chips were measured to draw"
    return f"power is {ratio.figure.value:g} x rated chip power, which {nodes} at the wall"


def _training_memory_gb(workload: Workload) -> float:
    model = workload.work.model
    if model is None:
        return 0.0
    return training.model_memory_gb(model.total_parameters or model.parameters, model.method)
