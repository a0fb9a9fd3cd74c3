"""The section `inference` of an AWS stack: what one SageMaker endpoint in one region is built from.

Two kinds of endpoint: on instances, in the stack's own network, scaled by load; or `serverless`, without
accelerators and without our network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field

from greenai_infra.catalog.buildable import MOST_INSTANCES
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import (
    PROJECT,
    AwsRegion,
    CarbonTagged,
    EcrImage,
    Email,
    Network,
    Section,
    carbon_example,
    image_lies_in_region,
    planned_example,
    read_typed,
    zones_in_region,
)
from greenai_infra.contracts.stack.given import (
    KmsKeyArn,
    PolicyArn,
    RoleArn,
    TopicArn,
    arn_in_region,
    own_topic_or_emails,
)
from greenai_infra.contracts.stack.serving import PlannedServing
from greenai_infra.typed_yaml.section import Positive

if TYPE_CHECKING:
    from collections.abc import Collection

# CreateModel: EnvironmentMap and ModelDataUrl / S3ModelDataSource.
VariableName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,1023}\Z")]
VariableValue = Annotated[str, Meta(max_length=1024, examples=["4096"])]
# An archive, or a folder of plain files.
ModelUri = Annotated[str, Meta(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([^\s]+\.tar\.gz|[^\s]*/|)\Z")]
KeyArn = Annotated[
    str,
    Meta(
        pattern=r"^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]{36}\Z",
        examples=["arn:aws:kms:eu-north-1:123456789012:key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"],
    ),
]

SERVERLESS_EXCLUDES = (
    *("instance_type", "instance_count", "min_instances", "max_instances", "invocations_per_instance_per_minute"),
    *("scale_in_cooldown_s", "scale_out_cooldown_s", "volume_gb", "startup_timeout_s"),
    *("network", "network_isolation", "data_capture", "planned"),
)
"""Keys that a serverless endpoint has no use for: it runs on no accelerator, in no network of ours, unscaled by us."""


class Serverless(Section, frozen=True, kw_only=True):
    """Memory and concurrency; limits as in SageMaker's API reference, ProductionVariantServerlessConfig."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144]
    max_concurrency: Annotated[int, Meta(ge=1, le=200)]
    provisioned_concurrency: Annotated[int, Meta(ge=1, le=200)] | None = None
    """Kept warm, and billed and drawing power all the time; without it the first request waits for a cold start."""

    def check(self) -> None:
        super().check()
        if self.provisioned_concurrency is not None and self.provisioned_concurrency > self.max_concurrency:
            raise ValueError(
                f"provisioned_concurrency {self.provisioned_concurrency} is more than "
                f"max_concurrency {self.max_concurrency}"
            )


class DataCapture(Section, frozen=True, kw_only=True):
    """Requests and answers kept in a bucket of the stack. They may hold personal data, so it is off without this."""

    sampling_percent: Annotated[int, Meta(ge=1, le=100)]
    keep_days: Annotated[int, Meta(ge=1, le=3650)] = 30


