"""The section `cache` of a stack on Google Cloud (`provider: gcp`): Memorystore for Valkey in one region."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from greenai_infra.catalog.memorystore import node_type, node_types
from greenai_infra.catalog.read import near
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import PROJECT, CarbonTagged, Email, Section, carbon_example, read_typed
from greenai_infra.contracts.stack.gcp_fields import GcpProject, GcpRegion, GcpZone, Subnet, zone_in_region
from greenai_infra.typed_yaml.checked import checked_by

Days = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
# Who may connect: an account, as IAM writes it. Memorystore's IAM authentication knows no groups.
Client = Annotated[str, Meta(pattern=r"^(serviceAccount|user):[^@\s]+@[^@\s]+\.[^@\s]+\Z")]
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


class Maintenance(Section, frozen=True, kw_only=True):
    """The hour in the week, UTC, in which Google may update the instance."""

    day: Days = "SUNDAY"
    hour: Annotated[int, Meta(ge=0, le=23)] = 3


class Alerts(Section, frozen=True, kw_only=True):
    """Above what people are told."""

    memory_percent: Annotated[int, Meta(ge=10, le=100)] = 80
    evicted_keys_per_minute: Annotated[int, Meta(ge=0)] = 1000
    """A cache evicts by design; a lot at once means that it is too small."""
    connections: Annotated[int, Meta(ge=1)] = 8000
    """On the busiest node; Memorystore refuses clients above a limit that depends on the node."""


def _is_known(name: str) -> None:
    if node_type(name) is None:
        raise ValueError(f"'{name}' is no node type of Memorystore for Valkey{near(name, node_types())}")


class GcpCacheConfig(CarbonTagged, frozen=True, kw_only=True):
    """Config of a cache on Google Cloud."""

    provider: Literal["gcp"]
    gcp_project: GcpProject
    region: GcpRegion
    cluster_mode: bool = False
    """Cluster mode: keys are spread over shards, and clients must speak the cluster protocol."""
    shards: Annotated[int, Meta(ge=1, le=250)] = 1
    replicas: Annotated[int, Meta(ge=0, le=5)] = 1
    """Copies of each shard in other zones. 0 saves energy and money, and the cache is empty after a failure."""
    node_type: Annotated[str, checked_by(_is_known)] = "STANDARD_SMALL"
    engine_version: Annotated[str, Meta(pattern=r"^VALKEY_[0-9]_[0-9]\Z")] = "VALKEY_8_0"
    single_zone: GcpZone | None = None
    """Puts all nodes into one zone: cheaper traffic, and gone with the zone."""
    eviction_policy: EvictionPolicy = "allkeys-lru"
    clients: Annotated[list[Client], Meta(max_length=50)] = field(default_factory=list)
    """Who may connect, as in serviceAccount:api@acme-ml.iam.gserviceaccount.com."""
    network: (
        Annotated[
            str,
            Meta(
                pattern=r"^projects/[a-z][a-z0-9.:-]+/global/networks/[a-z][a-z0-9-]{0,62}\Z",
                examples=["projects/acme-ml/global/networks/serving"],
            ),
        ]
        | None
    ) = None
    """An existing network whose machines use the cache; by default the stack makes a network."""
    subnet: (
        Annotated[
            str,
            Meta(
                pattern=r"^projects/[a-z][a-z0-9.:-]+/regions/[a-z0-9-]+/subnetworks/[a-z][a-z0-9-]{0,62}\Z",
                examples=["projects/acme-ml/regions/europe-north1/subnetworks/serving"],
            ),
        ]
        | None
    ) = None
    """With `network`: where the cache's addresses come from."""
    cidr: Subnet = "10.44.0.0/24"
    """Without `network`: the range of the stack's own subnet."""
    connection_policy_exists: bool = False
    """Whether `network` already has a service connection policy for gcp-memorystore in the region, which allows one."""
    maintenance: Maintenance = field(default_factory=Maintenance)
    alerts: Alerts = field(default_factory=Alerts)
    notify_emails: list[Email] = field(default_factory=list)
    force_destroy: bool = False
    """Whether `destroy` deletes the cache. Off: Google refuses, and the data is safe."""

    def check(self) -> None:
        super().check()
        self._shards_need_cluster_mode()
        self._network_is_whole()

    def _shards_need_cluster_mode(self) -> None:
        if not self.cluster_mode and self.shards != 1:
            raise ValueError(f"shards: {self.shards} needs cluster_mode: true; without it there is one shard")

    def _network_is_whole(self) -> None:
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


SPEC = StackSpec(
    program="cache",
    cloud="gcp",
    config=GcpCacheConfig,
    example=GCP_CACHE_EXAMPLE,
)
