"""A simple energy roofline of LLM serving: one decode step of a running batch, bounded by memory or compute.

Its constants were fitted to measured runs as a whole, not calibrated by model and engine: results are flagged
`roofline, uncalibrated` and carry a wide band. Energy is per request, at the server's wall, before PUE.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, sqrt
from typing import TYPE_CHECKING

from greenai_infra.footprint.estimate import Estimate

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator

BYTES_PER_WEIGHT = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """An LLM as a server sees it; equal `parameters` and `active_parameters` mean a dense model."""

    parameters: float
    active_parameters: float
    kv_bytes_per_token: float
    precision: str

    @property
    def weight_bytes(self) -> float:
        """Memory of the weights."""
        return self.parameters * BYTES_PER_WEIGHT[self.precision]

    def weight_bytes_read(self, batch: float) -> float:
        """Weights read in one decode step: all of a dense model, the experts that a batch touches of a MoE."""
        share = self.active_parameters / self.parameters
        untouched: float = (1 - share) ** batch
        touched = self.active_parameters + (self.parameters - self.active_parameters) * (1 - untouched)
        return touched * BYTES_PER_WEIGHT[self.precision]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is asked: tokens in and out of a mean request, and requests that run at once on one replica."""

    input_tokens: float
    output_tokens: float
    batch: float


@dataclass(frozen=True, slots=True)
class Serving:
    """What one replica does: seconds a decode step, requests a second, and watts of one chip under that load."""

    step_s: float
    requests_per_second: float
    chip_power_w: float


def serving_memory_gb(model: ServedModel, traffic: Traffic) -> float:
    """Weights, the batch's KV cache and headroom, in GB, to be shared by the chips of a replica."""
    cache_bytes = model.kv_bytes_per_token * (traffic.input_tokens + traffic.output_tokens) * traffic.batch
    return (model.weight_bytes + cache_bytes) * Estimate.of("memory_headroom").value / 1e9


def serve(model: ServedModel, traffic: Traffic, chip: Accelerator, chips: int) -> Serving:
    """Step time, throughput and chip power of a replica of `chips`. KeyError if the chip lacks the precision."""
    bandwidth = chips * chip.bandwidth_gb_per_s * 1e9
    flops = chips * chip.tflops[model.precision] * 1e12
    memory_efficiency = Estimate.of("decode_memory_efficiency").value
    cache_bytes = model.kv_bytes_per_token * (traffic.input_tokens + traffic.output_tokens / 2) * traffic.batch
    memory_s = (model.weight_bytes_read(traffic.batch) + cache_bytes) / (bandwidth * memory_efficiency)
    decode_s = 2 * model.active_parameters * traffic.batch / (flops * Estimate.of("decode_flops_efficiency").value)
    prefill_flops = 2 * model.active_parameters * traffic.input_tokens * traffic.batch / traffic.output_tokens
    prefill_s = prefill_flops / (flops * Estimate.of("prefill_flops_efficiency").value)
    step_s = max(memory_s, decode_s) + prefill_s + _overhead_s(model, traffic, chips)
    power_share = min(
        1.0,
        Estimate.of("serving_idle_power_share").value
        + Estimate.of("serving_memory_power_share").value
        * min(1.0, memory_s * memory_efficiency / Estimate.of("memory_activity_saturation").value / step_s)
        + Estimate.of("serving_compute_power_share").value * min(1.0, (decode_s + prefill_s) / step_s),
    )
    return Serving(step_s, traffic.batch / (step_s * traffic.output_tokens), chip.power_w * power_share)


def answer_ms(serving: Serving, traffic: Traffic) -> float:
    """Milliseconds from a request to the end of its answer in a full batch, without waiting for a place in it.

    A place in the batch is held for one step a token of the answer, each with its share of the prefill. By Little's law
    that is the batch over the rate: batch / (batch / (step x tokens)).
    """
    return serving.step_s * traffic.output_tokens * 1000.0


def _overhead_s(model: ServedModel, traffic: Traffic, chips: int) -> float:
    """Launch, scheduling, all-reduce and sampling of one decode step, in seconds."""
    milliseconds = (
        Estimate.of("step_overhead_ms").value
        + Estimate.of("step_overhead_ms_per_sqrt_gparam").value * sqrt(model.parameters / 1e9)
        + Estimate.of("step_overhead_ms_per_log2_chips").value * log2(chips)
        + Estimate.of("step_overhead_ms_per_sequence").value * traffic.batch
    )
    return milliseconds / 1000.0


def replica_power_kw(chips: int, chip_power_w: float) -> float:
    """Power at the server's wall of a replica: its chips and their share of the host, before PUE."""
    return (chips * chip_power_w + chips / 8 * Estimate.of("host_power_kw_per_8_chips").value * 1000.0) / 1000.0


def idle_power_w(chip: Accelerator) -> float:
    """Watts of a chip whose server waits for requests."""
    return chip.power_w * Estimate.of("serving_idle_power_share").value