class InferenceConfig(CarbonTagged, frozen=True, kw_only=True):
    """Config of an endpoint."""

    provider: Literal["aws"] = "aws"
    region: AwsRegion
    image: EcrImage | None = None
    """Serving container in ECR of the same region. `select` can pin a stack without it; `up` needs it."""
    model_data: ModelUri | None = None
    """The model in S3: an archive (.tar.gz) or a folder that ends with `/`; without it, the image holds the model."""
    model_key_arn: KeyArn | None = None
    """The KMS key that encrypts `model_data`, if its owner chose a key."""
    variables: Annotated[dict[VariableName, VariableValue], Meta(max_length=80)] = field(default_factory=dict)
    """Environment of the container (of SageMaker's 100, the stack sets some). Not for secrets: they can be read."""

    instance_type: Annotated[str, Meta(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+\Z")] | None = None
    instance_count: Annotated[int, Meta(ge=1, le=MOST_INSTANCES["inference"])] | None = None
    """The number of instances at first and after each change of the endpoint; then the load decides."""
    min_instances: Annotated[int, Meta(ge=1, le=1000)] = 1
    max_instances: Annotated[int, Meta(ge=1, le=1000)] | None = None
    """Default twice `instance_count`: a plan is made for the mean rate. As many as `min_instances`: never scaled."""
    invocations_per_instance_per_minute: Positive | None = None
    """The target of scaling; the default, as in the plan, is `requests_per_second` on `instance_count`."""
    scale_in_cooldown_s: Annotated[int, Meta(ge=0, le=86_400)] = 600
    scale_out_cooldown_s: Annotated[int, Meta(ge=0, le=86_400)] = 60
    volume_gb: Annotated[int, Meta(ge=1, le=512)] = 100
    """Volume of an instance without local disks; an archived model needs room twice."""
    startup_timeout_s: Annotated[int, Meta(ge=60, le=3600)] = 1800
    """How long downloading the model may take, and then loading it until the container answers pings."""
    network: Network | None = None
    kms_key_arn: KmsKeyArn | None = None
    role_arn: RoleArn | None = None
    """The endpoint's role; the default is a new role with only the permissions that it needs."""
    permissions_boundary: PolicyArn | None = None
    """Policy that bounds every role which the stack makes."""
    topic_arn: TopicArn | None = None
    network_isolation: bool = True
    """Whether the container is cut off from everything but its requests. SageMaker fetches the model for it."""
    serverless: Serverless | None = None

    requests_per_second: Positive | None = None
    """The mean rate that the plan is made for."""
    latency_bound_ms: Annotated[float, Meta(gt=0, le=3_600_000)] | None = None
    """Alarm when one request in ten takes the model longer; without a limit, latency has no alarm."""
    max_error_percent: Annotated[float, Meta(gt=0, lt=100)] = 1.0
    """Alarm when the server answers a larger share of requests with a server error (5xx)."""
    data_capture: DataCapture | None = None
    notify_emails: list[Email] = field(default_factory=list)
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    """How long logs are kept."""
    force_destroy: bool = False
    """Whether `destroy` deletes a bucket of captured requests that is not empty."""
    planned: PlannedServing | None = None

    def check_given(self, given: Collection[str]) -> None:
        """Raises ValueError for keys of instances in a serverless endpoint."""
        extra = [key for key in SERVERLESS_EXCLUDES if key in given]
        if self.serverless is not None and extra:
            raise ValueError(
                f"serverless and {', '.join(extra)} contradict each other: a serverless endpoint has no instances "
                "or accelerators, no VPC, no isolation and no data capture; take out the one or the other"
            )

    def check(self) -> None:
        super().check()
        self._is_one_kind_of_endpoint()
        self._scales_within_bounds()
        self._lies_in_region()

    def _is_one_kind_of_endpoint(self) -> None:
        if self.serverless is not None:
            return
        for key, example in (("instance_type", "ml.inf2.xlarge"), ("instance_count", "2"), ("network", "")):
            if getattr(self, key) is None:
                hint = f", for example {example}" if example else " with availability_zones"
                raise ValueError(f"{key} is missing: an endpoint that is not serverless needs it{hint}")

    def _scales_within_bounds(self) -> None:
        if self.instance_count is None or self.serverless is not None:
            return
        if not self.min_instances <= self.instance_count <= self.largest:
            raise ValueError(
                f"instance_count {self.instance_count} lies outside of min_instances {self.min_instances} to "
                f"max_instances {self.largest}"
            )
        if self.scales and self.target is None:
            raise ValueError(
                f"min_instances {self.min_instances} to max_instances {self.largest} need a load to scale by: "
                "set requests_per_second or invocations_per_instance_per_minute, or make both the same"
            )

    def _lies_in_region(self) -> None:
        zones = self.network.availability_zones if self.network else None
        zones_in_region(zones or (), self.region)
        arn_in_region("kms_key_arn", self.kms_key_arn, self.region)
        arn_in_region("topic_arn", self.topic_arn, self.region)
        own_topic_or_emails(self.topic_arn, "topic_arn", self.notify_emails)
        image_lies_in_region(self.image, self.region)
        if self.model_key_arn is not None:
            if self.model_data is None:
                raise ValueError("model_key_arn is set without model_data, which is what it opens")
            if self.model_key_arn.split(":")[3] != self.region:
                raise ValueError(f"model_key_arn lies in {self.model_key_arn.split(':')[3]}, not in {self.region}")

    @property
    def largest(self) -> int:
        """How many instances there may be; 0 for a serverless endpoint."""
        return self.max_instances or 2 * (self.instance_count or 0)

    @property
    def scales(self) -> bool:
        """Whether the number of instances follows the load."""
        return self.largest > self.min_instances

    @property
    def target(self) -> float | None:
        """Invocations per instance and minute to scale by."""
        if self.invocations_per_instance_per_minute is not None:
            return self.invocations_per_instance_per_minute
        if self.requests_per_second is None or self.instance_count is None:
            return None
        return self.requests_per_second * 60 / self.instance_count


INFERENCE_EXAMPLE = (
    """\
greenai-infra:inference:
  workload: serve-8b
  project: assistants
  team: ml-platform
  region: eu-north-1
  image: 123456789012.dkr.ecr.eu-north-1.amazonaws.com/llm-neuronx:v1
  model_data: s3://acme-models/llama-8b-neuron/
  instance_type: ml.inf2.xlarge
  instance_count: 7
  requests_per_second: 20.5
  latency_bound_ms: 15000.0
  network:
    availability_zones: [eu-north-1a, eu-north-1b]
"""
    + carbon_example("SE-SE3", 20)
    + planned_example(1541, 56.7, 4203)
    + """\
    emissions_g_per_request: 0.00109
    energy_j_per_request: 107
"""
)
"""The least that an endpoint on instances holds, with what a plan says of it."""


def read_inference_config(values: Any, where: str = f"{PROJECT}:inference") -> InferenceConfig:
    """The typed config from what `pulumi.Config().get_object("inference")` or a YAML file holds."""
    return read_typed(InferenceConfig, values, where, INFERENCE_EXAMPLE)


SPEC = StackSpec(
    program="inference",
    cloud="aws",
    config=InferenceConfig,
    example=INFERENCE_EXAMPLE,
    pinner="greenai_infra.pinning.pins.aws_inference",
    needs_budget=True,
    roles=3,
)
