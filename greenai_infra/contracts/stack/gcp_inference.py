"""The section `inference` of a stack on Google Cloud (`provider: gcp`): one region that serves one model on TPUs.

`serve_on` says what is declared:

- `tpu-vm`: a TPU VM with our start-up script, up as soon as `up` ends, or not at all if there is no capacity.
- `tpu-queue`: a queued resource, which waits for capacity as long as it takes. The provider's queued resource
  takes neither script nor service account nor labels, so a workflow gives them to the machine once it is there.
- `vertex`: a Model Garden model on a Vertex AI endpoint with TPU machines that scales.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from greenai_infra.catalog.read import near
from greenai_infra.catalog.tpu import TpuMachine, tpu_machine, tpu_machines
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import PROJECT, CarbonTagged, Email, Section, carbon_example, read_typed
from greenai_infra.contracts.stack.gcp_fields import (
    ArtifactImage,
    GcpProject,
    GcpRegion,
    GcpZone,
    Subnet,
    tpus_in_region,
    zone_in_region,
)
from greenai_infra.contracts.stack.serving import PlannedServing
from greenai_infra.typed_yaml.checked import checked_by

# `gs://bucket/folder`, or a name of the Hugging Face hub.
ModelName = Annotated[
    str,
    Meta(pattern=r"^(gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^\s]+)?|[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)\Z"),
]
SecretName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,255}\Z", examples=["hugging-face-token"])]
# https://.../models/MODEL in the Model Garden, or a Hugging Face model that it knows.
GardenModel = Annotated[
    str,
    Meta(
        pattern=r"^publishers/[a-z0-9-]+/models/[A-Za-z0-9._-]+@[A-Za-z0-9._-]+\Z",
        examples=["publishers/google/models/gemma2@gemma-2-2b-it"],
    ),
]
SERVER_FLAGS = ("--host", "--port", "--served-model-name", "--tensor-parallel-size", "--model")


def _leaves_ours_alone(arguments: list[str]) -> None:
    for one in arguments:
        if one.split("=")[0] in SERVER_FLAGS:
            raise ValueError(f"{one.split('=')[0]} is set by the stack; take it out")


class Server(Section, frozen=True, kw_only=True):
    """The container on a TPU VM: vLLM built for TPUs, from Artifact Registry, as the network has no way out."""

    image: ArtifactImage
    model: ModelName
    model_token_secret: SecretName | None = None
    """Name of the secret in Secret Manager, in the same project, that holds the token for a gated model."""
    port: Annotated[int, Meta(ge=1024, le=65535)] = 8000
    health_path: Annotated[str, Meta(pattern=r"^/[A-Za-z0-9._/-]*\Z")] = "/health"
    ready_minutes: Annotated[int, Meta(ge=1, le=120)] = 30
    """How long the first start may take; compiling the model for the chips is part of it."""
    arguments: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=500)]],
        Meta(max_length=50, examples=[["--max-model-len=8192"]]),
        checked_by(_leaves_ours_alone),
    ] = field(default_factory=list)
    """Further arguments of `vllm serve`. They are readable in the machine's metadata: no secrets."""

    @property
    def from_bucket(self) -> str | None:
        """Returns the bucket of the weights, or None if they come from the Hugging Face hub."""
        return self.model.removeprefix("gs://").split("/")[0] if self.model.startswith("gs://") else None


class Garden(Section, frozen=True, kw_only=True):
    """A Model Garden model on Vertex AI: give exactly one of the two names."""

    publisher_model: GardenModel | None = None
    hugging_face_model: (
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z", examples=["google/gemma-2-2b-it"])]
        | None
    ) = None
    accept_eula: bool = False
    """Set to true once you have read the model's licence: otherwise Google refuses models with a licence."""
    min_replicas: Annotated[int, Meta(ge=1, le=100)] = 1
    max_replicas: Annotated[int, Meta(ge=1, le=100)] = 1
    duty_cycle_percent: Annotated[int, Meta(ge=10, le=95)] = 60
    """Replicas are added above this duty cycle of the chips."""
    spot: bool = False

    def check(self) -> None:
        super().check()
        self._one_model()
        self._replicas_in_order()

    def _one_model(self) -> None:
        if (self.publisher_model is None) == (self.hugging_face_model is None):
            raise ValueError("name exactly one of publisher_model and hugging_face_model")

    def _replicas_in_order(self) -> None:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas ({self.max_replicas}) is less than min_replicas ({self.min_replicas})")


def _not_everybody(ranges: list[str]) -> None:
    for one in ranges:
        network = ip_network(one)  # raises ValueError, in words
        if network.version != 4:
            raise ValueError(f"{one}: the subnet speaks IPv4 only")
        if network.prefixlen < 8:
            raise ValueError(f"{one} is most of the internet; name your own ranges, at most a /8 each")


class GcpNetwork(Section, frozen=True, kw_only=True):
    """The subnet of the TPU machines, and the only sources that may reach the server, never the whole internet."""

    cidr: Subnet = "10.43.0.0/20"
    client_ranges: Annotated[list[str], Meta(max_length=20), checked_by(_not_everybody)] = field(default_factory=list)
    """Where requests come from, as in 10.0.0.0/8. Empty: only machines of the same subnet."""
    load_balanced: bool = False
    """Whether Google's load balancers and their health checks reach the server."""
    internet: bool = False
    """Whether the machine may download from the internet (Cloud NAT): needed for models of the Hugging Face hub."""


