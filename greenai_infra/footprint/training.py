"""Compute, memory and power of a training run.

FLOPs = 6 x N x D for training all weights (Kaplan et al. 2020), 4 x N x D for adapters on frozen weights;
chip-hours = FLOPs / (peak x MFU x 3600); node power = chip power x share under load x node factor.
"""

from __future__ import annotations

from greenai_infra.footprint.estimate import Estimate

SECONDS_PER_HOUR = 3600.0
BYTES_PER_GB = 1e9


def training_flops(parameters: float, tokens: float, method: str) -> float:
    """Floating-point operations of one pass over `tokens`; `method` is `full` or `lora`."""
    return Estimate.of(f"flops_per_parameter_token_{method}").value * parameters * tokens


def chip_hours(flops: float, peak_tflops: float, utilisation: Estimate) -> Estimate:
    """Hours on one chip of dense peak `peak_tflops` at a model FLOPS utilisation."""
    return Estimate.exact(flops / (peak_tflops * 1e12 * SECONDS_PER_HOUR)) / utilisation


def model_memory_gb(parameters: float, method: str) -> float:
    """Memory that must fit on all chips together: weights, gradients, optimizer states and headroom, in GB."""
    bytes_per_parameter = Estimate.of(f"training_bytes_per_parameter_{method}").value
    return parameters * bytes_per_parameter * Estimate.of("memory_headroom").value / BYTES_PER_GB


def node_power_kw(chips: int, chip_power_w: Estimate) -> Estimate:
    """Power at the servers' wall of `chips` accelerators that train, host share included, before PUE."""
    return chip_power_w * (chips / 1000.0) * Estimate.of("training_power_share") * Estimate.of("node_factor")
