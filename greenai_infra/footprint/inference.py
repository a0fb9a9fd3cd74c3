"""Energy of LLM serving: one decode step of a running batch, bounded by memory, compute and the engine's overhead.

    weights   = active weights of a dense model; of a mixture, the experts that the batch touches       bytes a step
    cache     = KV bytes a token x (input + output / 2) x batch, windows and recurrent states counted   bytes a step
    decode    = |weights / (bandwidth x eff), 2 x active x batch / (FLOPS x eff)|_q + cache / (bandwidth x eff)
    overhead  = per step + per layer (launch, all-reduce, routing, conversion) + per sequence (scheduling, sampling)
    prefill   = 2 x active x input x batch / output / (FLOPS x eff)                                     a step's share
    step      = decode + overhead + prefill
    power     = rated power x min(1, idle + memory x (bytes / bandwidth / step)^0.7 + compute x (FLOP / FLOPS / step))
    J a token = chips x power x step / batch

|a, b|_q is the q-norm, a smooth maximum. Every coefficient is in `data/serving-fit.csv`, fitted to measured runs
(`tests/calibration`). Quantities may be floats, or arrays of one shape. Energy is of the accelerators alone unless a
name says otherwise; the server's wall adds the host, and PUE is applied elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from greenai_infra.footprint.constants import constant, fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Values = Any
"""A float, or an array of floats: numpy's functions take either."""

MEMORY_POWER_EXPONENT = 0.7  # a memory system that is busy half of the time draws more than half of its power


class ServedModel(NamedTuple):
    """An LLM as a server sees it. A dense model has `active_parameters` equal to `parameters` and `expert_share` 1.

    `matmul_parameters` are the active weights minus an input embedding that is only looked up. `expert_share` is the
    share of a layer's experts that a token uses. `kv_bytes_past_window` is the part of the KV bytes per token that
    keeps growing beyond `window_tokens`. `state_layers` are recurrent or linear-attention layers. `weight_bytes` is the
    size of a weight.
    """

    parameters: Values
    active_parameters: Values
    matmul_parameters: Values
    expert_share: Values
    layers: Values
    hidden_size: Values
    vocabulary: Values
    kv_bytes_per_token: Values
    kv_bytes_past_window: Values
    window_tokens: Values
    state_layers: Values
    weight_bytes: Values


class Traffic(NamedTuple):
    """A mean request, and the concurrent requests of a replica.

    `input_tokens` must be computed; `cached_tokens` of the prompt are already in the KV cache.
    Reasoning tokens are output tokens.
    """

    input_tokens: Values
    output_tokens: Values
    batch: Values
    cached_tokens: Values = 0.0


class Chip(NamedTuple):
    """One accelerator: rated power (W), dense peak FLOPS at the precision of the products, bandwidth (bytes/s)."""

    power_w: Values
    flops: Values
    bandwidth: Values


class Coefficients(NamedTuple):
    """The fit for an engine on a class of chips at a precision; times in ms, the rest are shares."""

    memory_efficiency: Values
    cache_efficiency: Values
    decode_efficiency: Values
    prefill_efficiency: Values
    step_ms: Values
    layer_ms: Values
    expert_layer_ms: Values
    state_layer_ms: Values
    sequence_ms: Values
    idle_share: Values
    memory_share: Values
    compute_share: Values


class Serving(NamedTuple):
    """The load of a replica: seconds per decode step with and without its share of prefill, requests per second, and
    watts of a chip under that load."""

    step_s: Values
    decode_step_s: Values
    requests_per_second: Values
    chip_power_w: Values


def stacked(rows: Sequence[Any]) -> Any:
    """A sequence of equal tuples of floats as a tuple of arrays."""
    return type(rows[0])(*np.array(rows, dtype=np.float64).T)


def coefficients(engine: str, chip_class: str, precision: str, fit: Mapping[str, float] | None = None) -> Coefficients:
    """The coefficients of an engine, class of chips and precision. Raises KeyError for a combination without a fit."""
    known = fitted() if fit is None else fit
    on_chip = known.get(f"memory_ratio.{chip_class}", 1.0) * known.get(f"memory_ratio.{precision}", 1.0)
    return Coefficients(
        memory_efficiency=known[f"memory_efficiency.{engine}"] * on_chip,
        cache_efficiency=known[f"cache_efficiency.{engine}"] * known.get(f"cache_ratio.{chip_class}", 1.0),
        decode_efficiency=known["decode_efficiency"]
        * known.get(f"decode_ratio.{chip_class}", 1.0)
        * known.get(f"decode_ratio.{precision}", 1.0),
        prefill_efficiency=known["prefill_efficiency"] * known.get(f"decode_ratio.{precision}", 1.0),
        step_ms=known[f"step_ms.{engine}"],
        layer_ms=known[f"layer_ms.{engine}"] + known.get(f"layer_ms.{precision}", 0.0),
        expert_layer_ms=known["layer_ms.experts"],
        state_layer_ms=known["layer_ms.state"],
        sequence_ms=known.get(f"sequence_ms.{engine}", 0.0),
        idle_share=known[f"idle_share.{chip_class}"] * known.get(f"idle_ratio.{engine}", 1.0),
        memory_share=known[f"memory_share.{chip_class}"],
        compute_share=known["compute_share"] * known.get(f"compute_ratio.{chip_class}", 1.0),
    )


