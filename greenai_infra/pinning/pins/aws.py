"""What the pinners of AWS have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.zones import LEAST_ZONES, is_zone_id, network_zones, zone_ids
from greenai_infra.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.contracts.plan import Placement


def ml_type(instance_type: str) -> str:
    """SageMaker's name of an EC2 instance type."""
    return f"ml.{instance_type.removeprefix('ml.')}"


def network_values(placement: Placement) -> dict[str, Any]:
    """The network for a stack whose file has no network. Empty if the region's zones are unknown."""
    zones = network_zones(placement.region, placement.zones)
    return {"network": {"availability_zones": list(zones)}} if len(zones) >= LEAST_ZONES else {}


def network_example(placement: Placement) -> dict[str, Any]:
    """A network for a region with unknown zones."""
    return {"network": {"availability_zones": [f"{placement.region}a", f"{placement.region}b"]}}


def unreached(section: Mapping[str, Any], placement: Placement) -> list[str]:
    """Returns a sentence if the stack's own subnets miss, or may miss, the zones that sell the machine."""
    network = section.get("network")
    zones = network.get("availability_zones") if isinstance(network, dict) else None
    sold_in = [zone for zone in placement.zones if is_zone_id(zone, placement.region)]
    if not isinstance(zones, list) or not sold_in or set(zones) & set(sold_in):
        return []
    if any(is_zone_id(str(zone), placement.region) for zone in zones):
        why = f"{placement.instance_type} is sold in {', '.join(sold_in)}"
    elif len(zones) > len(set(zone_ids(placement.region)) - set(sold_in)):
        return []  # so many letters can't miss all of them
    else:
        why = f"whether they reach {', '.join(sold_in)}, where {placement.instance_type} is sold, differs by account"
    return [
        f"network.availability_zones of {placement.region} are {', '.join(map(str, zones))}: {why}; name them by ID"
    ]


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
