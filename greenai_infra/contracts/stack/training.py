"""The section `training` of an AWS stack: what one region that trains one workload is built from."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from msgspec import Meta

from greenai_infra.catalog.buildable import LONGEST_SAGEMAKER_RUN, MOST_INSTANCES, MOST_SLICES
from greenai_infra.clock import format_time
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import (
    PROJECT,
    AwsRegion,
    EcrImage,
    Network,
    S3Uri,
    carbon_example,
    image_lies_in_region,
    planned_example,
    read_typed,
    zones_in_region,
)
from greenai_infra.contracts.stack.given import (
    Buckets,
    KmsKeyArn,
    PolicyArn,
    RoleArn,
    TopicArn,
    arn_in_region,
    own_topic_or_emails,
)
from greenai_infra.contracts.stack.runs import PlannedRun, Slice
from greenai_infra.typed_yaml.section import Positive


class TrainingConfig(PlannedRun, frozen=True, kw_only=True):
    """Config of a regional training stack."""

    region: AwsRegion
    instance_type: Annotated[str, Meta(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+\Z")]
    instance_count: Annotated[int, Meta(ge=1, le=MOST_INSTANCES["training"])]
    volume_gb: Annotated[int, Meta(ge=1, le=16384)] = 500
    image: EcrImage | None = None
    """Container image URI in ECR; the default is the stack's repository with `image_tag`."""
    data_uri: S3Uri | None = None
    """Training data in another bucket of the region (gateway endpoints don't reach further). The default is `train/` in
    the stack's data bucket; with `launch: now` that bucket is still empty, so the job gets no data channel."""
    max_wait_hours: Positive | None = None
    """With spot: how long SageMaker may wait for capacity, over all; default twice the run."""
    slices: Annotated[list[Slice], Meta(min_length=1, max_length=MOST_SLICES["aws"])]
    network: Network
    buckets: Buckets = Buckets()
    kms_key_arn: KmsKeyArn | None = None
    role_arn: RoleArn | None = None
    """The role of jobs; the default is a new role with only the permissions that they need."""
    permissions_boundary: PolicyArn | None = None
    """Policy that bounds every role which the stack makes."""
    topic_arn: TopicArn | None = None

    def check(self) -> None:
        super().check()
        arn_in_region("kms_key_arn", self.kms_key_arn, self.region)
        arn_in_region("topic_arn", self.topic_arn, self.region)
        own_topic_or_emails(self.topic_arn, "topic_arn", self.notify_emails)
        self._slices_fit_sagemaker()
        self._waiting_fits()
        self._zones_lie_in_region()
        image_lies_in_region(self.image, self.region)

    def _slices_fit_sagemaker(self) -> None:
        for piece in self.slices:
            if piece.end - piece.start > LONGEST_SAGEMAKER_RUN:
                days = LONGEST_SAGEMAKER_RUN.days
                raise ValueError(f"slice {format_time(piece.start)} is longer than the {days} days of SageMaker")

    def _waiting_fits(self) -> None:
        if self.max_wait_hours is None:
            return
        if not self.spot:
            raise ValueError("max_wait_hours bounds the wait for spot capacity, but spot is false")
        if len(self.slices) > 1:
            raise ValueError("max_wait_hours is for a single run; in slices each run ends with its slice")
        planned_hours = (self.slices[0].end - self.slices[0].start) / timedelta(hours=1)
        if not planned_hours <= self.max_wait_hours <= LONGEST_SAGEMAKER_RUN / timedelta(hours=1):
            raise ValueError(
                f"max_wait_hours (is {self.max_wait_hours:g}) includes the run: at least {planned_hours:g}, "
                f"at most {LONGEST_SAGEMAKER_RUN / timedelta(hours=1):g}"
            )

    def _zones_lie_in_region(self) -> None:
        zones_in_region(self.network.availability_zones or (), self.region)


TRAINING_EXAMPLE = (
    """\
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
"""
    + carbon_example("SE-SE3", 20)
    + planned_example(61.4, 1.5, 440.3)
)
"""The least that a training stack's config holds."""


def read_training_config(values: Any, where: str = f"{PROJECT}:training") -> TrainingConfig:
    """The typed config from what `pulumi.Config().get_object("training")` or a YAML file holds."""
    return read_typed(TrainingConfig, values, where, TRAINING_EXAMPLE)


SPEC = StackSpec(
    program="training",
    cloud="aws",
    config=TrainingConfig,
    example=TRAINING_EXAMPLE,
    pinner="greenai_infra.pinning.pins.aws_training",
    needs_budget=True,
    roles=4,
)