def serve(
    model: ServedModel,
    traffic: Traffic,
    chip: Chip,
    chips: Values,
    known: Coefficients,
    fit: Mapping[str, float] | None = None,
) -> Serving:
    """Step time, throughput and power of a chip of a replica of `chips` that runs full batches."""
    shared = fitted() if fit is None else fit
    bandwidth, flops = chips * chip.bandwidth, chips * chip.flops
    weights, cache = weight_bytes_read(model, traffic.batch, shared), cache_bytes_read(model, traffic, shared)
    compute_flop = 2 * model.matmul_parameters * traffic.batch
    prefill_flop = 2 * model.matmul_parameters * traffic.input_tokens * traffic.batch / traffic.output_tokens

    sharpness = shared["roof_sharpness"]
    weights_s, compute_s = (
        weights / (bandwidth * known.memory_efficiency),
        compute_flop / (flops * known.decode_efficiency),
    )
    roof_s = (weights_s**sharpness + compute_s**sharpness) ** (1 / sharpness)
    decode_s = roof_s + cache / (bandwidth * known.cache_efficiency)
    decode_step_s = decode_s + overhead_ms(model, traffic, chips, known, shared) / 1000.0
    step_s = decode_step_s + prefill_flop / (flops * known.prefill_efficiency)

    memory_busy = np.minimum(1.0, (weights + cache) / bandwidth / step_s)
    compute_busy = np.minimum(1.0, (compute_flop + prefill_flop) / flops / step_s)
    share = known.idle_share + known.memory_share * memory_busy**MEMORY_POWER_EXPONENT
    share = np.minimum(1.0, share + known.compute_share * compute_busy)
    return Serving(step_s, decode_step_s, traffic.batch / (step_s * traffic.output_tokens), chip.power_w * share)


def weight_bytes_read(model: ServedModel, batch: Values, fit: Mapping[str, float] | None = None) -> Values:
    """Weights read in a decode step: a dense model's active weights, all experts of a mixture that a batch touches.

    Tokens of one batch agree on experts more often than chance: `expert_spread` below 1 in `batch ** expert_spread`.
    """
    spread = (fitted() if fit is None else fit)["expert_spread"]
    share = np.minimum(model.expert_share, 1.0)
    of_experts = (model.parameters - model.active_parameters) / np.maximum(1.0 - share, 1e-9)
    always = np.maximum(model.matmul_parameters - of_experts * share, 0.2 * model.matmul_parameters)
    touched = of_experts * (1.0 - (1.0 - share) ** np.maximum(1.0, batch**spread))
    dense = share >= 1.0
    return np.where(dense, model.matmul_parameters, always + touched) * model.weight_bytes


def cache_bytes_read(model: ServedModel, traffic: Traffic, fit: Mapping[str, float] | None = None) -> Values:
    """KV cache and recurrent states read in a decode step, at the mean length of a running request."""
    state_bytes = (fitted() if fit is None else fit)["state_mb_per_layer"] * 1e6 * model.state_layers
    return (kv_bytes(model, traffic.cached_tokens + traffic.input_tokens + traffic.output_tokens / 2) + state_bytes) * (
        traffic.batch
    )


def kv_bytes(model: ServedModel, tokens: Values) -> Values:
    """KV cache of a request of that many tokens."""
    within = np.minimum(tokens, model.window_tokens)
    return model.kv_bytes_past_window * tokens + (model.kv_bytes_per_token - model.kv_bytes_past_window) * within


def overhead_ms(
    model: ServedModel, traffic: Traffic, chips: Values, known: Coefficients, fit: Mapping[str, float]
) -> Values:
    """Milliseconds of a decode step in which the chips compute nothing: launch, all-reduce, routing, scheduling."""
    joined = np.asarray(chips) > 1
    all_reduce = np.where(
        joined,
        fit["all_reduce_ms_per_log2_chips"] * np.log2(chips)
        + fit["all_reduce_ms_per_mega_value"] * traffic.batch * model.hidden_size / 1e6,
        0.0,
    )
    per_layer = known.layer_ms + all_reduce + np.where(model.expert_share < 1.0, known.expert_layer_ms, 0.0)
    per_sequence = known.sequence_ms + fit["sequence_ms_per_100k_vocabulary"] * model.vocabulary / 1e5
    return (
        known.step_ms
        + model.layers * per_layer
        + model.state_layers * known.state_layer_ms
        + traffic.batch * per_sequence
    )


def memory_gb(model: ServedModel, traffic: Traffic) -> Values:
    """Weights, the KV cache of a full batch at its longest, and headroom, in GB, shared by the chips of a replica."""
    tokens = traffic.cached_tokens + traffic.input_tokens + traffic.output_tokens
    cache = kv_bytes(model, tokens) * traffic.batch
    return (model.parameters * model.weight_bytes + cache) * constant("memory_headroom").value / 1e9


def j_per_output_token(serving: Serving, traffic: Traffic, chips: Values) -> Values:
    """Energy of the accelerators for an output token, its share of prefill included, in J."""
    return chips * serving.chip_power_w * serving.step_s / traffic.batch


def answer_ms(serving: Serving, traffic: Traffic) -> Values:
    """Milliseconds from a request to the end of its answer in a full batch, without waiting for a place in it.

    A request holds its place for one step per token of the answer, each with its share of the prefill. By Little's law
    that is the batch over the rate: batch / (batch / (step x tokens)).
    """
    return serving.step_s * traffic.output_tokens * 1000.0
