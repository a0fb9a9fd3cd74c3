"""The section `cache` of an AWS stack: a cache of answers for model servers, ElastiCache for Valkey."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, field

from greenai_infra.catalog.cache_nodes import find_cache_node
from greenai_infra.contracts.stack import StackSpec
from greenai_infra.contracts.stack.fields import (
    PROJECT,
    AwsRegion,
    CarbonTagged,
    Email,
    Section,
    SubnetIds,
    VpcId,
    VpcRange,
    Zones,
    carbon_example,
    joined_or_made,
    network_is_whole,
    read_typed,
    zones_in_region,
)
from greenai_infra.contracts.stack.given import PolicyArn
from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.checked import checked_by
from greenai_infra.typed_yaml.section import NonNegative

if TYPE_CHECKING:
    from collections.abc import Collection

# Address ranges without routes on the internet: RFC 1918, and RFC 6598, which AWS uses for pods.
PRIVATE_RANGES = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))

Percent = Annotated[float, Meta(gt=0, le=100)]
GroupId = Annotated[str, Meta(pattern=r"^sg-[0-9a-f]{8,17}\Z", examples=["sg-0a1b2c3d4e5f60718"])]
EvictionPolicy = Literal["allkeys-lfu", "allkeys-lru", "volatile-lfu", "volatile-lru", "volatile-ttl"]

LONGEST_NAME = 32
"""ElastiCache allows 40 characters in a name; the user `default` needs another eight."""


def _private(cidrs: list[str]) -> None:
    for cidr in cidrs:
        network = ip_network(cidr)  # raises ValueError, in words, for an invalid network
        if network.version != 4:
            raise ValueError(f"{cidr} is an IPv6 range; the cache has IPv4 addresses only")
        if not any(network.subnet_of(private) for private in PRIVATE_RANGES):  # type: ignore[arg-type]
            raise ValueError(f"{cidr} is not private; a cache is never reached from the internet")


class CacheNetwork(Section, frozen=True, kw_only=True):
    """The cache's network: a new private network, or an existing VPC; and who may connect.

    New: `availability_zones`, and `cidr` if the default is taken. Existing: `vpc_id` and `subnet_ids` of private
    subnets. Members of the client security group that the stack exports may connect, and so may the groups and address
    ranges named here, which must be private.
    """

    cidr: VpcRange = "10.43.0.0/16"
    availability_zones: Zones | None = None
    vpc_id: VpcId | None = None
    subnet_ids: SubnetIds | None = None
    client_security_groups: list[GroupId] = field(default_factory=list)
    client_cidrs: Annotated[list[str], checked_by(_private), Meta(examples=[["10.80.0.0/16"]])] = field(
        default_factory=list
    )

    def check_given(self, given: Collection[str]) -> None:
        """A network is joined or made."""
        joined_or_made(given)

    def check(self) -> None:
        super().check()
        network_is_whole(self.vpc_id, self.subnet_ids, self.availability_zones)


class Serverless(Section, frozen=True, kw_only=True):
    """Upper limits of a serverless cache: what it may hold and do, and so what it may cost."""

    max_data_gb: Annotated[int, Meta(ge=1, le=5000)]
    max_ecpu_per_second: Annotated[int, Meta(ge=1000, le=15_000_000)]


def _is_sold(node_type: str) -> None:
    try:
        find_cache_node(node_type)
    except InputError as error:
        raise ValueError(str(error)) from None


class ReplicationGroup(Section, frozen=True, kw_only=True):
    """Nodes of a cache that is sized by hand. Every shard has replicas in other zones, which take over."""

    node_type: Annotated[str, checked_by(_is_sold)]
    shards: Annotated[int, Meta(ge=1, le=83)] = 1
    replicas_per_shard: Annotated[int, Meta(ge=1, le=5)] = 1
    cluster_mode: bool = True
    maxmemory_policy: EvictionPolicy = "allkeys-lfu"
    """What is evicted when memory is full: of all keys, the least frequently used."""

    def check(self) -> None:
        super().check()
        if self.shards > 1 and not self.cluster_mode:
            raise ValueError(f"shards: {self.shards} needs cluster_mode: true")


class CacheAlarms(Section, frozen=True, kw_only=True):
    """When people are told. Evictions are the cache doing its work; many of them mean that it is too small."""

    memory_percent: Percent = 85
    evictions_per_minute: NonNegative = 1000
    connections: Annotated[int, Meta(ge=1, le=65_000)] = 50_000
    """For a node, or for a serverless cache as a whole; a node accepts at most 65,000."""
    requests_percent: Percent = 80
    """Of a serverless cache's `max_ecpu_per_second`."""


