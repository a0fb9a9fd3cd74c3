"""From the names of a serving run (model, chip, precision, engine) to energy, time and power; one run or ten thousand.

Names are resolved here; the arithmetic is in `footprint.inference`. Missing values are estimated by a rule, which the
notes state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.catalog.models import known_model
from greenai_infra.errors import InputError
from greenai_infra.estimates.serving_names import find_chip, find_engine, find_precision
from greenai_infra.footprint import inference
from greenai_infra.footprint.constants import constant, serving_fit
from greenai_infra.footprint.host_power import host_power_w
from greenai_infra.footprint.model_shape import NO_WINDOW, shaped_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.catalog.models import OpenModel
    from greenai_infra.estimates.serving_names import ChipClass, Engine, Precision

    Floats = NDArray[np.float64]

MAX_CHIPS = 1024
WEIGHT_ONLY = "weight-only-8bit"  # 8-bit weights on a chip without 8-bit products
ROUNDED = 0.1  # relative error of a name such as 7B
WITH_EXPERTS = {"dense": "moe", "hybrid": "hybrid-moe"}
EMBEDDING_LEFT_OUT = 0.8  # of all weights: a dense model with a larger active share leaves out its embedding
MOST = 1e9  # tokens, or concurrent requests
MOST_PARAMETERS = 1e18  # as in workload files


@dataclass(frozen=True, slots=True)
class ServingRow:
    """A run as a user states it; None means unknown.

    `parameters` and `active_parameters` are numbers, not billions. `batch` is the concurrent requests of a replica of
    `accelerators` chips. `output_tokens` include reasoning tokens; `cached_tokens` of the prompt are already in a
    prefix cache and come in addition to `input_tokens`.
    """

    model: str
    accelerator: str
    accelerators: int | None = None
    precision: str | None = None
    batch: float | None = None
    input_tokens: float | None = None
    output_tokens: float | None = None
    cached_tokens: float = 0.0
    engine: str | None = None
    architecture: str | None = None
    parameters: float | None = None
    active_parameters: float | None = None
    kv_bytes_per_token: float | None = None


class Resolved(NamedTuple):
    """A run with every name resolved, and notes on what was estimated or assumed."""

    model: inference.ServedModel
    traffic: inference.Traffic
    chip: inference.Chip
    chips: int
    coefficients: inference.Coefficients
    band: tuple[float, float]
    notes: tuple[str, ...]
    accelerator: Accelerator
    precision: str


class Estimates(NamedTuple):
    """Arrays with an element per run: J per output token of the accelerators with its 90 % band, J at the server's wall
    before PUE, milliseconds between two tokens of a request, watts of all accelerators of a replica."""

    gpu_j_per_output_token: Floats
    gpu_j_per_output_token_low: Floats
    gpu_j_per_output_token_high: Floats
    wall_j_per_output_token: Floats
    step_time_ms: Floats
    gpu_power_w: Floats


def estimate_serving(runs: Sequence[Resolved], fit: Mapping[str, float] | None = None) -> Estimates:
    """Every run at once."""
    model = inference.stacked([run.model for run in runs])
    traffic = inference.stacked([run.traffic for run in runs])
    chip = inference.stacked([run.chip for run in runs])
    known = inference.stacked([run.coefficients for run in runs])
    low, high = np.array([run.band for run in runs]).T
    chips = np.array([run.chips for run in runs], dtype=np.float64)
    found = inference.serve(model, traffic, chip, chips, known, fit)
    gpu_j = inference.j_per_output_token(found, traffic, chips)
    host_j = host_power_w(chips) * found.step_s / traffic.batch
    return Estimates(
        gpu_j, gpu_j * low, gpu_j * high, gpu_j + host_j, found.decode_step_s * 1000.0, chips * found.chip_power_w
    )


class SetUp(NamedTuple):
    """A model on a chip with an engine, before the number of chips and the traffic are known."""

    model: inference.ServedModel
    chip: inference.Chip
    accelerator: Accelerator
    coefficients: inference.Coefficients
    band: tuple[float, float]
    notes: tuple[str, ...]
    precision: str


def set_up(row: ServingRow, fit: Mapping[str, float] | None = None) -> SetUp:
    """Looks up model, chip, precision and engine. Raises InputError for unknown names and what can't be estimated."""
    notes: list[str] = []
    _check(row)
    known = known_model(row.model) if row.model else None
    precision = find_precision(row.precision or (known.release_precision if known else "bf16"))
    if row.precision is None:
        notes.append(f"precision not given: {precision.name}")
    model = _model(row, known, precision, notes)
    chip = find_chip(row.accelerator)
    engine = find_engine(row.engine)
    notes += [note for note in (chip.note, engine.note) if note]
    compute, used = compute_flops(chip.accelerator, precision)
    kernels = precision.name
    if used != precision.name and precision.name in ("fp8", "int8"):
        notes.append(f"{chip.accelerator.name} has no {precision.name}: it computes in {used}")
        kernels = WEIGHT_ONLY
    return SetUp(
        model,
        inference.Chip(chip.accelerator.power_w, compute, chip.accelerator.bandwidth_gb_per_s * 1e9),
        chip.accelerator,
        inference.coefficients(engine.profile, chip.chip_class, kernels, fit),
        band(engine, chip),
        tuple(notes),
        precision.name,
    )


