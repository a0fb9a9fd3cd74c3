"""Yearly means against the published values; the two bases never stand for each other."""

import pytest

from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.catalog.tables import direct, lifecycle


@pytest.mark.parametrize(
    ("region", "g_per_kwh"),
    [
        ("northamerica-northeast1", 5.48),
        ("europe-north2", 2.73),
        ("us-west1", 79.23),
        ("us-central1", 412.72),
        ("europe-north1", 39.32),
        ("us-east4", 323.05),
        ("asia-southeast1", 366.85),
    ],
)
def test_direct_2024_as_google_published_it(region: str, g_per_kwh: float) -> None:
    mean = direct(region)
    assert mean is not None
    assert (mean.g_per_kwh, mean.year, mean.basis, mean.signal) == (g_per_kwh, 2024, Basis.DIRECT, Signal.AVERAGE)


@pytest.mark.parametrize(
    ("zone", "g_per_kwh"),
    [("CA-QC", 41), ("SE-SE3", 20), ("US-NW-BPAT", 129), ("FI", 68), ("US-MIDA-PJM", 418), ("SG", 483)],
)
def test_lifecycle_2025_as_electricity_maps_published_it(zone: str, g_per_kwh: float) -> None:
    mean = lifecycle(zone)
    assert mean is not None
    assert (mean.g_per_kwh, mean.year, mean.basis) == (g_per_kwh, 2025, Basis.LIFECYCLE)
    assert "Electricity Maps" in mean.source


def test_an_earlier_year_can_be_asked_for() -> None:
    montreal, emirates = direct("northamerica-northeast1", 2023), lifecycle("AE", 2021)
    assert montreal is not None
    assert montreal.g_per_kwh == 2
    assert emirates is not None
    assert emirates.g_per_kwh == 447


def test_what_is_not_in_the_table_is_none() -> None:
    assert lifecycle("XX") is None
    assert lifecycle("SE-SE3", 1999) is None
    assert direct("us-east-1") is None


def test_the_carbon_free_share_stands_beside_and_doubt_is_said() -> None:
    iowa, stockholm = direct("us-central1"), direct("europe-north2")
    assert iowa is not None
    assert (iowa.g_per_kwh, iowa.carbon_free_share) == (412.72, 0.87)
    assert stockholm is not None
    assert "doubtful" in stockholm.note
