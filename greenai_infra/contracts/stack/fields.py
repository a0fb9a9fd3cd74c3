"""What the config sections of all programs have in common.

One stack per workload and region. Whatever a program needs to know about the plan is in its section, so preview and up
see the same thing and no program asks the network which region is green.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError, field_validator

from greenai_infra.catalog.zones import is_zone_id
from greenai_infra.contracts.problems import describe_validation_error
from greenai_infra.contracts.times import Time
from greenai_infra.errors import InputError
from greenai_infra.flags import NoFlagAsNumber

if TYPE_CHECKING:
    from collections.abc import Iterable

PROJECT = "greenai-infra"

# What both clouds take as part of a resource name.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# AWS's commercial partition: in China and in the government regions ARNs and service names differ.
AwsRegion = Annotated[str, Field(pattern=r"^(af|ap|ca|eu|il|me|mx|sa|us)-[a-z]+-[0-9]$")]
S3Uri = Annotated[
    str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s]*)?$", examples=["s3://our-data/corpus/"])
]
# SageMaker pulls from ECR only.
EcrImage = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9][^\s]*$",
        examples=["123456789012.dkr.ecr.eu-north-1.amazonaws.com/training:v1"],
    ),
]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["ml-team@example.com"])]


class Section(NoFlagAsNumber):
    """A part of a stack's config: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Carbon(Section):
    """The intensity that the plan was made with, and where it comes from."""

    zone: str
    intensity_g_per_kwh: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    signal: Literal["average", "marginal"]
    basis: Literal["lifecycle", "direct"]
    source: str
    kind: str
    observed_at: Time


class Planned(Section):
    """What the plan expects of this placement: IT energy before PUE; emissions with PUE, transfer, embodied share."""

    plan_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$", examples=["0123456789ab"])]
    planned_at: Time
    rank: Annotated[int, Field(ge=1)]
    energy_kwh: Positive
    emissions_kg: Positive
    cost_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Network(Section):
    """Address range of the VPC and the zones that its private subnets lie in (at least two), by letter or by ID."""

    cidr: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-2])$")] = "10.42.0.0/16"
    availability_zones: Annotated[list[str], Field(min_length=2, max_length=6)]

    @field_validator("cidr")
    @classmethod
    def _is_a_network(cls, cidr: str) -> str:
        ip_network(cidr)  # raises ValueError, in words, for 10.42.0.1/16 or 300.0.0.0/16
        return cidr

    @field_validator("availability_zones")
    @classmethod
    def _each_once(cls, zones: list[str]) -> list[str]:
        if len(set(zones)) < len(zones):
            raise ValueError(f"names a zone twice: {', '.join(zones)}")
        return zones


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


class Owned(Section):
    """Whose stack it is."""

    workload: Name
    project: Name
    team: Name
    environment: Name = "research"


class CarbonTagged(Owned):
    """A stack whose place was chosen with a carbon intensity; `planned` is there if a plan chose it."""

    carbon: Carbon
    planned: Planned | None = None


def stack_name(workload: str, region: str) -> str:
    """Name of the stack of one workload in one region."""
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
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(describe_validation_error(error, where, kind, example)) from None
