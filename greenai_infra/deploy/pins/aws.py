"""What the pinners of AWS have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.zones import availability_zones
from greenai_infra.errors import InputError, Refused

if TYPE_CHECKING:
    from greenai_infra.deploy.plan_file import Placement
    from greenai_infra.deploy.stack_files import StackFile


def ml_type(instance_type: str) -> str:
    """SageMaker's name of an EC2 instance type."""
    return f"ml.{instance_type.removeprefix('ml.')}"


def network_values(placement: Placement, file: StackFile, section: str) -> dict[str, Any]:
    """The network of a stack whose file has none: up to three zones. Raises InputError if the zones are not known."""
    region = placement.region
    zones = availability_zones(region)
    if len(zones) < 2:
        raise InputError(
            f"the availability zones of {region} are not known; name at least two in {file.path.name} as "
            f"network.availability_zones under {file.key(section)}, such as [{region}a, {region}b]"
        )
    return {"availability_zones": list(zones[:3])}


def image_in(image: str, region: str) -> str:
    """The image's URI for a region: `{region}` is filled in. Raises Refused if it lies in another region's ECR."""
    uri = image.replace("{region}", region)
    parts = uri.split("/")[0].split(".")
    if parts[1:3] == ["dkr", "ecr"] and len(parts) > 3 and parts[3] != region:
        raise Refused(
            f"aws:{region}: the image lies in {parts[3]}, and SageMaker pulls from its own region only; "
            "write {region} in the URI and replicate the image"
        )
    return uri
