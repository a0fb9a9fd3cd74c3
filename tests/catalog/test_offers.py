"""Offers, their dates, the servers and transfers that come with them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from greenai_infra.catalog.accelerators import Embodied, find_accelerator
from greenai_infra.catalog.egress import egress_price
from greenai_infra.catalog.hosts import find_host, host_embodied
from greenai_infra.catalog.offers import EMBEDDED, Offer, offers, price_age_days, stale_price_warning
from greenai_infra.catalog.regions import find_region, regions
from greenai_infra.catalog.sagemaker import is_sagemaker_hosting, is_sagemaker_training
from greenai_infra.catalog.zones import availability_zones
from greenai_infra.errors import InputError


def offer_of(region: str, instance_type: str) -> Offer:
    found = [o for o in offers(path=EMBEDDED) if (o.region, o.instance_type) == (region, instance_type)]
    assert len(found) == 1
    return found[0]


def test_price_is_of_the_instance_and_chips_are_counted() -> None:
    p4d = offer_of("us-east-1", "p4d.24xlarge")
    assert (p4d.usd_per_hour_on_demand, p4d.accelerators, p4d.accelerator) == (21.957642, 8, "A100-40GB")
    assert p4d.usd_per_hour_on_demand is not None
    assert round(p4d.usd_per_hour_on_demand / p4d.accelerators, 2) == 2.74
    assert p4d.priced_on == date(2026, 7, 9)


def test_the_newer_list_replaces_the_older_one_and_brings_new_types() -> None:
    spot = offer_of("us-east-2", "trn2.48xlarge").usd_per_hour_spot
    g7e = offer_of("us-west-2", "g7e.12xlarge")

    assert spot == 8.5964
    assert (g7e.accelerator, g7e.accelerators, g7e.usd_per_hour_on_demand) == ("RTX-PRO-6000", 2, 8.28608)
    assert g7e.usd_per_hour_spot == pytest.approx((2.2357 + 2.2923) / 2)  # the middle two of four zones


@pytest.mark.parametrize("chip", ["Trainium3", "TPU7x", "GB200"])
def test_a_chip_whose_price_is_in_no_list_is_known_and_offered_nowhere(chip: str) -> None:
    assert find_accelerator(chip).tflops["bf16"] > 0
    assert [offer for offer in offers(include_suspect=True, path=EMBEDDED) if offer.accelerator == chip] == []


def test_tpus_are_per_chip_with_their_smallest_slice() -> None:
    v5p, v5e = offer_of("us-central1", "tpu-v5p"), offer_of("us-central1", "tpu-v5litepod-1")
    assert (v5p.per_chip, v5p.minimum_chips, v5p.usd_per_hour_on_demand) == (True, 4, 4.2)
    assert (v5e.per_chip, v5e.minimum_chips, v5e.usd_per_hour_on_demand) == (True, 1, 1.2)
    assert offer_of("us-central1", "n1+nvidia-tesla-t4").usd_per_hour_on_demand == 0.54  # 0.35 and n1-standard-4 0.19


def test_suspect_prices_only_when_told_to() -> None:
    everything = offers(include_suspect=True, path=EMBEDDED)
    assert len(everything) == 449
    assert len(offers(path=EMBEDDED)) == 449 - 43
    assert any(offer.suspect and offer.region == "us-west1" for offer in everything)


def test_a_price_without_a_listing_is_none_not_zero() -> None:
    assert offer_of("us-east-2", "p5e.48xlarge").usd_per_hour_on_demand is None


def test_every_offer_lies_in_a_known_region() -> None:
    known = {(region.provider, region.name) for region in regions()}
    assert {(offer.provider, offer.region) for offer in offers(include_suspect=True, path=EMBEDDED)} <= known


@pytest.mark.parametrize(("day", "stale"), [("2026-07-21", False), ("2026-07-22", True)])
def test_prices_older_than_180_days_warn(day: str, stale: bool) -> None:
    aws = [offer for offer in offers(path=EMBEDDED) if offer.provider == "aws"]
    warning = stale_price_warning(aws, datetime.fromisoformat(day).replace(tzinfo=UTC))
    assert (warning is not None) is stale
    oldest = min(aws, key=lambda offer: offer.priced_on)
    assert price_age_days(oldest, date(2026, 7, 22)) == 181
    if warning:
        assert "2026-01-22" in warning
        assert "catalog refresh" in warning


@pytest.mark.parametrize(
    ("cell", "problem"),
    [("nan", "is not finite"), ("-1", "is negative"), ("0", "is not a price"), ("cheap", "is not a number")],
)
def test_a_broken_price_names_file_line_and_column(tmp_path: Path, cell: str, problem: str) -> None:
    lines = EMBEDDED.read_text().splitlines()
    cells = lines[1].split(",")
    cells[7] = cell
    broken = tmp_path / "offers.csv"
    broken.write_text("\n".join([lines[0], ",".join(cells)]))
    with pytest.raises(InputError, match=rf"offers\.csv:2: usd_per_hour_on_demand '{cell}' {problem}"):
        offers(path=broken)


def server_of(offer: Offer) -> Embodied | None:
    return host_embodied(offer, find_accelerator(offer.accelerator))


def test_an_offer_carries_its_share_of_the_server() -> None:
    whole, eighth = (
        server_of(offer_of("us-east-1", "p5.48xlarge")),
        server_of(offer_of("us-east-1", "p5.4xlarge")),
    )
    assert whole is not None
    assert whole.kg == 4500
    assert eighth is not None
    assert eighth.kg == 562.5
    assert server_of(offer_of("us-central1", "tpu-v5p")) is None  # in the chip's figure


def test_no_offer_stands_without_its_server() -> None:
    everything = offers(include_suspect=True, path=EMBEDDED)
    bare = {offer.instance_type for offer in everything if server_of(offer) is None}
    assert bare == {"tpu-v4", "tpu-v5litepod-1", "tpu-v5p", "tpu-v6e-1"}
    assert {offer.instance_type for offer in everything if find_host(offer).family == "*"} == bare


def test_a_server_that_no_row_describes_is_estimated_with_the_widest_band() -> None:
    strange = replace(offer_of("us-east-1", "p5.48xlarge"), instance_type="p9.24xlarge", accelerators=4)
    made = server_of(strange)
    assert made is not None
    assert (made.kg, made.low, made.high) == (2250, 550, 2850)  # half of 4,500, 1,100 and 5,700 kg
    assert made.is_estimate


def test_a_family_does_not_match_its_longer_namesake() -> None:
    p4de = server_of(offer_of("us-east-1", "p4de.24xlarge"))
    assert p4de is not None
    assert "estimate" in p4de.boundary


def test_sagemaker_trains_on_p5_and_only_serves_from_inf2() -> None:
    assert is_sagemaker_training("p5.48xlarge")
    assert is_sagemaker_training("ml.g5.2xlarge")
    assert not is_sagemaker_training("inf2.xlarge")
    assert is_sagemaker_hosting("inf2.xlarge")
    assert not is_sagemaker_training("trn2.3xlarge")
    assert is_sagemaker_training("g7e.48xlarge")
    assert is_sagemaker_hosting("p6e-gb200.36xlarge")


def test_availability_zones_for_two_subnets() -> None:
    assert availability_zones("eu-north-1")[:2] == ("eu-north-1a", "eu-north-1b")
    assert availability_zones("ap-northeast-1")[:2] == ("ap-northeast-1a", "ap-northeast-1c")
    assert availability_zones("us-west-1") == ()


@pytest.mark.parametrize(
    ("origin", "destination", "usd"),
    [
        ("us-east-1", "us-east-1", 0),
        ("us-east-1", "eu-north-1", 0.02),
        ("us-east-1", "us-east-2", 0.01),
        ("aws:us-east-1", "gcp:us-east4", 0.09),
        ("ap-northeast-1", "us-west-2", 0.09),
        ("us-central1", "us-east4", 0.02),
        ("us-central1", "europe-north1", 0.05),
    ],
)
def test_transfer_prices(origin: str, destination: str, usd: float) -> None:
    assert egress_price(find_region(origin), find_region(destination)).usd_per_gb == usd


def test_every_pair_of_regions_has_a_transfer_price() -> None:
    for origin in regions():
        for destination in regions():
            tiers = egress_price(origin, destination).tiers
            begins = [above_gb for above_gb, _ in tiers]
            assert begins[0] == 0
            assert begins == sorted(set(begins)), (origin.key, destination.key)
            assert all(usd_per_gb >= 0 for _, usd_per_gb in tiers)


@pytest.mark.parametrize(
    ("origin", "destination", "size_gb", "usd"),
    [
        ("aws:us-east-1", "gcp:us-east4", 1_000, 90),
        # 10,240 x 0.09 + 40,960 x 0.085 + 102,400 x 0.07 + 46,400 x 0.05
        ("aws:us-east-1", "gcp:us-east4", 200_000, 921.6 + 3_481.6 + 7_168 + 2_320),
        ("aws:us-east-1", "gcp:us-east4", 51_200, 921.6 + 3_481.6),
        # 10,240 x 0.15 + 9,760 x 0.138
        ("aws:sa-east-1", "gcp:us-east4", 20_000, 1_536 + 1_346.88),
        # 1,024 x 0.12 + 9,216 x 0.11 + 189,760 x 0.08
        ("gcp:us-central1", "aws:eu-north-1", 200_000, 122.88 + 1_013.76 + 15_180.8),
        ("aws:us-east-1", "aws:eu-north-1", 200_000, 4_000),
        ("gcp:us-central1", "gcp:europe-north1", 200_000, 10_000),
        ("aws:us-east-1", "aws:us-east-1", 200_000, 0),
        ("aws:us-east-1", "gcp:us-east4", 0, 0),
    ],
)
def test_each_gb_costs_the_price_of_its_tier(origin: str, destination: str, size_gb: float, usd: float) -> None:
    assert egress_price(find_region(origin), find_region(destination)).cost_usd(size_gb) == pytest.approx(usd)
