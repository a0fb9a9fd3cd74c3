"""What the config sections of all programs have in common.

One stack per workload and region. The section holds everything that a program needs from the plan, so preview and up
see the same values, and programs never ask the network which region is green.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

from msgspec import Meta

from greenai_infra.catalog.zones import is_zone_id
from greenai_infra.contracts.names import Name
from greenai_infra.contracts.times import Time
from greenai_infra.errors import InputError
from greenai_infra.typed_yaml.checked import Checked, checked_by
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.section import NonNegative, Positive
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from greenai_infra.typed_yaml.types import KeyPath, Problem

PROJECT = "greenai-infra"


# AWS's commercial partition: in China and in the government regions ARNs and service names differ.
AwsRegion = Annotated[str, Meta(pattern=r"^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[0-9]\Z")]
S3Uri = Annotated[
    str, Meta(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s]*)?\Z", examples=["s3://our-data/corpus/"])
]
# SageMaker pulls from ECR only.
EcrImage = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9][^\s]*\Z",
        examples=["123456789012.dkr.ecr.eu-north-1.amazonaws.com/training:v1"],
    ),
]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+\Z", examples=["ml-team@example.com"])]


class Section(Checked, frozen=True, forbid_unknown_fields=True):
    """A part of a stack's config: refuses unknown keys, and is immutable."""

    def check_given(self, given: Collection[str]) -> None:
        """Raises ValueError for keys that contradict each other, with any value."""


class Carbon(Section, frozen=True, kw_only=True):
    """The intensity that the plan was made with, and where it comes from."""

    zone: str
    intensity_g_per_kwh: NonNegative
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: Time


class Planned(Section, frozen=True, kw_only=True):
    """What the plan expects of this placement: IT energy before PUE; emissions with PUE, transfer, embodied share."""

    plan_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{12,64}\Z", examples=["0123456789ab"])]
    planned_at: Time
    rank: Annotated[int, Meta(ge=1)]
    energy_kwh: Positive
    emissions_kg: Positive
    cost_usd: NonNegative


def is_network(cidr: str) -> None:
    """Raises ValueError, in words, for an invalid network such as 10.42.0.1/16 or 300.0.0.0/16."""
    ip_network(cidr)


def each_once(names: Iterable[str]) -> None:
    """Raises ValueError for a list that names something twice."""
    named = list(names)
    if len(set(named)) < len(named):
        raise ValueError(f"names one twice: {', '.join(named)}")


VpcRange = Annotated[str, Meta(pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-2])\Z"), checked_by(is_network)]
Zones = Annotated[list[str], Meta(min_length=2, max_length=6), checked_by(each_once)]


VpcId = Annotated[str, Meta(pattern=r"^vpc-[0-9a-f]{8,17}\Z", examples=["vpc-0a1b2c3d4e5f60718"])]
SubnetId = Annotated[str, Meta(pattern=r"^subnet-[0-9a-f]{8,17}\Z", examples=["subnet-0a1b2c3d4e5f60718"])]
SubnetIds = Annotated[
    list[SubnetId],
    checked_by(each_once),
    Meta(min_length=2, max_length=6, examples=[["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60719"]]),
]


def joined_or_made(given: Collection[str]) -> None:
    """Raises ValueError for a network that is both joined and made."""
    if {"vpc_id", "subnet_ids"} & {*given} and {"availability_zones", "cidr"} & {*given}:
        raise ValueError(
            "vpc_id and subnet_ids join a network that is there, availability_zones and cidr make a new one: "
            "keep one pair"
        )


def network_is_whole(vpc_id: str | None, subnet_ids: list[str] | None, zones: list[str] | None) -> None:
    """Raises ValueError for a VPC without subnets, subnets without a VPC, or if zones and VPC are both missing."""
    joins = vpc_id is not None or subnet_ids is not None
    if joins and (vpc_id is None or subnet_ids is None):
        raise ValueError("vpc_id and subnet_ids belong together")
    if not joins and not zones:
        raise ValueError("needs availability_zones for a network of its own, or vpc_id and subnet_ids to join one")


