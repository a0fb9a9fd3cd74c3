"""The workload file: what is to run, on what it may run, where, by when, and what it may cost.

Field descriptions become the JSON Schema that `greenai-infra schema` prints.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
Amount = Annotated[float, Field(gt=0, le=1e18, allow_inf_nan=False)]
Hours = Annotated[float, Field(gt=0, le=87_600, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Moment = Annotated[
    str,
    Field(
        pattern=r"^(\+\d+(\.\d+)?(m|h|d)|\d{4}-\d{2}-\d{2}[T ].+)$",
        description="RFC 3339 time with offset (2026-01-31T18:00:00Z), or a time from now (+12h, +3d)",
    ),
]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingModel(Section):
    """Work stated as a model and its training tokens: FLOPs = 6 x N x D, or 4 x N x D for adapters."""

    parameters: Amount = Field(description="weights that a token passes (the active ones of a mixture of experts)")
    total_parameters: Amount | None = Field(default=None, description="all weights, if more than `parameters` (MoE)")
    tokens: Amount = Field(description="training tokens, over all epochs")
    method: Literal["full", "lora"] = Field(
        default="full", description="full: all weights; lora: adapters on frozen weights"
    )
    mfu: Share | None = Field(
        default=None, description="measured model FLOPS utilisation; default 0.35, band 0.15 to 0.45"
    )

    @model_validator(mode="after")
    def _total_holds_active(self) -> Self:
        if self.total_parameters is not None and self.total_parameters < self.parameters:
            raise ValueError("total_parameters must not be less than parameters")
        return self


class AcceleratorHours(Section):
    """Work stated as hours on a named chip, summed over all chips; other chips are scaled by peak FLOPS."""

    hours: Amount = Field(description="accelerator-hours: 8 chips for 3 hours are 24")
    accelerator: str = Field(description="chip of these hours, as `greenai-infra catalog accelerators` names it")


class MeasuredRun(Section):
    """Work as it was measured in an earlier run; only the same chip can be planned from it."""

    energy_kwh: Amount = Field(description="IT energy of the whole run at the servers' wall, before PUE")
    hours: Hours = Field(description="wall-clock hours of that run")
    accelerator: str = Field(description="chip of that run")
    count: Annotated[int, Field(ge=1, le=100_000)] = Field(description="how many of them")


class ServedModelSize(Section):
    """The model of an inference workload, for the roofline estimate."""

    parameters: Amount = Field(description="all weights")
    active_parameters: Amount | None = Field(default=None, description="weights that a token passes; default all")
    kv_bytes_per_token: Amount = Field(
        description="KV cache: 2 x attention layers x KV heads x head dimension x bytes a value"
    )
    input_tokens: Amount = Field(description="mean tokens in a request")
    output_tokens: Amount = Field(description="mean tokens of an answer")
    batch: Annotated[float, Field(ge=1, le=100_000)] = Field(description="requests that run at once on one replica")


class MeasuredRequest(Section):
    """Energy and rate of serving as measured; only the same chip can be planned from it."""

    joules: Amount = Field(description="J per request")
    boundary: Literal["accelerator", "server"] = Field(description="what the J hold: chips alone, or the whole server")
    requests_per_second_per_accelerator: Amount = Field(description="measured at the same load")
    accelerator: str = Field(description="chip of the measurement")


class Work(Section):
    """What is to be done: exactly one of the three for training, the request rate and one source of J for inference."""

    model: TrainingModel | None = None
    accelerator_hours: AcceleratorHours | None = None
    measured: MeasuredRun | None = None
    requests_per_second: Amount | None = Field(default=None, description="inference: mean rate to serve")
    serve_hours: Hours | None = Field(
        default=None, description="inference: for how long to plan, such as 720 for 30 days"
    )
    served_model: ServedModelSize | None = None
    measured_request: MeasuredRequest | None = None


class Hardware(Section):
    """On what it may run."""

    accelerators: list[str] | Literal["any"] = Field(
        description="chips that the code runs on, or `any`; CUDA code does not run on TPUs or Trainium"
    )
    precision: Literal["bf16", "fp16", "fp8", "int8", "fp32"] = Field(
        default="bf16", description="of the matrix products"
    )
    count: Annotated[int, Field(ge=1, le=65_536)] | None = Field(
        default=None, description="accelerators to use; default the fewest that fit the model and meet the deadline"
    )
    purchase: Literal["on_demand", "spot"] = Field(default="on_demand", description="spot uses the median spot price")
    instance_types: list[str] | None = Field(default=None, description="only these, such as p5.48xlarge; default any")

    @model_validator(mode="after")
    def _some_accelerator(self) -> Self:
        if not self.accelerators:
            raise ValueError("accelerators is empty: name at least one, or write `any`")
        return self


class Where(Section):
    """Where it may run."""

    providers: Annotated[list[Literal["aws", "gcp"]], Field(min_length=1)] = ["aws", "gcp"]
    allow: list[str] | None = Field(default=None, description="only these regions (aws:eu-north-1 or eu-north-1)")
    deny: list[str] = Field(default=[], description="never these regions")
    residency: list[str] | None = Field(
        default=None, description="countries (SE, CA) or groups (EU, EEA) the data may be in"
    )


class Interruptible(Section):
    """The job checkpoints and may stop between slices."""

    resume_overhead_minutes: Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False)] = Field(
        description="time lost at each resume: restart, restore, replay"
    )
    minimum_slice_hours: Hours = Field(description="shortest slice worth starting, with its resume overhead")

    @model_validator(mode="after")
    def _slice_outlasts_overhead(self) -> Self:
        if self.minimum_slice_hours * 60 <= self.resume_overhead_minutes:
            raise ValueError("minimum_slice_hours must be longer than resume_overhead_minutes")
        return self


class When(Section):
    """When it may run."""

    earliest: Moment | None = Field(default=None, description="earliest start; default now")
    deadline: Moment | None = Field(default=None, description="finished by; without one the job starts at `earliest`")
    interruptible: Interruptible | None = None
    wait_threshold_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = Field(
        default=10.0, description="waits only if that saves more than this much: less is within forecast error"
    )


class Data(Section):
    """The data that the job reads, and where it lies now."""

    size_gb: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
    region: str = Field(description="region that holds it now")


class Limits(Section):
    """What it may cost."""

    cost_usd: Amount | None = Field(default=None, description="maximum cost at list prices, with data transfer")
    emissions_kg: Amount | None = Field(default=None, description="carbon budget, kg CO2e with embodied share")


class Baseline(Section):
    """What the plan is compared with."""

    region: str = "aws:us-east-1"
    accelerator: str | None = Field(default=None, description="default the cheapest candidate offered there")


class Workload(Section):
    """A training or inference workload to be placed."""

    name: Name
    project: Name
    team: Name
    kind: Literal["training", "inference"]
    work: Work
    hardware: Hardware
    where: Where = Where()
    when: When = When()
    data: Data | None = None
    limits: Limits = Limits()
    signal: Literal["average", "marginal"] = Field(default="average", description="average is the default for reports")
    baseline: Baseline = Baseline()

    @model_validator(mode="after")
    def _work_fits_kind(self) -> Self:
        work = self.work
        training = {
            "model": work.model,
            "accelerator_hours": work.accelerator_hours,
            "measured": work.measured,
        }
        serving = {
            "requests_per_second": work.requests_per_second,
            "serve_hours": work.serve_hours,
            "served_model": work.served_model,
            "measured_request": work.measured_request,
        }
        stated = [name for name, value in training.items() if value is not None]
        served = [name for name, value in serving.items() if value is not None]
        if self.kind == "training":
            if served:
                raise ValueError(f"work.{served[0]} belongs to kind: inference, not training")
            if len(stated) != 1:
                raise ValueError(f"work needs exactly one of {', '.join(training)} (has {len(stated)})")
            return self
        if stated:
            raise ValueError(f"work.{stated[0]} belongs to kind: training, not inference")
        if work.requests_per_second is None or work.serve_hours is None:
            raise ValueError("inference needs work.requests_per_second and work.serve_hours")
        if (work.served_model is None) == (work.measured_request is None):
            raise ValueError("inference needs exactly one of work.served_model and work.measured_request")
        if self.when.interruptible is not None or self.when.deadline is not None:
            raise ValueError("when.deadline and when.interruptible belong to kind: training; an endpoint runs on")
        return self


class Window(Section):
    """The times of a workload once `now` is known."""

    now: datetime
    earliest: datetime
    deadline: datetime | None