def resolve(row: ServingRow, fit: Mapping[str, float] | None = None) -> Resolved:
    """Looks up every name of a run, and fills in missing values. Raises InputError like `set_up`."""
    of = set_up(row, fit)
    notes = list(of.notes)
    traffic = _traffic(row, notes)
    chips = row.accelerators
    if chips is None:
        chips = smallest_fit(of.model, traffic, of.accelerator)
        notes.append(f"accelerators not given: {chips}, the fewest that hold the model")
    elif (needed := inference.memory_gb(of.model, traffic)) > chips * of.accelerator.memory_gb:
        fits = smallest_fit(of.model, traffic, of.accelerator)
        notes.append(f"needs {needed:,.0f} GB: {chips} x {of.accelerator.name} do not hold it, {fits} do")
    return Resolved(
        of.model, traffic, of.chip, chips, of.coefficients, of.band, tuple(notes), of.accelerator, of.precision
    )


def band(engine: Engine, chip: ChipClass) -> tuple[float, float]:
    """Low and high of the 90 % band as factors of the estimate; wider for an unmeasured chip or engine."""
    of = serving_fit()[f"band.{engine.profile}"]
    wider = serving_fit()["band.extrapolated"].high if not (chip.measured and engine.measured) else 1.0
    return of.low / wider, of.high * wider


def smallest_fit(model: inference.ServedModel, traffic: inference.Traffic, chip: Accelerator) -> int:
    """The fewest chips, a power of two, that hold weights, cache and headroom. Raises InputError beyond MAX_CHIPS."""
    needed, chips = inference.memory_gb(model, traffic), 1
    while needed > chips * chip.memory_gb and chips <= MAX_CHIPS:
        chips *= 2
    if chips > MAX_CHIPS:
        raise InputError(f"needs {needed:,.0f} GB, more than {MAX_CHIPS} x {chip.name} have; make the batch smaller")
    return chips


def compute_flops(chip: Accelerator, precision: Precision) -> tuple[float, str]:
    """Dense peak FLOPS in which weights of a precision compute on a chip, and the name of that precision."""
    for name in precision.compute:
        if name in chip.tflops:
            return chip.tflops[name] * 1e12, name
    raise InputError(f"{chip.name} does not compute in {', '.join(precision.compute)}; it has {', '.join(chip.tflops)}")


