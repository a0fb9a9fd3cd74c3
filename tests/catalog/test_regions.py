"""Regions against facts that the code did not compute: names on a map, published values, hand-written boxes."""

import pytest

from greenai_infra.catalog.regions import find_region, regions, residency_countries
from greenai_infra.catalog.tables import lifecycle_zones
from greenai_infra.errors import InputError

# (south, north, west, east) in degrees, drawn by hand around each country's territory.
BOXES = {
    "AE": (22, 27, 51, 57),
    "AU": (-44, -10, 112, 154),
    "BE": (49, 52, 2, 7),
    "BH": (25, 27, 50, 51),
    "BR": (-34, 6, -74, -34),
    "CA": (41, 84, -142, -52),
    "CH": (45, 48, 5, 11),
    "CL": (-56, -17, -76, -66),
    "DE": (47, 56, 5, 16),
    "ES": (35, 44, -10, 4),
    "FI": (59, 71, 20, 32),
    "FR": (41, 52, -6, 10),
    "GB": (49, 61, -9, 2),
    "HK": (22, 23, 113, 115),
    "ID": (-11, 6, 95, 141),
    "IE": (51, 56, -11, -5),
    "IL": (29, 34, 34, 36),
    "IN": (6, 36, 68, 98),
    "IT": (36, 48, 6, 19),
    "JP": (24, 46, 122, 146),
    "KR": (33, 39, 124, 132),
    "MX": (14, 33, -118, -86),
    "MY": (0, 8, 99, 120),
    "NL": (50, 54, 3, 8),
    "NZ": (-48, -34, 166, 179),
    "PL": (49, 55, 14, 25),
    "QA": (24, 27, 50, 52),
    "SA": (16, 33, 34, 56),
    "SE": (55, 70, 10, 25),
    "SG": (1, 2, 103, 105),
    "TH": (5, 21, 97, 106),
    "TW": (21, 26, 119, 123),
    "US": (24, 50, -125, -66),
    "ZA": (-35, -22, 16, 33),
}
# Within half a degree of the city, read off a map.
CITIES = {
    "gcp:us-south1": (32.8, -96.8),
    "gcp:us-west4": (36.2, -115.1),
    "gcp:us-east5": (40.0, -83.0),
    "gcp:southamerica-east1": (-23.5, -46.6),
    "aws:sa-east-1": (-23.5, -46.6),
    "gcp:us-west2": (34.1, -118.2),
    "gcp:africa-south1": (-26.2, 28.0),
    "gcp:europe-west4": (53.4, 6.8),
    "aws:ap-southeast-6": (-36.9, 174.8),
    "gcp:asia-southeast3": (13.8, 100.5),
    "aws:mx-central-1": (20.6, -100.4),
}


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("aws:us-west-2", "US-NW-BPAT"),
        ("gcp:us-west1", "US-NW-BPAT"),
        ("gcp:northamerica-northeast2", "CA-ON"),
        ("gcp:us-west2", "US-CAL-LDWP"),
        ("gcp:me-central1", "QA"),
        ("aws:eu-north-1", "SE-SE3"),
        ("gcp:europe-north2", "SE-SE3"),
        ("aws:ca-west-1", "CA-AB"),
        ("gcp:us-central1", "US-MIDW-MISO"),
        ("gcp:us-central2", "US-CENT-SWPP"),
        ("gcp:us-east5", "US-MIDA-PJM"),
        ("gcp:us-east2", "US-SE-SOCO"),
    ],
)
def test_zones_that_other_mappings_get_wrong(name: str, zone: str) -> None:
    assert find_region(name).zone == zone


def test_every_zone_has_a_lifecycle_value() -> None:
    assert {region.zone for region in regions()} <= lifecycle_zones()


def test_every_region_lies_in_its_country() -> None:
    outside = []
    for region in regions():
        south, north, west, east = BOXES[region.country]
        if not (south <= region.latitude <= north and west <= region.longitude <= east):
            outside.append(region.key)
    assert outside == []


@pytest.mark.parametrize("name", CITIES)
def test_no_namesake_town_stands_in_for_the_city(name: str) -> None:
    latitude, longitude = CITIES[name]
    region = find_region(name)
    assert abs(region.latitude - latitude) < 0.5
    assert abs(region.longitude - longitude) < 0.5


def test_commercial_regions_only() -> None:
    names = [region.name for region in regions()]
    assert len(names) == len(set(names)) == 79
    assert not [name for name in names if name.startswith("cn-") or "gov" in name]


def test_regions_that_an_account_must_enable() -> None:
    # Amazon's list of regions that are on by default: those launched before 2019-03-20, and Osaka.
    on = {region.name for region in regions() if region.provider == "aws" and not region.opt_in}
    assert on == {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    }
    assert not any(region.opt_in for region in regions() if region.provider == "gcp")


def test_announced_regions_that_are_not_open_are_left_out() -> None:
    assert not {"me-west-1", "sa-west-1"} & {region.name for region in regions()}


@pytest.mark.parametrize(
    ("name", "pue", "year", "fleet"),
    [
        ("us-east-1", 1.15, 2024, False),
        ("us-west-2", 1.12, 2024, False),
        ("ap-south-2", 1.46, 2024, False),
        ("us-east5", 1.09, 2023, False),
        ("eu-west-3", 1.14, 2025, True),
        ("europe-west9", 1.09, 2024, True),
    ],
)
def test_pue_is_the_newest_and_a_fleet_mean_says_so(name: str, pue: float, year: int, fleet: bool) -> None:
    region = find_region(name)
    assert (region.pue, region.pue_year, region.pue_is_fleet_mean) == (pue, year, fleet)


def test_a_misspelt_region_gets_the_near_name() -> None:
    with pytest.raises(InputError, match="did you mean eu-north-1"):
        find_region("eu-nroth-1")
    with pytest.raises(InputError, match="did you mean aws:eu-north-1"):
        find_region("aws:eu-nort-1")


def test_residency_takes_groups_and_codes() -> None:
    assert len(residency_countries(["EU"])) == 27
    assert residency_countries(["EEA"]) - residency_countries(["eu"]) == {"IS", "LI", "NO"}
    assert residency_countries(["ch", "UK"]) == {"CH", "GB"}
    assert not {"GB", "CH"} & residency_countries(["EU"])


def test_an_unknown_residency_is_refused() -> None:
    with pytest.raises(InputError, match="unknown country code or group 'Narnia'"):
        residency_countries(["EU", "Narnia"])
