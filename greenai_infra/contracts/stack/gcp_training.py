"""The section `training` of a Google Cloud stack: what one region that trains one workload on Vertex AI needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field

from greenai_infra.catalog.buildable import LONGEST_VERTEX_PLAN, MOST_INSTANCES, MOST_SLICES, SMALL_SLICES
from greenai_infra.catalog.vertex import vertex_machines
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import (
    PROJECT,
    Section,
    carbon_example,
    planned_example,
    read_typed,
)
from greenai_infra.contracts.stack.gcp_fields import ArtifactImage, GcpProject, GcpRegion, Subnet, tpus_in_region
from greenai_infra.contracts.stack.gcp_given import (
    ChannelName,
    GcpBuckets,
    KmsKeyName,
    ServiceAccountEmail,
    SubnetName,
    name_in_region,
)
from greenai_infra.contracts.stack.runs import PlannedRun, Slice

if TYPE_CHECKING:
    from collections.abc import Collection

GsUri = Annotated[
    str, Meta(pattern=r"^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^\s]*)?\Z", examples=["gs://our-data/corpus/"])
]


class GcpNetwork(Section, frozen=True, kw_only=True):
    """The subnet that jobs get an interface in: a new subnet by its address range, or an existing subnet."""

    cidr: Subnet = "10.42.0.0/20"
    subnet: SubnetName | None = None

    def check_given(self, given: Collection[str]) -> None:
        """A subnet is taken or made."""
        if {"subnet", "cidr"} <= {*given}:
            raise ValueError("subnet takes one that is there, cidr makes a new one: keep one of them")


class GcpTrainingConfig(PlannedRun, frozen=True, kw_only=True):
    """Config of a regional training stack on Google Cloud."""

    provider: Literal["gcp"]
    gcp_project: GcpProject
    """Id of the Google Cloud project that everything is built in and billed to."""
    region: GcpRegion
    machine_type: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*-[a-z0-9-]+\Z")]
    accelerator_type: Annotated[str, Meta(pattern=r"^NVIDIA_[A-Z0-9_]+\Z")] | None = None
    """GPUs by Vertex AI's name, with `accelerator_count` per machine; leave both out for TPUs."""
    accelerator_count: Annotated[int, Meta(ge=1, le=16)] | None = None
    tpu_topology: Annotated[str, Meta(pattern=r"^\d+x\d+(x\d+)?\Z", examples=["4x4"])] | None = None
    """Shape of the TPU slice, such as 4x4."""
    instance_count: Annotated[int, Meta(ge=1, le=MOST_INSTANCES["training"])] = 1
    boot_disk_gb: Annotated[int, Meta(ge=100, le=64000)] = 500
    image: ArtifactImage | None = None
    """Container image in Artifact Registry; the default is the stack's repository with `image_tag`."""
    data_uri: GsUri | None = None
    """Training data in another bucket; the default is `train/` in the stack's data bucket."""
    slices: Annotated[list[Slice], Meta(min_length=1, max_length=MOST_SLICES["gcp"])]
    network: GcpNetwork = GcpNetwork()
    buckets: GcpBuckets = GcpBuckets()
    kms_key: KmsKeyName | None = None
    service_account: ServiceAccountEmail | None = None
    """The service account of jobs; the default is a new account with only the rights that they need."""
    notification_channels: list[ChannelName] = field(default_factory=list)
    """Channels of Cloud Monitoring that hear of runs; `notify_emails` makes more."""

    def check(self) -> None:
        super().check()
        name_in_region("network.subnet", self.network.subnet, self.region)
        name_in_region("kms_key", self.kms_key, self.region)
        self._machine_has_its_accelerators()
        self._a_workflow_can_watch_them()

    def _machine_has_its_accelerators(self) -> None:
        machine = vertex_machines().get(self.machine_type)
        if (self.accelerator_type is None) != (self.accelerator_count is None):
            raise ValueError("accelerator_type and accelerator_count go together: give both, or neither for TPUs")
        if self.tpu_topology and self.accelerator_type:
            raise ValueError("tpu_topology is for TPU machines, accelerator_type for GPUs: give one of them")
        if machine is None:
            raise ValueError(
                f"machine_type: Vertex AI trains on no {self.machine_type} that the catalog knows; it knows "
                f"{', '.join(vertex_machines())}"
            )
        if machine.topologies:
            tpus_in_region(machine.accelerator, self.region)
            if self.tpu_topology not in machine.topologies:
                raise ValueError(
                    f"tpu_topology (is {self.tpu_topology!r}) of {self.machine_type} is one of "
                    f"{', '.join(machine.topologies)}"
                )
            if self.instance_count > 1:
                raise ValueError("instance_count: a TPU slice is one; its size is its tpu_topology")
            if self.spot and self.tpu_topology not in SMALL_SLICES:
                raise ValueError("spot: Vertex AI has no spot slices of several machines")
        elif self.accelerator_type != machine.accelerator_type or self.accelerator_count not in machine.counts:
            counts = " or ".join(map(str, machine.counts))
            raise ValueError(
                f"{self.machine_type} has accelerator_type {machine.accelerator_type} and accelerator_count {counts}, "
                f"not {self.accelerator_type} and {self.accelerator_count}"
            )
        if machine.spot_only and not self.spot:
            raise ValueError(f"machine_type: {self.machine_type} can't be had on demand; set spot: true")

    def _a_workflow_can_watch_them(self) -> None:
        if self.slices[-1].end - self.start > LONGEST_VERTEX_PLAN:
            raise ValueError(f"slices span more than {LONGEST_VERTEX_PLAN.days} days, which a workflow can't watch")


GCP_TRAINING_EXAMPLE = (
    """\
greenai-infra:training:
  provider: gcp
  gcp_project: my-project-123456
  workload: finetune-7b
  project: assistant
  team: research
  region: northamerica-northeast1
  machine_type: g2-standard-96
  accelerator_type: NVIDIA_L4
  accelerator_count: 8
  slices:
    - {start: 2026-12-01T22:00:00Z, end: 2026-12-02T06:00:00Z}
"""
    + carbon_example("CA-QC", 41)
    + planned_example(61.4, 2.74, 64)
)
"""The least that a training stack on Google Cloud holds."""


def read_gcp_training_config(values: Any, where: str = f"{PROJECT}:training") -> GcpTrainingConfig:
    """The typed config from what `pulumi.Config().get_object("training")` or a YAML file holds."""
    return read_typed(GcpTrainingConfig, values, where, GCP_TRAINING_EXAMPLE)


SPEC = StackSpec(
    program="training",
    cloud="gcp",
    config=GcpTrainingConfig,
    example=GCP_TRAINING_EXAMPLE,
    pinner="greenai_infra.pinning.pins.gcp_training",
    needs_budget=True,
)