def _check(row: ServingRow) -> None:
    """Raises InputError for impossible numbers."""
    if row.accelerators is not None and row.accelerators not in range(1, MAX_CHIPS + 1):
        raise InputError(f"{row.accelerators} accelerators are not possible; give a whole number, 1 to {MAX_CHIPS}")
    stated = (
        ("parameters", row.parameters),
        ("active parameters", row.active_parameters),
        ("KV bytes per token", row.kv_bytes_per_token),
    )
    for name, value in stated:
        if value is not None and not 0 < value <= MOST_PARAMETERS:
            raise InputError(f"{name} {value:g} are not possible; give a number above 0, {MOST_PARAMETERS:g} at most")
    if not 0 <= row.cached_tokens < MOST:
        raise InputError(f"cached tokens {row.cached_tokens:g} are not possible; give 0 or more")


def _model(row: ServingRow, known: OpenModel | None, precision: Precision, notes: list[str]) -> inference.ServedModel:
    if known is not None and (row.parameters is None or abs(row.parameters / known.parameters - 1) < 0.25):
        if row.parameters is not None and abs(row.parameters / known.parameters - 1) > ROUNDED:
            notes.append(
                f"{row.model} has {known.parameters / 1e9:.3g}e9 parameters: used instead of the stated number"
            )
        if row.kv_bytes_per_token is not None:
            return _of(known, precision)._replace(
                kv_bytes_per_token=row.kv_bytes_per_token, kv_bytes_past_window=row.kv_bytes_per_token
            )
        return _of(known, precision)
    if row.parameters is None:
        raise InputError(
            f"unknown model '{row.model}'; give its parameters, or a name of `greenai-infra estimate models`"
        )
    if known is not None:
        notes.append(f"{row.model} has {known.parameters / 1e9:.3g}e9 parameters; the stated numbers are used")
    active = row.active_parameters or row.parameters
    if active > row.parameters:
        raise InputError(f"active parameters {active:g} are more than all parameters {row.parameters:g}")
    mixed = active <= EMBEDDING_LEFT_OUT * row.parameters
    architecture = row.architecture or ("moe" if mixed else "dense")
    if architecture in WITH_EXPERTS.values():
        if row.active_parameters is None:
            notes.append("active parameters not given: every token is assumed to use all of them")
    elif not mixed:
        active = row.parameters
    else:
        notes.append(f"{architecture} with active parameters: treated as a mixture of experts")
        architecture = WITH_EXPERTS.get(architecture, "moe")
    if row.kv_bytes_per_token is None:
        notes.append("KV cache, layers and width estimated from the parameters")
    else:
        notes.append("layers and width estimated from the parameters")
    return shaped_model(row.parameters, active, architecture, precision.weight_bytes, row.kv_bytes_per_token)


def _of(known: OpenModel, precision: Precision) -> inference.ServedModel:
    return inference.ServedModel(
        parameters=known.parameters,
        active_parameters=known.active_parameters,
        matmul_parameters=known.matmul_parameters,
        expert_share=known.expert_share,
        layers=known.layers,
        hidden_size=known.hidden_size,
        vocabulary=known.vocabulary,
        kv_bytes_per_token=known.kv_bytes_per_token,
        kv_bytes_past_window=known.kv_bytes_past_window,
        window_tokens=known.window_tokens or NO_WINDOW,
        state_layers=known.state_layers,
        weight_bytes=precision.weight_bytes,
    )


def _traffic(row: ServingRow, notes: list[str]) -> inference.Traffic:
    values = {}
    for key, name in (("input_tokens", "input tokens"), ("output_tokens", "output tokens"), ("batch", "batch")):
        stated = getattr(row, key)
        values[key] = constant(f"unstated_{key}").value if stated is None else stated
        if stated is None:
            notes.append(f"{name} not given: {values[key]:g}")
        elif not 0 < stated < MOST and not (stated == 0 and key == "input_tokens"):
            raise InputError(f"{name} {stated:g} is not possible; give a number above 0 and below {MOST:g}")
    return inference.Traffic(**values, cached_tokens=row.cached_tokens)
