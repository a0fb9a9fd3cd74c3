"""What a stack's config needs of its account and region, cloud by cloud: read from its typed section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.stack import stack_specs
from greenai_infra.contracts.stack.cache import read_cache_config
from greenai_infra.contracts.stack.inference import read_inference_config
from greenai_infra.contracts.stack.training import read_training_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenai_infra.project.stack_files import StackFile


@dataclass(frozen=True)
class Quota:
    """A service quota by its name in Service Quotas, and how much of it the stack needs, in the quota's unit."""

    service: str
    name: str
    needed: float
    why: str


@dataclass(frozen=True)
class AwsNeeds:
    """`image` and `data_uri` exist outside the stack; None for those that the stack itself makes."""

    region: str
    quotas: tuple[Quota, ...] = ()
    image: str | None = None
    image_tag: str | None = None
    """In the stack's repository."""
    data_uri: str | None = None
    reads_own_data: bool = False
    """Whether the run reads `train/` in the stack's bucket."""
    own_vpc: bool = True
    roles: int = 0
    uris: tuple[str, ...] = ()
    """Other objects or folders in S3 that must be there, such as a model's archive."""


@dataclass(frozen=True)
class GcpNeeds:
    """The same for Google Cloud."""

    project: str
    region: str
    image: str | None = None
    data_uri: str | None = None


LONGEST_RUN = "Longest run time for a training job"


def needs_of(file: StackFile) -> AwsNeeds | GcpNeeds | None:
    """Returns the needs of a stack; None if the program is the user's. Raises InputError for an invalid section."""
    provider = file.section.get("provider", "aws")
    roles = {spec.program: spec.roles for spec in stack_specs() if spec.cloud == provider}
    if file.program not in roles:
        return None
    reader = _READERS.get((str(provider), file.program), _aws_other if provider == "aws" else _gcp)
    needs = reader(file.section, f"{file.path.name}: {file.project}:{file.program}")
    if isinstance(needs, AwsNeeds):
        alarms = roles["alarms"] if file.program != "alarms" and file.value("alarms") else 0
        needs = replace(needs, roles=roles[file.program] + alarms)
    return needs


def _aws_training(section: dict[str, Any], where: str) -> AwsNeeds:
    config = read_training_config(section, where)
    given, scheduled = config.buckets.data, config.launch == "scheduled"
    kind = "spot training job usage" if config.spot else "training job usage"
    longest = max((piece.end - piece.start for piece in config.slices), default=timedelta())
    if config.spot and config.max_wait_hours and len(config.slices) == 1:
        longest = max(longest, timedelta(hours=config.max_wait_hours))
    return AwsNeeds(
        config.region,
        (
            Quota("sagemaker", f"{config.instance_type} for {kind}", config.instance_count, "the job's instances"),
            Quota("sagemaker", LONGEST_RUN, longest.total_seconds(), "seconds of the longest slice"),
        ),
        image=config.image,
        image_tag=None if config.image else config.image_tag,
        data_uri=config.data_uri or (f"s3://{given}/train/" if given and scheduled else None),
        reads_own_data=config.data_uri is None and given is None and scheduled,
        own_vpc=config.network.vpc_id is None,
    )


def _aws_inference(section: dict[str, Any], where: str) -> AwsNeeds:
    config = read_inference_config(section, where)
    if config.instance_type is None:
        return AwsNeeds(config.region, image=config.image, own_vpc=False)
    most = config.largest
    update = 2 * (config.instance_count or 1)
    return AwsNeeds(
        config.region,
        (
            Quota(
                "sagemaker",
                f"{config.instance_type} for endpoint usage",
                max(most, update),
                f"the most that autoscaling asks for is {most}; an update has the old and the new machines, {update}",
            ),
        ),
        image=config.image,
        uris=(config.model_data,) if config.model_data else (),
        own_vpc=config.network is None or config.network.vpc_id is None,
    )


def _aws_cache(section: dict[str, Any], where: str) -> AwsNeeds:
    config = read_cache_config(section, where)
    return AwsNeeds(config.region, own_vpc=config.network.vpc_id is None)


def _aws_other(section: dict[str, Any], where: str) -> AwsNeeds:
    return AwsNeeds(str(section.get("region")), own_vpc=False)


def _gcp(section: dict[str, Any], where: str) -> GcpNeeds:
    return GcpNeeds(
        str(section.get("gcp_project") or ""),
        str(section.get("region") or ""),
        image=section.get("image"),
        data_uri=section.get("data_uri"),
    )


_READERS: dict[tuple[str, str], Callable[[dict[str, Any], str], AwsNeeds | GcpNeeds]] = {  # beside region and roles
    ("aws", "training"): _aws_training,
    ("aws", "inference"): _aws_inference,
    ("aws", "cache"): _aws_cache,
}
