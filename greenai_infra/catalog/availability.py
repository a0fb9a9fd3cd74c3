"""Whether an offer is available, where a provider says so: a listed price alone does not mean availability.

Google's page of TPU zones is compared with the price list. What the page lists for everybody is offered; what is
missing, or listed for single tenants or by allow-list, is not. If the page's part on a continent was not read,
availability is unknown. EC2's list names the zones; SageMaker's price list, once fetched, says whether SageMaker takes
the type in the region.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.read import table
from greenai_infra.catalog.regions import country_groups, enable_command
from greenai_infra.catalog.service_prices import FETCH, sagemaker_listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.catalog.regions import Region

GENERAL = "general"
_ZONE_COLUMNS = ("accelerator", "region", "zone", "access", "source", "read_on")


class Offered(StrEnum):
    """Whether an ordinary account can use an offer in its region."""

    YES = "listed"
    NO = "not listed"
    UNKNOWN = "unknown"


class Availability(Struct, frozen=True):
    """Whether something is offered, in which zones (names, or AWS's zone IDs; empty if unknown), and the source.

    `zone_count` is the number of zones that sell it, None if unknown; `says` is a sentence. `service_list_read` is
    False where only EC2's list was read, without the list of the service that a stack would use.
    """

    offered: Offered
    zones: tuple[str, ...] = ()
    zone_count: int | None = None
    says: str = ""
    service_list_read: bool = True


class _TpuZone(Struct, frozen=True):
    zone: str
    access: str
    source: str
    read_on: str


class Availabilities:
    """Whether offers are available for a kind of work: training or inference."""

    def __init__(self, kind: str) -> None:
        self._use = "training" if kind == "training" else "hosting"
        self._sagemaker = sagemaker_listed(self._use)

    def of(self, offer: Offer, region: Region) -> Availability:
        """Whether an offer is available in its region."""
        if offer.accelerator in _tpus():
            return _tpu(offer, region)
        if offer.provider == "aws":
            return self._aws(offer, region)
        return Availability(Offered.YES, offer.zones, offer.zone_count)

    def _aws(self, offer: Offer, region: Region) -> Availability:
        listed = self._sagemaker.get(region.name)
        if listed is None:
            says = (
                f"{offer.instance_type} for {self._use} in {region.key}: EC2 has it, SageMaker's list not read "
                f"({FETCH} --region {region.key} reads it)"
            )
            return Availability(Offered.YES, offer.zones, offer.zone_count, says, service_list_read=False)
        if f"ml.{offer.instance_type}" not in listed:
            says = f"SageMaker's price list of {region.key} has no {self._use} on ml.{offer.instance_type}"
            return Availability(Offered.NO, offer.zones, offer.zone_count, says)
        return Availability(Offered.YES, offer.zones, offer.zone_count)


def opt_in_note(region: Region) -> str:
    """What to do before an AWS account can use a region."""
    return f"{region.key} is off in an AWS account until it is enabled: {enable_command(region)}"


def one_zone_note(instance_type: str, region_key: str, zone_count: int | None, zones: Sequence[str]) -> str:
    """A note on an offer that a single zone of its region has; empty for other offers."""
    if zone_count != 1:
        return ""
    return f"{instance_type} is sold in one zone of {region_key} only{f': {zones[0]}' if zones else ''}"


def _tpu(offer: Offer, region: Region) -> Availability:
    name, zones = offer.accelerator, _tpus()[offer.accelerator].get(region.name, ())
    general = [zone for zone in zones if zone.access == GENERAL]
    if general:
        says = f"Google lists {name} in {', '.join(one.zone for one in general)} ({_read(general[0])})"
        return Availability(Offered.YES, tuple(zone.zone for zone in general), len(general), says)
    others = "".join(f"; {zone.zone} is {zone.access}" for zone in zones)
    continents = [group for group, members in country_groups().items() if region.country in members]
    if read := next((source for group in continents if (source := _pages().get((name, group)))), None):
        return Availability(
            Offered.NO, says=f"Google's page does not list {name} for everybody in {region.key} ({read}){others}"
        )
    return Availability(
        Offered.UNKNOWN,
        says=f"whether Google offers {name} in {region.key} is unknown: it has a price there, but the part of "
        f"Google's page on the continent was not read{others}",
    )


def _read(zone: _TpuZone) -> str:
    return f"{zone.source}, read {zone.read_on}"


@cache
def _tpus() -> dict[str, dict[str, tuple[_TpuZone, ...]]]:
    """Accelerator -> region -> its zones on Google's page."""
    found: dict[str, dict[str, tuple[_TpuZone, ...]]] = {}
    for row in table("tpu-zones.csv", _ZONE_COLUMNS):
        zones = found.setdefault(row.text("accelerator"), {})
        one = _TpuZone(row.text("zone"), row.text("access"), row.text("source"), row.text("read_on"))
        zones[row.text("region")] = (*zones.get(row.text("region"), ()), one)
    return found


@cache
def _pages() -> dict[tuple[str, str], str]:
    """(accelerator, continent) -> the page whose list of it was read to its end."""
    rows = table("tpu-zones-read.csv", ("accelerator", "continent", "source", "read_on"))
    return {
        (row.text("accelerator"), row.text("continent")): f"{row.text('source')}, read {row.text('read_on')}"
        for row in rows
    }
