"""Compute, memory and power of a training run.

FLOPs = 6 x N x D for training all weights (Kaplan et al. 2020), 4 x N x D for adapters on frozen weights;
chip-hours = FLOPs / (peak x MFU x 3600), by the 16-bit peak; 8-bit products add their measured speed-up;
node power = rated chip power x the measured ratio of node power at the wall to rated chip power.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.training_figures import (
    MFU_DENSE,
    MFU_MIXTURE,
    NODE_POWER,
    TrainingFigure,
    training_figure,
)

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator

EIGHT_BIT = ("fp8", "int8")
SECONDS_PER_HOUR = 3600.0
BYTES_PER_GB = 1e9


def training_flops(parameters: float, tokens: float, method: str) -> float:
    """Floating-point operations of one pass over `tokens`; `method` is `full` or `lora`."""
    return Estimate.of(f"flops_per_parameter_token_{method}").value * parameters * tokens


def chip_hours(flops: float, sustained_tflops: Estimate) -> Estimate:
    """Hours on one chip that sustains `sustained_tflops`."""
    return Estimate.exact(flops / (1e12 * SECONDS_PER_HOUR)) / sustained_tflops


def utilisation_of(chip: Accelerator, *, mixture: bool = False) -> TrainingFigure:
    """Model FLOPS utilisation of the chip's dense 16-bit peak, as measured for dense models or mixtures of experts."""
    return training_figure(chip.name, MFU_MIXTURE if mixture else MFU_DENSE)


def sustained_tflops(chip: Accelerator, precision: str, utilisation: Estimate) -> Estimate:
    """Sustained TFLOPS in training, 8-bit products counted as 16-bit. Raises KeyError if the chip lacks both."""
    if precision not in EIGHT_BIT:
        return utilisation * chip.tflops[precision]
    return utilisation * (chip.tflops["bf16"] if "bf16" in chip.tflops else chip.tflops["fp16"])


def speed_up(precision: str, *, mixture: bool = False) -> Estimate:
    """Measured speed-up of a precision over 16 bits on the same chips (peak FLOPS would promise more)."""
    if precision not in EIGHT_BIT:
        return Estimate.exact(1.0)
    return Estimate.of("training_speedup_8bit_moe" if mixture else "training_speedup_8bit_dense")


def model_memory_gb(parameters: float, method: str) -> float:
    """Memory that must fit on all chips together: weights, gradients, optimizer states and headroom, in GB."""
    bytes_per_parameter = Estimate.of(f"training_bytes_per_parameter_{method}").value
    return parameters * bytes_per_parameter * Estimate.of("memory_headroom").value / BYTES_PER_GB


def scaling_efficiency(doublings: float, loss: Estimate) -> Estimate:
    """Share of a chip's throughput left after that many doublings of nodes, each of which loses `loss`."""
    return Estimate(*((1 - end) ** doublings for end in (loss.value, loss.high, loss.low)))


def with_start(power_kw: Estimate, work_hours: float, start_hours: float) -> Estimate:
    """Mean power of a run with some hours of start-up and some of work, from the power during work."""
    share = Estimate.of("run_start_power_share")
    return (share * start_hours + Estimate.exact(work_hours)) * power_kw / (start_hours + work_hours)


def node_power_of(chip: Accelerator) -> TrainingFigure:
    """Power of a node at the wall over the rated power of its chips, while it trains."""
    return training_figure(chip.name, NODE_POWER)


def node_power_kw(chips: int, chip: Accelerator) -> Estimate:
    """Power at the servers' wall of `chips` accelerators that train, host share included, before PUE."""
    rated_w = Estimate(chip.power_w, chip.power_w_low, chip.power_w_high)
    return rated_w * (chips / 1000.0) * node_power_of(chip).figure
