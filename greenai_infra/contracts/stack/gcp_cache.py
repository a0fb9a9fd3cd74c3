"""The section `cache` of a stack on Google Cloud (`provider: gcp`): Memorystore for Valkey in one region."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from greenai_infra.catalog.memorystore import node_type, node_types
from greenai_infra.catalog.read import near
from greenai_infra.contracts.stack.fields import PROJECT, CarbonTagged, Email, Section, carbon_example, read_typed
from greenai_infra.contracts.stack.gcp_fields import GcpProject, GcpRegion, GcpZone, Subnet, zone_in_region

Days = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
# Who may connect: an account, as IAM writes it. Memorystore's IAM authentication knows no groups.
Client = Annotated[str, Field(pattern=r"^(serviceAccount|user):[^@\s]+@[^@\s]+\.[^@\s]+$")]
EvictionPolicy = Literal[
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
]


class Maintenance(Section):
    """The hour in the week, UTC, in which Google may update the instance."""

    day: Days = "SUNDAY"
    hour: Annotated[int, Field(ge=0, le=23)] = 3


class Alerts(Section):
    """Above what people are told."""

    memory_percent: Annotated[int, Field(ge=10, le=100)] = 80
    evicted_keys_per_minute: Annotated[int, Field(ge=0)] = 1000
    """A cache evicts by design; a lot at once means that it is too small."""
    connections: Annotated[int, Field(ge=1)] = 8000
    """On the busiest node; Memorystore refuses clients above a limit that depends on the node."""


class GcpCacheConfig(CarbonTagged):
    """Everything that one cache on Google Cloud is built from."""

    provider: Literal["gcp"]
    gcp_project: GcpProject
    region: GcpRegion
    cluster_mode: bool = False
    """Cluster mode: keys are spread over shards, and clients must speak the cluster protocol."""
    shards: Annotated[int, Field(ge=1, le=250)] = 1
    replicas: Annotated[int, Field(ge=0, le=5)] = 1
    """Copies of each shard in other zones. 0 saves energy and money, and the cache is empty after a failure."""
    node_type: str = "STANDARD_SMALL"
    engine_version: Annotated[str, Field(pattern=r"^VALKEY_[0-9]_[0-9]$")] = "VALKEY_8_0"
    single_zone: GcpZone | None = None
    """Puts all nodes into one zone: cheaper traffic, and gone with the zone."""
    eviction_policy: EvictionPolicy = "allkeys-lru"
    clients: list[Client] = Field(default_factory=list, max_length=50)
    """Who may connect, as in serviceAccount:api@acme-ml.iam.gserviceaccount.com."""
    network: (
        Annotated[
            str,
            Field(
                pattern=r"^projects/[a-z][a-z0-9.:-]+/global/networks/[a-z][a-z0-9-]{0,62}$",
                examples=["projects/acme-ml/global/networks/serving"],
            ),
        ]
        | None
    ) = None
    """An existing network whose machines use the cache; without one, the stack makes its own."""
    subnet: (
        Annotated[
            str,
            Field(
                pattern=r"^projects/[a-z][a-z0-9.:-]+/regions/[a-z0-9-]+/subnetworks/[a-z][a-z0-9-]{0,62}$",
                examples=["projects/acme-ml/regions/europe-north1/subnetworks/serving"],
            ),
        ]
        | None
    ) = None
    """With `network`: where the cache's addresses come from."""
    cidr: Subnet = "10.44.0.0/24"
    """Without `network`: the range of the stack's own subnet."""
    connection_policy_exists: bool = False
    """Whether `network` already has a service connection policy for gcp-memorystore in the region: there can be one."""
    maintenance: Maintenance = Field(default_factory=Maintenance)
    alerts: Alerts = Field(default_factory=Alerts)
    notify_emails: list[Email] = Field(default_factory=list)
    force_destroy: bool = False
    """Whether `destroy` deletes the cache. Off: Google refuses, and nothing is lost."""

    @field_validator("node_type")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if node_type(name) is None:
            raise ValueError(f"'{name}' is no node type of Memorystore for Valkey{near(name, node_types())}")
        return name

    @model_validator(mode="after")
    def _shards_need_cluster_mode(self) -> Self:
        if not self.cluster_mode and self.shards != 1:
            raise ValueError(f"shards: {self.shards} needs cluster_mode: true; without it there is one shard")
        return self

    @model_validator(mode="after")
    def _network_is_whole(self) -> Self:
        if (self.network is None) != (self.subnet is None):
            raise ValueError("network and subnet go together: name both, or neither for a network of the stack's own")
        if self.subnet is not None and f"/regions/{self.region}/" not in self.subnet:
            raise ValueError(f"subnet {self.subnet} is not in region {self.region}")
        if self.connection_policy_exists and self.network is None:
            raise ValueError("connection_policy_exists speaks of an existing network; name network and subnet")
        if self.single_zone is not None:
            zone_in_region(self.single_zone, self.region)
            if self.replicas:
                raise ValueError("replicas protect against the loss of a zone, which single_zone gives up; choose one")
        return self


GCP_CACHE_EXAMPLE = """\
greenai-infra:cache:
  provider: gcp
  workload: answers-cache
  project: assistants
  team: ml-platform
  gcp_project: acme-ml
  region: europe-north1
  node_type: STANDARD_SMALL
  replicas: 1
  clients: ["serviceAccount:api@acme-ml.iam.gserviceaccount.com"]
""" + carbon_example("FI", 68)
"""What a cache's config on Google Cloud holds; network, alerts and maintenance have defaults."""


def read_gcp_cache_config(values: Any, where: str = f"{PROJECT}:cache") -> GcpCacheConfig:
    """The typed config from what `pulumi.Config().get_object("cache")` or a YAML file holds."""
    return read_typed(GcpCacheConfig, values, where, GCP_CACHE_EXAMPLE)
