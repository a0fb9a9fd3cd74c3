"""Fuel factors against what EIA and the IPCC published; respondents against the zones of the catalog."""

import pytest

from greenai_infra.catalog.fuels import eia_respondents, fuel_factors
from greenai_infra.catalog.regions import regions
from greenai_infra.catalog.signals import Basis
from greenai_infra.catalog.tables import lifecycle, lifecycle_zones

G_PER_POUND = 453.59237


@pytest.mark.parametrize(("fuel", "pounds_per_kwh"), [("coal", 2.31), ("gas", 0.96), ("oil", 2.38)])
def test_direct_factors_as_eia_published_them(fuel: str, pounds_per_kwh: float) -> None:
    factor = fuel_factors(Basis.DIRECT)[fuel]
    assert factor.g_per_kwh == pytest.approx(pounds_per_kwh * G_PER_POUND, abs=0.6)
    assert f"{pounds_per_kwh} lb/kWh" in factor.source


@pytest.mark.parametrize(
    ("fuel", "low", "median", "high"),
    [
        ("nuclear", 3.7, 12, 110),
        ("hydro", 1, 24, 2200),
        ("wind", 7, 11, 56),
        ("solar", 18, 48, 180),
        ("geothermal", 6, 38, 79),
    ],
)
def test_lifecycle_factors_as_the_ipcc_published_them(fuel: str, low: float, median: float, high: float) -> None:
    factor = fuel_factors(Basis.LIFECYCLE)[fuel]
    assert (factor.low, factor.g_per_kwh, factor.high) == (low, median, high)
    assert "IPCC AR5" in factor.source


@pytest.mark.parametrize(("fuel", "lifecycle_median", "direct_median"), [("coal", 820, 760), ("gas", 490, 370)])
def test_fossil_life_cycles_are_the_us_fleet_plus_what_the_ipcc_adds(
    fuel: str, lifecycle_median: float, direct_median: float
) -> None:
    direct, whole = fuel_factors(Basis.DIRECT)[fuel], fuel_factors(Basis.LIFECYCLE)[fuel]
    assert whole.g_per_kwh - direct.g_per_kwh == lifecycle_median - direct_median


def test_no_fuel_emits_less_over_its_life_cycle_than_directly() -> None:
    direct, whole = fuel_factors(Basis.DIRECT), fuel_factors(Basis.LIFECYCLE)
    assert direct.keys() == whole.keys()
    for fuel, factor in direct.items():
        assert whole[fuel].g_per_kwh >= factor.g_per_kwh
    for factor in (*direct.values(), *whole.values()):
        assert (factor.low or 0) <= factor.g_per_kwh <= (factor.high or 3000)


@pytest.mark.parametrize(
    ("zone", "shares", "margin"),
    [
        ("US-MIDA-PJM", {"gas": 0.44, "nuclear": 0.32, "coal": 0.15, "wind": 0.04, "solar": 0.03, "hydro": 0.02}, 0.05),
        ("US-TEX-ERCO", {"gas": 0.44, "wind": 0.24, "coal": 0.13, "solar": 0.10, "nuclear": 0.09}, 0.06),
    ],
)
def test_factors_agree_with_the_yearly_means(zone: str, shares: dict[str, float], margin: float) -> None:
    """Rough shares of 2024 x factors, beside Electricity Maps' life cycle mean of 2024."""
    factors = fuel_factors(Basis.LIFECYCLE)
    mean = lifecycle(zone, 2024)
    assert mean is not None
    assert sum(shares.values()) == pytest.approx(1)
    estimate = sum(share * factors[fuel].g_per_kwh for fuel, share in shares.items())
    assert estimate == pytest.approx(mean.g_per_kwh, rel=margin)


def test_every_american_zone_of_the_catalog_has_a_respondent() -> None:
    zones = {region.zone for region in regions() if region.country == "US"}
    assert zones <= eia_respondents().keys()
    assert eia_respondents().keys() <= lifecycle_zones()
    assert len(set(eia_respondents().values())) == len(eia_respondents())
