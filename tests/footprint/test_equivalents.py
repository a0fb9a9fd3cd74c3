"""Against the figures that EPA's calculator publishes, and against the wrong ones that are about."""

import pytest

from greenai_infra.footprint.equivalents import car_km, edition, equivalents, urban_trees

TONNES_PER_MILE = 3.93e-4
KM_PER_MILE = 1.609344


def test_a_thousand_miles_of_the_calculator_are_as_many_kilometres() -> None:
    assert car_km(1000 * TONNES_PER_MILE * 1000) == pytest.approx(1000 * KM_PER_MILE, rel=1e-4)


def test_the_factor_per_mile_follows_from_fuel_and_mileage() -> None:
    tonnes_per_gallon, miles_per_gallon, co2_share = 8.89e-3, 22.8, 0.993
    per_mile_kg = tonnes_per_gallon / miles_per_gallon / co2_share * 1000
    assert equivalents()["car_km"].kg_co2e * KM_PER_MILE == pytest.approx(per_mile_kg, rel=2e-3)


def test_a_tree_takes_up_sixty_kilograms_in_ten_years_not_in_one() -> None:
    assert urban_trees(600) == pytest.approx(10)
    assert equivalents()["urban_tree"].unit.endswith("grown for 10 years")


def test_the_unsourced_figures_of_other_documents_do_not_come_back() -> None:
    assert car_km(0.12) != pytest.approx(1, rel=0.3)
    assert urban_trees(21) != pytest.approx(1, rel=0.3)


def test_the_sign_stays() -> None:
    assert car_km(-2.442) == pytest.approx(-10)


@pytest.mark.parametrize("emissions_kg", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused(emissions_kg: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        car_km(emissions_kg)


def test_the_edition_is_named() -> None:
    assert edition() == "EPA Greenhouse Gas Equivalencies Calculator, edition 2024"