def _as_secrets_manager_has_it(days: int) -> None:
    if 0 < days < 7:
        raise ValueError("Secrets Manager takes 0, or 7 to 30")


class CacheConfig(CarbonTagged, frozen=True, kw_only=True):
    """Everything that a cache stack is built from."""

    provider: Literal["aws"] = "aws"
    region: AwsRegion
    permissions_boundary: PolicyArn | None = None
    """Policy that bounds every role which the stack makes."""
    mode: Literal["serverless", "replication-group"]
    engine_version: Literal["7.2", "8.0", "8.1", "8.2"] = "8.0"
    """Of Valkey. A serverless cache takes its first number and runs the newest of it."""
    network: CacheNetwork
    serverless: Serverless | None = None
    replication_group: ReplicationGroup | None = None
    snapshot_retention_days: Annotated[int, Meta(ge=0, le=35)] = 1
    """How long daily snapshots are kept; 0 turns snapshots off."""
    password_generation: Annotated[int, Meta(ge=1)] = 1
    """Another number makes another password, once."""
    secret_recovery_days: Annotated[int, Meta(ge=0, le=30), checked_by(_as_secrets_manager_has_it)] = 7
    """How long a destroyed secret can be brought back; 0 deletes it at once."""
    alarms: CacheAlarms = field(default_factory=CacheAlarms)
    notify_emails: list[Email] = field(default_factory=list)
    retention_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    """How long logs are kept."""

    def check(self) -> None:
        super().check()
        self._name_fits()
        self._one_mode()
        self._zones_lie_in_region()

    def _name_fits(self) -> None:
        if len(self.workload) > LONGEST_NAME or "--" in self.workload:
            raise ValueError(
                f"workload {self.workload} becomes the cache's name: at most {LONGEST_NAME} characters, and no two "
                "hyphens in a row"
            )

    def _one_mode(self) -> None:
        sections = {"serverless": self.serverless, "replication-group": self.replication_group}
        for mode, section in sections.items():
            key = mode.replace("-", "_")
            if mode == self.mode and section is None:
                raise ValueError(f"mode: {mode} needs the section {key}")
            if mode != self.mode and section is not None:
                raise ValueError(f"{key} is for mode: {mode}, and mode is {self.mode}")

    def _zones_lie_in_region(self) -> None:
        zones_in_region(self.network.availability_zones or (), self.region)

    @property
    def cluster_mode(self) -> bool:
        """Whether clients must speak the cluster protocol; a serverless cache always wants it."""
        return self.replication_group.cluster_mode if self.replication_group else True


CACHE_EXAMPLE = """\
greenai-infra:cache:
  workload: answers
  project: assistant
  team: serving
  region: eu-north-1
  mode: replication-group
  replication_group:
    node_type: cache.r7g.large
  network:
    availability_zones: [eu-north-1a, eu-north-1b]
""" + carbon_example("SE-SE3", 20)
"""The least that a cache stack's config holds."""


def read_cache_config(values: Any, where: str = f"{PROJECT}:cache") -> CacheConfig:
    """The typed config from what `pulumi.Config().get_object("cache")` or a YAML file holds."""
    return read_typed(CacheConfig, values, where, CACHE_EXAMPLE)


SPEC = StackSpec(
    program="cache",
    cloud="aws",
    config=CacheConfig,
    example=CACHE_EXAMPLE,
    roles=2,
)