def _is_known(name: str) -> None:
    if tpu_machine(name) is None:
        known = ", ".join(sorted(tpu_machines()))
        raise ValueError(f"'{name}' is no TPU slice of one host{near(name, tpu_machines())}; there is {known}")


class GcpInferenceConfig(CarbonTagged, frozen=True, kw_only=True):
    """Config of a serving stack on Google Cloud."""

    provider: Literal["gcp"]
    gcp_project: GcpProject
    region: GcpRegion
    zone: GcpZone | None = None
    """Where TPUs of the type are offered; needed for `tpu-vm` and `tpu-queue`."""
    serve_on: Literal["tpu-vm", "tpu-queue", "vertex"] = "tpu-vm"
    accelerator_type: Annotated[str, checked_by(_is_known)]
    """A single-host TPU slice by Cloud TPU's name, as in v5litepod-8."""
    runtime_version: (
        Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{2,62}\Z", examples=["v2-alpha-tpuv5-lite"])] | None
    ) = None
    """Software of the TPU VM; the default is the catalog's software for the accelerator."""
    spot: bool = False
    """A cheaper machine that Google may take back at any time; for `vertex`, set `garden.spot`."""
    server: Server | None = None
    garden: Garden | None = None
    network: GcpNetwork = field(default_factory=GcpNetwork)
    notify_emails: list[Email] = field(default_factory=list)
    planned: PlannedServing | None = None

    def check(self) -> None:
        super().check()
        self._has_what_it_is_served_on()
        self._vertex_has_the_machine()
        self._queue_can_have_it()
        self._model_can_be_reached()

    def _has_what_it_is_served_on(self) -> None:
        wanted, other = ("garden", "server") if self.serve_on == "vertex" else ("server", "garden")
        if getattr(self, wanted) is None:
            raise ValueError(f"serve_on: {self.serve_on} needs the section {wanted}")
        if getattr(self, other) is not None:
            raise ValueError(f"serve_on: {self.serve_on} has no use for the section {other}; take it out")
        if self.serve_on != "vertex" and self.zone is None:
            raise ValueError(f"serve_on: {self.serve_on} needs zone, one of {self.region} that offers the TPU")
        if self.zone is not None:
            zone_in_region(self.zone, self.region)
        tpus_in_region(self.machine.accelerator, self.region)

    def _vertex_has_the_machine(self) -> None:
        if self.serve_on != "vertex":
            return
        if not self.machine.vertex_machine_type:
            raise ValueError(f"Vertex AI serves nothing from {self.machine.accelerator}; choose v5litepod-* or v6e-*")
        if self.spot:
            raise ValueError("spot is for a TPU VM; with serve_on: vertex set garden.spot")
        if self.runtime_version is not None:
            raise ValueError("runtime_version is for a TPU VM; Vertex AI chooses it")

    def _queue_can_have_it(self) -> None:
        if self.serve_on == "tpu-queue" and self.spot:
            raise ValueError(
                "spot with serve_on: tpu-queue can't be declared: the provider's queued resource has no tier"
            )

    def _model_can_be_reached(self) -> None:
        if self.server is None:
            return
        if self.server.from_bucket is None and not self.network.internet:
            raise ValueError(
                f"server.model {self.server.model} is downloaded from the Hugging Face hub, and the network has no way "
                "out: copy the weights to a bucket (gs://...), or set network.internet: true"
            )
        if self.server.from_bucket is not None and self.server.model_token_secret is not None:
            raise ValueError("server.model_token_secret is for the Hugging Face hub; server.model lies in a bucket")

    @property
    def machine(self) -> TpuMachine:
        """The slice."""
        machine = tpu_machine(self.accelerator_type)
        assert machine is not None  # checked above
        return machine


GCP_INFERENCE_EXAMPLE = """\
greenai-infra:inference:
  provider: gcp
  workload: serve-8b
  project: assistants
  team: ml-platform
  gcp_project: acme-ml
  region: europe-west4
  zone: europe-west4-b
  serve_on: tpu-vm
  accelerator_type: v5litepod-8
  server:
    image: europe-west4-docker.pkg.dev/acme-ml/serving/vllm-tpu:v1
    model: gs://acme-models/llama-3-8b
  network:
    client_ranges: [10.0.0.0/8]
""" + carbon_example("NL", 253)
"""The least that a serving stack's config on Google Cloud holds."""


def read_gcp_inference_config(values: Any, where: str = f"{PROJECT}:inference") -> GcpInferenceConfig:
    """The typed config from what `pulumi.Config().get_object("inference")` or a YAML file holds."""
    return read_typed(GcpInferenceConfig, values, where, GCP_INFERENCE_EXAMPLE)


SPEC = StackSpec(
    program="inference",
    cloud="gcp",
    config=GcpInferenceConfig,
    example=GCP_INFERENCE_EXAMPLE,
    pinner="greenai_infra.pinning.pins.gcp_inference",
    needs_budget=True,
)
