"""What the config sections of stacks on Google Cloud have in common."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from greenai_infra.catalog.offers import EMBEDDED, offers
from greenai_infra.catalog.read import near
from greenai_infra.catalog.regions import regions
from greenai_infra.catalog.zones import gcp_zones
from greenai_infra.contracts.stack.fields import is_network
from greenai_infra.typed_yaml.checked import checked_by

# Project id, not its number: 6 to 30 characters.
GcpProject = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]\Z")]
AI_ZONE = re.compile(r"-ai[0-9]+[a-z]$")


def _is_known(region: str) -> None:
    known = [one.name for one in regions() if one.provider == "gcp"]
    if region not in known:
        raise ValueError(
            f"the catalog knows no region {region} of Google Cloud{near(region, known)} (`greenai-infra regions`)"
        )


GcpRegion = Annotated[str, Meta(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}\Z"), checked_by(_is_known)]
GcpZone = Annotated[str, Meta(pattern=r"^[a-z]+-[a-z]+[0-9]{1,2}-(ai[0-9]+)?[a-z]\Z", examples=["europe-west4-b"])]
# Artifact Registry by tag or digest: what a network without a way out can pull from.
ArtifactImage = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9-]+-docker\.pkg\.dev/[a-z][a-z0-9.:-]+/[a-z0-9-]+/[a-z0-9][a-z0-9._/-]*"
        r"(:[A-Za-z0-9_][\w.-]{0,127}|@sha256:[0-9a-f]{64})$",
        examples=["europe-west4-docker.pkg.dev/acme-ml/training/train:v1"],
    ),
]


Subnet = Annotated[str, Meta(pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-9])\Z"), checked_by(is_network)]


def zone_in_region(zone: str, region: str) -> None:
    """Raises ValueError for a zone of another region, or a zone missing from the region's known zones."""
    if zone.rpartition("-")[0] != region:
        raise ValueError(f"zone {zone} is not in region {region}")
    zones = gcp_zones(region)
    if zones and zone not in zones and not AI_ZONE.search(zone):
        raise ValueError(f"zone: {region} has no zone {zone}; it has {', '.join(zones)}")


def tpus_in_region(accelerator: str, region: str) -> None:
    """Raises ValueError for TPUs without an offer in the region, in the embedded and the refreshed catalog."""
    there = {one.region for one in (*offers(path=EMBEDDED), *offers()) if one.accelerator == accelerator}
    if there and region not in there:
        raise ValueError(
            f"region: no {accelerator} is offered in {region} as far as the catalog knows; it is in "
            f"{', '.join(sorted(there))} (`greenai-infra catalog refresh` reads what is new)"
        )