class Network(Section, frozen=True, kw_only=True):
    """A new VPC, with private subnets in zones named by letter or by ID; or an existing VPC.

    New: `availability_zones`, and `cidr` if the default is taken. Existing: `vpc_id` and `subnet_ids`.
    """

    cidr: VpcRange = "10.42.0.0/16"
    availability_zones: Zones | None = None
    vpc_id: VpcId | None = None
    subnet_ids: SubnetIds | None = None

    def check_given(self, given: Collection[str]) -> None:
        """A network is joined or made."""
        joined_or_made(given)

    def check(self) -> None:
        super().check()
        network_is_whole(self.vpc_id, self.subnet_ids, self.availability_zones)


def image_lies_in_region(image: str | None, region: str) -> None:
    """Raises ValueError for an ECR image of another region."""
    if image is not None and (place := image.split(".")[3]) != region:
        raise ValueError(f"image lies in {place}, and SageMaker pulls from its own region {region} only")


def zones_in_region(zones: Iterable[str], region: str) -> None:
    """Raises ValueError for a zone of another region, and for zones that are named partly by letter, partly by ID."""
    named = list(zones)
    by_id = [zone for zone in named if is_zone_id(zone, region)]
    for zone in named:
        if zone not in by_id and not zone.startswith(region):
            raise ValueError(f"network.availability_zones: {zone} is not in region {region}")
    if by_id and len(by_id) < len(named):
        raise ValueError(
            f"network.availability_zones: name all by ID, as {by_id[0]}, or all by letter: they may be the same zones"
        )


class Owned(Section, frozen=True, kw_only=True):
    """Whose stack it is."""

    workload: Name
    project: Name
    team: Name
    environment: Name = "research"


class CarbonTagged(Owned, frozen=True, kw_only=True):
    """A stack whose place was chosen with a carbon intensity; `planned` is there if a plan chose it."""

    carbon: Carbon
    planned: Planned | None = None


class Owner(Protocol):
    """Whose stack it is, as every section of a whole stack says."""

    @property
    def workload(self) -> str: ...
    @property
    def project(self) -> str: ...
    @property
    def team(self) -> str: ...
    @property
    def environment(self) -> str: ...


class Tagged(Owner, Protocol):
    """An owner, and the intensity and plan that a stack's place was chosen with."""

    @property
    def carbon(self) -> Carbon: ...
    @property
    def planned(self) -> Planned | None: ...


def stack_name(workload: str, region: str) -> str:
    """Returns the name of a workload's stack in a region."""
    return f"{workload}-{region}"


def carbon_example(zone: str, g_per_kwh: int) -> str:
    """The part `carbon` of an example, with a zone's figure of 2025."""
    return f"""\
  carbon:
    zone: {zone}
    intensity_g_per_kwh: {g_per_kwh}
    signal: average
    basis: lifecycle
    source: Electricity Maps 2025
    kind: yearly mean
    observed_at: 2025-01-01T00:00:00Z
"""


def planned_example(energy_kwh: float, emissions_kg: float, cost_usd: float) -> str:
    """The part `planned` of an example."""
    return f"""\
  planned:
    plan_id: 0123456789ab
    planned_at: 2026-11-30T12:00:00Z
    rank: 1
    energy_kwh: {energy_kwh:g}
    emissions_kg: {emissions_kg:g}
    cost_usd: {cost_usd:g}
"""


Typed = TypeVar("Typed", bound=Section)


def read_typed(kind: type[Typed], values: Any, where: str, example: str) -> Typed:
    """The typed section from what a YAML file or `pulumi.Config().get_object` holds. Raises InputError."""
    try:
        read = read_values(values, kind)
        if found := list(_given_wrongly(read, values, ())):
            raise Unreadable(found)
    except Unreadable as error:
        raise InputError(described(error.problems, where, values, kind, example)) from None
    return read


def _given_wrongly(section: Section, values: Mapping[str, Any], at: KeyPath) -> Iterator[Problem]:
    try:
        section.check_given(values.keys())
    except ValueError as error:
        yield at, str(error)
    for key in values:
        if isinstance(inner := getattr(section, key), Section):
            yield from _given_wrongly(inner, values[key], (*at, key))
