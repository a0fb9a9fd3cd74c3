"""The section `work` of a workload file: what is to be done, in each of the ways in which it may be stated."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

COUNT_PATTERN = r"^(\d+(?:\.\d+)?) ?([kKmMbBgGtT])$"
"""A count with the letter of its power of ten, as in 13B. No amount with a unit takes one: 2T of kg may be tonnes."""

Amount = Annotated[float, Meta(gt=0, le=1e18)]
Count = Annotated[float, Meta(gt=0, le=1e18, extra_json_schema={"pattern": COUNT_PATTERN})]
Hours = Annotated[float, Meta(gt=0, le=87_600)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=False):
    """Base of all sections: unknown keys are errors. `example` is shown where something else stands in its place."""

    example: ClassVar[str]


class TrainingModel(Section, frozen=True):
    """Work stated as a model and its training tokens: FLOPs = 6 x N x D, or 4 x N x D for adapters."""

    example: ClassVar[str] = "{parameters: 7B, tokens: 1B}"

    parameters: Annotated[Count, Meta(description="weights that a token passes (the active ones of a MoE)")]
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
    """Work as it was measured in an earlier run; only the same chip can be planned from it."""

    example: ClassVar[str] = "{energy_kwh: 60, hours: 10, accelerator: H100, count: 8}"

    energy_kwh: Annotated[Amount, Meta(description="IT energy of the whole run at the servers' wall, before PUE")]
    hours: Annotated[Hours, Meta(description="wall-clock hours of that run")]
    accelerator: Annotated[str, Meta(description="chip of that run")]
    count: Annotated[int, Meta(ge=1, le=100_000, description="how many of them")]


class ServedModelSize(Section, frozen=True):
    """The model of an inference workload, for the roofline estimate."""

    example: ClassVar[str] = (
        "{parameters: 8B, kv_bytes_per_token: 131072, input_tokens: 500, output_tokens: 200, batch: 16}"
    )

    parameters: Annotated[Count, Meta(description="all weights")]
    kv_bytes_per_token: Annotated[
        Amount, Meta(description="KV cache: 2 x attention layers x KV heads x head dimension x bytes a value")
    ]
    input_tokens: Annotated[Count, Meta(description="mean tokens in a request")]
    output_tokens: Annotated[Count, Meta(description="mean tokens of an answer")]
    batch: Annotated[float, Meta(ge=1, le=100_000, description="requests that run at once on one replica")]
    active_parameters: Annotated[Count | None, Meta(description="weights that a token passes; default all")] = None

    def __post_init__(self) -> None:
        if self.active_parameters is not None and self.active_parameters > self.parameters:
            raise ValueError(
                f"active_parameters {self.active_parameters:g} is more than parameters {self.parameters:g}"
            )


class MeasuredRequest(Section, frozen=True):
    """Energy and rate of serving as measured; only the same chip can be planned from it."""

    example: ClassVar[str] = (
        "{joules: 100, boundary: server, requests_per_second_per_accelerator: 5, accelerator: H100}"
    )

    joules: Annotated[Amount, Meta(description="J per request")]
    boundary: Annotated[
        Literal["accelerator", "server"], Meta(description="what the J hold: chips alone, or the whole server")
    ]
    requests_per_second_per_accelerator: Annotated[Amount, Meta(description="measured at the same load")]
    accelerator: Annotated[str, Meta(description="chip of the measurement")]
    answer_ms: Annotated[
        Amount | None, Meta(description="measured at the same load: ms from a request to the end of its answer")
    ] = None


class Work(Section, frozen=True):
    """What is to be done: exactly one of the three for training, the request rate and one source of J for inference."""

    example: ClassVar[str] = "{accelerator_hours: {hours: 24, accelerator: H100}}"

    model: TrainingModel | None = None
    accelerator_hours: AcceleratorHours | None = None
    measured: MeasuredRun | None = None
    requests_per_second: Annotated[Count | None, Meta(description="inference: mean rate to serve")] = None
    serve_hours: Annotated[
        Hours | None, Meta(description="inference: for how long to plan, such as 720 for 30 days")
    ] = None
    latency_bound_ms: Annotated[
        Amount | None,
        Meta(description="inference: ms that the whole answer of a mean request may take, in a full batch"),
    ] = None
    served_model: ServedModelSize | None = None
    measured_request: MeasuredRequest | None = None
