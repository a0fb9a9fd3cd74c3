"""A complete estimate of a serving set-up: joules, time, power, memory, and in a region kilograms and dollars."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.models import find_model
from greenai_infra.errors import InputError
from greenai_infra.estimates.in_place import Grid, cheapest_share, embodied_kg_per_chip_hour, grid_of
from greenai_infra.estimates.serving_names import find_engine, read_architecture
from greenai_infra.footprint.equation import JOULES_PER_KWH, operational_kg
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.footprint.host_power import host_power_w

if TYPE_CHECKING:
    from greenai_infra.catalog.accelerators import Accelerator
    from greenai_infra.estimates.serving import ServingRow


@dataclass(frozen=True, slots=True)
class InPlace:
    """Emissions of a request in a region at its grid's yearly mean, with PUE, and the hardware's embodied share.

    Low and high come from the accelerators' energy. `embodied_g_per_request` includes the server's share, unless no
    offer of the chip is known there (then `usd_per_1000_requests` is None as well). Prices are list prices of the
    cheapest offer per chip; full batches are assumed.
    """

    grid: Grid
    g_per_request: float
    operational_g_per_request: float
    operational_g_per_request_low: float
    operational_g_per_request_high: float
    embodied_g_per_request: float
    embodied_is_estimate: bool
    usd_per_1000_requests: float | None
    price_source: str


@dataclass(frozen=True, slots=True)
class RequestEstimate:
    """One replica that runs full batches. Low and high are the 90 % band of the energy.

    `gpu_*` are the accelerators alone, `wall_*` the server before PUE. `answer_ms` is the time from a request to the
    end of its answer, without waiting for a place in the batch. `output_tokens` include reasoning tokens. `fits` says
    whether the accelerators' memory holds weights and cache; if not, the first of `notes` says how many accelerators
    do.
    """

    model: str
    accelerator: str
    accelerators: int
    precision: str
    engine: str
    batch: float
    input_tokens: float
    cached_tokens: float
    output_tokens: float
    memory_gb: float
    accelerator_memory_gb: float
    fits: bool
    gpu_j_per_output_token: float
    gpu_j_per_output_token_low: float
    gpu_j_per_output_token_high: float
    gpu_j_per_request: float
    wall_j_per_output_token: float
    wall_j_per_request: float
    step_time_ms: float
    answer_ms: float
    requests_per_second: float
    gpu_power_w: float
    wall_power_w: float
    is_mixture: bool
    notes: tuple[str, ...]
    in_place: InPlace | None = None

    def as_json(self) -> dict[str, Any]:
        """The estimate as plain values."""
        return asdict(self)


def estimate_inference(
    model: str | None = None,
    *,
    accelerator: str,
    count: int | None = None,
    precision: str | None = None,
    batch: float | None = None,
    input_tokens: float | None = None,
    cached_tokens: float = 0.0,
    output_tokens: float | None = None,
    reasoning_tokens: float = 0.0,
    engine: str | None = None,
    parameters: float | None = None,
    active_parameters: float | None = None,
    architecture: str | None = None,
    kv_bytes_per_token: float | None = None,
    region: str | None = None,
) -> RequestEstimate:
    """Energy, time and power of serving a language model; with `region`, g CO2e and USD too.

    `model` is an open model's name, or any name together with `parameters` (numbers, not billions). Arguments of None
    are estimated or assumed; `notes` say how. Raises InputError for unknown names and impossible numbers.
    """
    from greenai_infra.estimates.serving import ServingRow  # loads numpy

    if parameters is None:
        if not model:
            raise InputError("name an open model (`greenai-infra estimate models`), or give its parameters")
        find_model(model)
    if not (isfinite(reasoning_tokens) and reasoning_tokens >= 0):
        raise InputError(f"reasoning tokens {reasoning_tokens:g} are not possible; give 0 or more")
    if reasoning_tokens and output_tokens is None:
        raise InputError("reasoning tokens come in addition to output tokens: give the output tokens too")
    row = ServingRow(
        model=model or "",
        accelerator=accelerator,
        accelerators=count,
        precision=precision,
        batch=batch,
        input_tokens=input_tokens,
        output_tokens=None if output_tokens is None else _checked("output tokens", output_tokens) + reasoning_tokens,
        cached_tokens=cached_tokens,
        engine=engine,
        architecture=read_architecture(architecture),
        parameters=parameters,
        active_parameters=active_parameters,
        kv_bytes_per_token=kv_bytes_per_token,
    )
    return _estimated(row, region)


def _checked(name: str, value: float) -> float:
    if not (isfinite(value) and value > 0):
        raise InputError(f"{name} {value:g} is not possible; give a number above 0")
    return value


def _estimated(row: ServingRow, region: str | None) -> RequestEstimate:
    from greenai_infra.estimates.serving import estimate_serving, resolve
    from greenai_infra.footprint import inference

    run = resolve(row)
    joules = [float(column[0]) for column in estimate_serving([run])]
    gpu_j, low, high, wall_j, step_ms, gpu_w = joules
    traffic, chip, host_j = run.traffic, run.accelerator, wall_j - gpu_j
    serving = inference.serve(run.model, traffic, run.chip, run.chips, run.coefficients)
    output, rate = traffic.output_tokens, float(serving.requests_per_second)
    memory_gb, have_gb = float(inference.memory_gb(run.model, traffic)), run.chips * chip.memory_gb
    in_place, notes = None, run.notes
    if region is not None:
        wall = Estimate(wall_j, low + host_j, high + host_j) * output
        in_place = _in_place(chip, run.chips, region, rate, wall)
        if in_place.usd_per_1000_requests is None:
            notes += (
                f"{in_place.grid.region} has no known offer of {chip.name}: no USD, no embodied share of a server",
            )
    return RequestEstimate(
        model=row.model or f"{(row.parameters or 0) / 1e9:g}e9 parameters",
        accelerator=chip.name,
        accelerators=run.chips,
        precision=run.precision,
        engine=row.engine or find_engine(None).profile,
        batch=traffic.batch,
        input_tokens=traffic.input_tokens,
        cached_tokens=traffic.cached_tokens,
        output_tokens=output,
        memory_gb=memory_gb,
        accelerator_memory_gb=have_gb,
        fits=memory_gb <= have_gb,
        gpu_j_per_output_token=gpu_j,
        gpu_j_per_output_token_low=low,
        gpu_j_per_output_token_high=high,
        gpu_j_per_request=gpu_j * output,
        wall_j_per_output_token=wall_j,
        wall_j_per_request=wall_j * output,
        step_time_ms=step_ms,
        answer_ms=float(inference.answer_ms(serving, traffic)),
        requests_per_second=rate,
        gpu_power_w=gpu_w,
        wall_power_w=gpu_w + host_power_w(run.chips),
        is_mixture=float(run.model.expert_share) < 1,
        notes=notes,
        in_place=in_place,
    )


def _in_place(chip: Accelerator, chips: int, region: str, rate: float, wall_j: Estimate) -> InPlace:
    grid = grid_of(region)
    share = cheapest_share(chip, chips, grid.region)
    embodied_kg_per_hour = share.embodied_kg_per_hour.value if share else chips * embodied_kg_per_chip_hour(chip)
    low, value, high = (
        1000 * operational_kg(joules / JOULES_PER_KWH, grid.pue, grid.g_per_kwh)
        for joules in (wall_j.low, wall_j.value, wall_j.high)
    )
    requests_per_hour = 3600 * rate
    embodied_g = 1000 * embodied_kg_per_hour / requests_per_hour
    return InPlace(
        grid=grid,
        g_per_request=value + embodied_g,
        operational_g_per_request=value,
        operational_g_per_request_low=low,
        operational_g_per_request_high=high,
        embodied_g_per_request=embodied_g,
        embodied_is_estimate=share.embodied_is_estimate if share else chip.embodied.is_estimate,
        usd_per_1000_requests=1000 * share.usd_per_hour / requests_per_hour if share else None,
        price_source=share.source if share else "",
    )
