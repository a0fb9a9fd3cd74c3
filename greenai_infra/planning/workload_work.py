"""The section `work` of a workload file: the work, in each form in which it may be stated."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from greenai_infra.typed_yaml.section import Amount, Count, Hours, Section, Share


class TrainingModel(Section, frozen=True):
    """Work stated as a model and its training tokens: FLOPs = 6 x N x D, or 4 x N x D for adapters."""

    example: ClassVar[str] = "{parameters: 7B, tokens: 1B}"

    parameters: Annotated[Count, Meta(description="weights that process a token (the active weights of a MoE)")]
    tokens: Annotated[Count, Meta(description="training tokens, over all epochs")]
    total_parameters: Annotated[Count | None, Meta(description="all weights, if more than `parameters` (MoE)")] = None
    method: Annotated[
        Literal["full", "lora"], Meta(description="full: all weights; lora: adapters on frozen weights")
    ] = "full"
    mfu: Annotated[
        Share | None,
        Meta(description="measured model FLOPS utilisation of the dense 16-bit peak; default: as measured on the chip"),
    ] = None

    def __post_init__(self) -> None:
        if self.total_parameters is not None and self.total_parameters < self.parameters:
            raise ValueError(f"total_parameters {self.total_parameters:g} is less than parameters {self.parameters:g}")


class AcceleratorHours(Section, frozen=True):
    """Work stated as hours on a named chip, summed over all chips; other chips are scaled by peak FLOPS x MFU."""

    example: ClassVar[str] = "{hours: 24, accelerator: H100}"

    hours: Annotated[Count, Meta(description="accelerator-hours: 8 chips for 3 hours are 24")]
    accelerator: Annotated[str, Meta(description="chip of these hours, named as in `catalog accelerators`")]


class MeasuredRun(Section, frozen=True):
    """Work as measured in an earlier run; a plan from it is limited to the same chip."""

    example: ClassVar[str] = "{energy_kwh: 60, hours: 10, accelerator: H100, count: 8}"

    energy_kwh: Annotated[Amount, Meta(description="IT energy of the whole run at the servers' wall, before PUE")]
    hours: Annotated[Hours, Meta(description="wall-clock hours of that run")]
    accelerator: Annotated[str, Meta(description="chip of that run")]
    count: Annotated[int, Meta(ge=1, le=100_000, description="number of chips")]


class ServedModelSize(Section, frozen=True):
    """The model of an inference workload and a mean request, for the estimate of its energy."""

    example: ClassVar[str] = "{model: Llama-3.1-8B-Instruct, input_tokens: 500, output_tokens: 200}"

    input_tokens: Annotated[Count, Meta(description="mean tokens of a request that must be computed")]
    output_tokens: Annotated[Count, Meta(description="mean tokens of an answer")]
    model: Annotated[
        str | None, Meta(description="an open model by name (`greenai-infra estimate models`), instead of parameters")
    ] = None
    parameters: Annotated[Count | None, Meta(description="all weights")] = None
    active_parameters: Annotated[Count | None, Meta(description="weights that process a token; default all")] = None
    kv_bytes_per_token: Annotated[
        Amount | None,
        Meta(
            description="KV cache: 2 x attention layers x KV heads x head dimension x bytes a value; default the "
            "named model's, else estimated from the parameters"
        ),
    ] = None
    cached_tokens: Annotated[
        Annotated[float, Meta(ge=0, le=1e9)], Meta(description="prompt tokens already in a prefix cache")
    ] = 0.0
    reasoning_tokens: Annotated[
        Annotated[float, Meta(ge=0, le=1e9)],
        Meta(description="generated before the answer, in addition to output_tokens"),
    ] = 0.0
    engine: Annotated[str | None, Meta(description="such as vllm-0.11; default vLLM 0.11")] = None
    batch: Annotated[
        Annotated[float, Meta(ge=1, le=100_000)] | None,
        Meta(
            description="most concurrent requests on a replica; default the largest batch that memory and "
            "latency_bound_ms allow on each chip"
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.model is None and self.parameters is None:
            raise ValueError("parameters: state them, or name an open model with `model`")
        if self.parameters and self.active_parameters is not None and self.active_parameters > self.parameters:
            raise ValueError(
                f"active_parameters {self.active_parameters:g} is more than parameters {self.parameters:g}"
            )


class MeasuredRequest(Section, frozen=True):
    """Measured energy and rate of serving; a plan from it is limited to the same chip."""

    example: ClassVar[str] = (
        "{joules: 100, boundary: server, requests_per_second_per_accelerator: 5, accelerator: H100}"
    )

    joules: Annotated[Amount, Meta(description="J per request")]
    boundary: Annotated[
        Literal["accelerator", "server"], Meta(description="what the J include: chips alone, or the whole server")
    ]
    requests_per_second_per_accelerator: Annotated[Amount, Meta(description="measured at the same load")]
    accelerator: Annotated[str, Meta(description="chip of the measurement")]
    answer_ms: Annotated[
        Amount | None, Meta(description="measured at the same load: ms from a request to the end of its answer")
    ] = None


class Work(Section, frozen=True):
    """The work: exactly one of three forms for training; the request rate and one source of J for inference."""

    example: ClassVar[str] = "{accelerator_hours: {hours: 24, accelerator: H100}}"

    model: TrainingModel | None = None
    accelerator_hours: AcceleratorHours | None = None
    measured: MeasuredRun | None = None
    requests_per_second: Annotated[Count | None, Meta(description="inference: mean rate to serve")] = None
    peak_factor: Annotated[
        Annotated[float, Meta(ge=1, le=24)] | None,
        Meta(description="inference: rate of the busiest hour of a day over the mean rate; default 1"),
    ] = None
    hourly_profile: Annotated[
        Annotated[list[Annotated[float, Meta(ge=0, le=1e18)]], Meta(min_length=24, max_length=24)] | None,
        Meta(description="inference: load in each of the 24 hours of a day, in any unit; instead of peak_factor"),
    ] = None
    serve_hours: Annotated[Hours | None, Meta(description="inference: hours to plan for, such as 720 for 30 days")] = (
        None
    )
    latency_bound_ms: Annotated[
        Amount | None,
        Meta(description="inference: ms that the whole answer of a mean request may take, in a full batch"),
    ] = None
    served_model: ServedModelSize | None = None
    measured_request: MeasuredRequest | None = None
