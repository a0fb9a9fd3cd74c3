"""Reads the `vms.csv` that the SkyPilot project publishes for AWS and GCP into offers.

AWS lists a row per instance type and zone. GCP prices the machine without its accelerators, and the accelerators
without a machine: an offer is the sum of both in zones that have both (`skypilot_gcp`). Local zones are left out: they
are in a different place and grid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenai_infra.catalog.fetchers.skypilot_gcp import gcp_offers
from greenai_infra.catalog.fetchers.skypilot_rows import REQUIRED, Line, line_of, low_and_median, namings, positive
from greenai_infra.catalog.offers import Offer
from greenai_infra.catalog.read import parse
from greenai_infra.catalog.regions import regions
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

# An availability zone by id (use1-az1) or by name (us-east-1a); a local zone has a city in it (usw2-lax1-az1).
_AWS_ZONE_ID = re.compile(r"[a-z]+\d+-az\d+")
_AWS_ZONE = re.compile(rf"{_AWS_ZONE_ID.pattern}|[a-z]+(-[a-z]+)+-\d+[a-z]")


def read_vms(lines: Iterable[str], *, provider: str, where: str, priced_on: date, source: str) -> tuple[Offer, ...]:
    """The offers of a provider's vms.csv, for the chips and regions of the catalog.

    `where` names the file in errors, `source` goes into each offer. Raises InputError for missing columns, numbers
    that are negative or not finite, and for a file without any offer.
    """
    known = {region.name for region in regions() if region.provider == provider}
    read = [line_of(row) for row in parse(lines, where, REQUIRED) if row.text("Region") in known]
    if provider == "aws":
        found = _aws_offers(read, priced_on, source)
    elif provider == "gcp":
        found = gcp_offers(read, priced_on, source)
    else:
        raise InputError(f"'{provider}' is not a provider of the catalog; use aws or gcp")
    if not found:
        raise InputError(
            f"{where}: has no accelerator offer of {provider} in a known region; check that it is the right vms.csv"
        )
    return tuple(sorted(found, key=lambda offer: (offer.accelerator, offer.instance_type, offer.region)))


def _aws_offers(lines: Iterable[Line], priced_on: date, source: str) -> list[Offer]:
    groups: dict[tuple[str, str], list[Line]] = {}
    chips: dict[str, str] = {}
    for line in lines:
        chip = _aws_chip(line)
        if chip and line.count and _AWS_ZONE.fullmatch(line.zone):
            chips[line.instance_type] = chip
            groups.setdefault((line.instance_type, line.region), []).append(line)
    return [_aws_offer(zones, chips[instance_type], priced_on, source) for (instance_type, _), zones in groups.items()]


def _aws_chip(line: Line) -> str | None:
    for naming in namings():
        if (
            naming.provider == "aws"
            and naming.skypilot_name == line.accelerator
            and line.instance_type.startswith(naming.instance_prefix)
        ):
            return naming.accelerator
    return None


def _aws_offer(zones: Sequence[Line], chip: str, priced_on: date, source: str) -> Offer:
    first = zones[0]
    listed = [price for line in zones if (price := positive(line.on_demand)) is not None]
    spots = [price for line in zones if (price := positive(line.spot)) is not None]
    spot_min, spot_median = low_and_median(spots)
    notes = [f"{len(zones)} zones, {len(spots)} with a spot price"]
    if len(set(listed)) > 1:
        notes.append("zones disagree on the on-demand price; the highest is taken")
    equal = sum(1 for line in zones if line.spot and line.spot == line.on_demand)
    if equal:
        notes.append(f"spot equals on-demand in {equal} zones (no real spot discount)")
    return Offer(
        provider="aws",
        region=first.region,
        instance_type=first.instance_type,
        accelerator=chip,
        accelerators=first.count,
        vcpus=first.vcpus,
        memory_gib=first.memory_gib,
        usd_per_hour_on_demand=max(listed, default=None),
        usd_per_hour_spot=spot_median,
        usd_per_hour_spot_min=spot_min,
        priced_on=priced_on,
        source=source,
        note="; ".join(notes),
        zone_count=len(zones),
        # Letters are those of the account that made the list.
        zones=tuple(sorted(line.zone for line in zones if _AWS_ZONE_ID.fullmatch(line.zone))),
    )
