"""Whether offers can be had, against Google's page of TPU zones as it was read and SkyPilot's list of EC2's zones."""

from __future__ import annotations

import pytest

from greenai_infra.catalog.availability import Availabilities, Offered, one_zone_note
from greenai_infra.catalog.offers import EMBEDDED, Offer, offers
from greenai_infra.catalog.regions import find_region, regions
from greenai_infra.catalog.zones import network_zone_count, network_zones


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def sold(instance_type: str, region: str) -> Offer:
    return next(
        one
        for one in offers(path=EMBEDDED, include_suspect=True)
        if (one.instance_type, one.region) == (instance_type, region)
    )


# "Cloud TPU regions and zones", general access: North America in full, and what was read of Europe.
LISTED = {
    ("tpu-v5litepod-1", "us-central1"): ("us-central1-a",),
    ("tpu-v5litepod-1", "us-south1"): ("us-south1-a",),
    ("tpu-v5litepod-1", "us-west1"): ("us-west1-c",),
    ("tpu-v5litepod-1", "us-west4"): ("us-west4-a",),
    ("tpu-v5litepod-1", "europe-west4"): ("europe-west4-b",),
    ("tpu-v5p", "us-central1"): ("us-central1-a",),
    ("tpu-v5p", "us-east5"): ("us-east5-a",),
    ("tpu-v6e-1", "us-central1"): ("us-central1-b",),
    ("tpu-v6e-1", "us-east1"): ("us-east1-d",),
    ("tpu-v6e-1", "us-east5"): ("us-east5-a", "us-east5-b"),
    ("tpu-v6e-1", "europe-west4"): ("europe-west4-a",),
    ("tpu-v4", "us-central2"): ("us-central2-b",),
}


def test_a_price_of_a_tpu_is_an_offer_only_where_google_lists_it() -> None:
    tpus = [one for one in offers(path=EMBEDDED) if one.accelerator.startswith("TPU")]
    found = {
        (one.instance_type, one.region): Availabilities("training").of(one, find_region(one.region)) for one in tpus
    }

    assert {key: one.zones for key, one in found.items() if one.offered is Offered.YES} == LISTED


@pytest.mark.parametrize(
    ("instance_type", "region", "offered", "says"),
    [
        ("tpu-v6e-1", "us-west1", Offered.NO, "us-west1-c is single-tenant"),
        ("tpu-v6e-1", "us-south1", Offered.NO, "us-south1-ai1b is allow-list"),
        ("tpu-v5litepod-1", "northamerica-northeast1", Offered.NO, "does not list TPU-v5e for everybody"),
        ("tpu-v5p", "us-south1", Offered.NO, "us-south1-a is single-tenant"),
        ("tpu-v5p", "europe-west4", Offered.UNKNOWN, "is unknown: it has a price there"),
        ("tpu-v5litepod-1", "europe-north1", Offered.UNKNOWN, "is unknown: it has a price there"),
        ("tpu-v6e-1", "asia-northeast1", Offered.UNKNOWN, "is unknown: it has a price there"),
    ],
)
def test_what_is_not_listed_and_what_is_not_known(instance_type: str, region: str, offered: Offered, says: str) -> None:
    found = Availabilities("training").of(sold(instance_type, region), find_region(region))

    assert found.offered is offered
    assert says in found.says
    assert found.zones == ()


# SkyPilot's catalogue v9 of July 2026.
@pytest.mark.parametrize(
    ("instance_type", "region", "zones"),
    [
        ("p4d.24xlarge", "eu-north-1", ("eun1-az3",)),
        ("p5.48xlarge", "eu-north-1", ("eun1-az1", "eun1-az2", "eun1-az3")),
        ("p5.48xlarge", "ca-central-1", ("cac1-az4",)),
        ("p4d.24xlarge", "ca-central-1", ("cac1-az1", "cac1-az2")),
        ("p6-b300.48xlarge", "us-west-2", ("usw2-az2",)),
    ],
)
def test_zones_of_ec2(instance_type: str, region: str, zones: tuple[str, ...]) -> None:
    found = Availabilities("training").of(sold(instance_type, region), find_region(region))

    assert (found.zones, found.zone_count) == (zones, len(zones))
    assert "EC2 has it, SageMaker's list not read" in found.says


def test_one_zone_is_said() -> None:
    assert one_zone_note("p4d.24xlarge", "aws:eu-north-1", 1, ("eun1-az3",)).endswith("eu-north-1 only: eun1-az3")
    assert one_zone_note("inf2.xlarge", "aws:eu-west-2", 1, ()).endswith("one zone of aws:eu-west-2 only")
    assert one_zone_note("p5.48xlarge", "aws:eu-north-1", 3, ("eun1-az1", "eun1-az2", "eun1-az3")) == ""


def test_zones_lie_in_their_region_and_are_as_many_as_are_counted() -> None:
    marks = {region.name: _mark(region.name) for region in regions() if region.provider == "aws"}
    for one in offers(path=EMBEDDED, include_suspect=True):
        begin = marks[one.region] if one.provider == "aws" else one.region
        assert all(zone.startswith(f"{begin}-") for zone in one.zones), one
        assert not one.zones or len(one.zones) == one.zone_count, one


def _mark(region: str) -> str:
    """eu-north-1 is eun1, ap-southeast-2 is apse2."""
    area, direction, number = region.split("-")
    parts = [part for part in ("north", "south", "east", "west", "central") if part in direction]
    return area + "".join(part[0] for part in sorted(parts, key=direction.index)) + number


@pytest.mark.parametrize(
    ("region", "sold_in"),
    [
        ("eu-north-1", ()),
        ("eu-north-1", ("eun1-az3",)),
        ("us-east-1", tuple(f"use1-az{number}" for number in range(1, 7))),
        ("us-west-2", ("usw2-az1", "usw2-az2", "usw2-az3")),
        ("us-east-1", ()),
    ],
)
def test_zones_are_counted_as_they_are_named(region: str, sold_in: tuple[str, ...]) -> None:
    assert network_zone_count(region, sold_in) == len(network_zones(region, sold_in))
