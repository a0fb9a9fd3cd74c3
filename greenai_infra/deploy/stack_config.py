"""The typed config of a stack: `select` writes it, `stacks/` reads it, and nothing else is pinned anywhere.

One stack per workload and region. Whatever a program needs to know about the plan is here, so preview and up see the
same thing and no program asks the network which region is green.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from greenai_infra.clock import format_time
from greenai_infra.errors import InputError

PROJECT = "greenai-infra"

# What both clouds take as part of a resource name.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Carbon(_Section):
    """The intensity that the plan was made with, and where it comes from."""

    zone: str
    intensity_g_per_kwh: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: AwareDatetime


class Planned(_Section):
    """What the plan expects of this placement: IT energy before PUE, emissions with PUE, transfer and embodied share."""

    plan_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    planned_at: AwareDatetime
    rank: Annotated[int, Field(ge=1)]
    energy_kwh: Positive
    emissions_kg: Positive
    cost_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Slice(_Section):
    """One uninterrupted run, [start, end)."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"ends at {self.end}, not after its start {self.start}")
        return self


class Network(_Section):
    """Address range of the VPC and the zones that its private subnets lie in (at least two)."""

    cidr: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-2])$")] = "10.42.0.0/16"
    availability_zones: Annotated[list[str], Field(min_length=2, max_length=6)]


class TrainingConfig(_Section):
    """Everything that one regional training stack is built from."""

    workload: Name
    project: Name
    team: Name
    environment: Name = "research"
    region: str
    launch: Literal["scheduled", "now"] = "scheduled"
    instance_type: Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
    instance_count: Annotated[int, Field(ge=1, le=64)]
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 500
    image: Annotated[str, Field(min_length=1)] | None = None
    """Container image URI; without one, the stack's own repository, tag `latest`."""
    hyperparameters: dict[str, str] = {}
    spot: bool = False
    max_wait_hours: Positive | None = None
    """With spot: how long SageMaker may wait for capacity, over all; default twice the run."""
    slices: Annotated[list[Slice], Field(min_length=1)]
    notify_emails: list[str] = []
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long checkpoints and old object versions are kept."""
    network: Network
    carbon: Carbon
    planned: Planned

    @model_validator(mode="after")
    def _slices_in_order(self) -> Self:
        for earlier, later in zip(self.slices, self.slices[1:], strict=False):
            if later.start < earlier.end:
                raise ValueError(f"slice {format_time(later.start)} starts before the one before it has ended")
        if self.launch == "now" and len(self.slices) > 1:
            raise ValueError("launch: now runs one training job; a plan in slices needs launch: scheduled")
        return self

    @property
    def start(self) -> datetime:
        """Start of the first slice."""
        return self.slices[0].start


def stack_name(workload: str, region: str) -> str:
    """Name of the stack of one workload in one region."""
    return f"{workload}-{region}"


def describe_validation_error(error: ValidationError, where: str) -> str:
    """One line a problem: the config key, what is wrong with which value."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(all)"
        value = problem.get("input")
        shown = "" if isinstance(value, dict | list) or problem["type"] == "missing" else f" (is {value!r})"
        lines.append(f"{where}: {key}: {problem['msg']}{shown}")
    return "\n".join(lines)


def read_training_config(values: Any, where: str = f"{PROJECT}:training") -> TrainingConfig:
    """The typed config from what `pulumi.Config().require_object("training")` or a YAML file holds."""
    try:
        return TrainingConfig.model_validate(values)
    except ValidationError as error:
        raise InputError(describe_validation_error(error, where)) from None
