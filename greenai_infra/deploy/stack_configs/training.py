"""The section `training` of an AWS stack: what one region that trains one workload is built from."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from greenai_infra.clock import format_time
from greenai_infra.deploy.stack_configs.fields import (
    PROJECT,
    AwsRegion,
    CarbonTagged,
    EcrImage,
    Email,
    Network,
    Planned,
    Positive,
    S3Uri,
    Section,
    read_typed,
)
from greenai_infra.deploy.times import Time

# A name that ends in `.$` would be read as an expression by Step Functions.
HyperparameterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,255}$")]


def _as_text(value: Any) -> Any:
    """SageMaker takes text only; a YAML file says `epochs: 3`."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


HyperparameterValue = Annotated[str, BeforeValidator(_as_text), Field(max_length=2500)]

LONGEST_RUN = timedelta(days=28)
"""What SageMaker allows a training job at most."""


class Slice(Section):
    """One uninterrupted run, [start, end)."""

    start: Time
    end: Time

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"ends at {self.end}, not after its start {self.start}")
        return self


class TrainingConfig(CarbonTagged):
    """Everything that one regional training stack is built from."""

    region: AwsRegion
    launch: Literal["scheduled", "now"] = "scheduled"
    instance_type: Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]
    instance_count: Annotated[int, Field(ge=1, le=64)]
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 500
    image: EcrImage | None = None
    """Container image URI in ECR; without one, the stack's own repository with `image_tag`."""
    image_tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")] = "v1"
    """Tag in the stack's own repository. Tags there can't be moved, so a new image is a new tag here."""
    data_uri: S3Uri | None = None
    """Training data that lies in another bucket of the region (gateway endpoints don't reach further); without one,
    `train/` in the stack's data bucket, and for `launch: now`, when that is still empty, no data channel at all."""
    hyperparameters: dict[HyperparameterName, HyperparameterValue] = Field(default_factory=dict)
    spot: bool = False
    max_wait_hours: Positive | None = None
    """With spot: how long SageMaker may wait for capacity, over all; default twice the run."""
    slices: Annotated[list[Slice], Field(min_length=1, max_length=500)]
    notify_emails: list[Email] = Field(default_factory=list)
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How long checkpoints and old object versions are kept."""
    force_destroy: bool = False
    """Whether `destroy` deletes buckets and images that are not empty. Off: it stops there, and nothing is lost."""
    network: Network
    planned: Planned

    @model_validator(mode="after")
    def _slices_in_order(self) -> Self:
        for earlier, later in zip(self.slices, self.slices[1:], strict=False):
            if later.start < earlier.end:
                raise ValueError(f"slice {format_time(later.start)} starts before the one before it has ended")
        for piece in self.slices:
            if piece.end - piece.start > LONGEST_RUN:
                raise ValueError(
                    f"slice {format_time(piece.start)} is longer than the {LONGEST_RUN.days} days of SageMaker"
                )
        if self.start < self.planned.planned_at:
            planned_at = format_time(self.planned.planned_at)
            raise ValueError(f"slices start at {format_time(self.start)}, before planned.planned_at {planned_at}")
        return self

    @model_validator(mode="after")
    def _launch_now_has_all_it_needs(self) -> Self:
        if self.launch == "scheduled":
            return self
        if len(self.slices) > 1:
            raise ValueError("launch: now runs one training job; a plan in slices needs launch: scheduled")
        if self.image is None:
            raise ValueError("launch: now needs image: the stack's own repository is empty when the job starts")
        return self

    @model_validator(mode="after")
    def _waiting_fits(self) -> Self:
        if self.max_wait_hours is None:
            return self
        if not self.spot:
            raise ValueError("max_wait_hours bounds the wait for spot capacity, but spot is false")
        if len(self.slices) > 1:
            raise ValueError("max_wait_hours is for a single run; in slices each run ends with its slice")
        planned_hours = (self.slices[0].end - self.slices[0].start) / timedelta(hours=1)
        if not planned_hours <= self.max_wait_hours <= LONGEST_RUN / timedelta(hours=1):
            raise ValueError(
                f"max_wait_hours (is {self.max_wait_hours:g}) includes the run: at least {planned_hours:g}, "
                f"at most {LONGEST_RUN / timedelta(hours=1):g}"
            )
        return self

    @model_validator(mode="after")
    def _zones_lie_in_region(self) -> Self:
        for zone in self.network.availability_zones:
            if not zone.startswith(self.region):
                raise ValueError(f"network.availability_zones: {zone} is not in region {self.region}")
        return self

    @property
    def start(self) -> datetime:
        """Start of the first slice."""
        return self.slices[0].start


TRAINING_EXAMPLE = """\
greenai-infra:training:
  workload: finetune-7b
  project: assistant
  team: research
  region: eu-north-1
  instance_type: ml.p5.48xlarge
  instance_count: 1
  slices:
    - {start: 2026-12-01T22:00:00Z, end: 2026-12-02T06:00:00Z}
  network:
    availability_zones: [eu-north-1a, eu-north-1b]
  carbon:
    zone: SE-SE3
    intensity_g_per_kwh: 20
    signal: average
    basis: lifecycle
    source: Electricity Maps 2025
    kind: yearly mean
    observed_at: 2025-01-01T00:00:00Z
  planned:
    plan_id: 0123456789ab
    planned_at: 2026-11-30T12:00:00Z
    rank: 1
    energy_kwh: 61.4
    emissions_kg: 1.5
    cost_usd: 440.3
"""
"""The least that a training stack's config holds."""


def read_training_config(values: Any, where: str = f"{PROJECT}:training") -> TrainingConfig:
    """The typed config from what `pulumi.Config().get_object("training")` or a YAML file holds."""
    return read_typed(TrainingConfig, values, where, TRAINING_EXAMPLE)
