"""The joint choice of region, offer and start, worked out by hand on small made-up worlds."""

from __future__ import annotations

import pytest

from .made_up import (
    candidate,
    decision,
    hours_of,
    timing,
)


def test_the_cleanest_region_and_its_cleanest_hours_are_chosen_together() -> None:
    # A: 10 kW x 4 h x 1.25 x (100+100+80+80)/4 = 50 kWh x 90 g = 4.5 kg from hour 2; B never gets below 100.
    made = decision(
        candidate("A"), candidate("B"), zones={"A": [200, 200, 100, 100, 80, 80], "B": [100] * 6}, when=timing(6)
    )

    assert made.placement.candidate.region.zone == "A"
    assert hours_of(made.placement.slices) == [(2, 6)]
    assert made.placement.emissions_kg == pytest.approx(4.5)
    assert made.placement.intensity_g_per_kwh == pytest.approx(90)
    assert made.placement.cost_usd == pytest.approx(80)
    assert made.placement.emissions_now_kg == pytest.approx(50 * 150 / 1000)


def test_transfer_and_embodied_emissions_count_and_transfer_costs() -> None:
    # 40 kWh x 1.25 x 100 g = 5 kg; 2 kWh x 100 g = 0.2 kg without PUE; 4 h x 0.5 kg = 2 kg; 4 h x 20 + 30 USD.
    one = candidate("A", transfer=(2.0, 30.0), embodied_kg_per_hour=0.5)

    made = decision(one, zones={"A": [100] * 6}, when=timing(6)).placement

    assert (made.operational_kg, made.transfer_kg, made.embodied_kg) == pytest.approx((5.0, 0.2, 2.0))
    assert made.emissions_kg == pytest.approx(7.2)
    assert made.cost_usd == pytest.approx(110)


def test_embodied_emissions_can_decide() -> None:
    clean_but_costly_to_make = candidate("A", embodied_kg_per_hour=1.0)  # 50 kWh x 20 g + 4 kg = 5.0 kg
    plain = candidate("B")  # 50 kWh x 90 g = 4.5 kg

    made = decision(clean_but_costly_to_make, plain, zones={"A": [20] * 4, "B": [90] * 4}, when=timing(4))

    assert made.placement.candidate.region.zone == "B"


def test_the_deadline_is_when_the_job_has_finished() -> None:
    # The cleanest four hours are 4 to 8, but only what ends by hour 7 counts: hours 3 to 7.
    made = decision(candidate("A"), zones={"A": [300, 300, 300, 300, 10, 10, 10, 10]}, when=timing(7))

    assert hours_of(made.placement.slices) == [(3, 7)]


def test_a_deadline_that_leaves_exactly_the_run_is_met() -> None:
    made = decision(candidate("A"), zones={"A": [300, 10, 10, 10, 10, 10]}, when=timing(4))

    assert hours_of(made.placement.slices) == [(0, 4)]


def test_without_a_deadline_the_job_starts_at_once() -> None:
    made = decision(candidate("A"), zones={"A": [300, 300, 300, 300, 10, 10, 10, 10]}, when=timing(None))

    assert hours_of(made.placement.slices) == [(0, 4)]


@pytest.mark.parametrize(("later", "start_hour"), [(90.0, 0), (89.9, 4)])
def test_waiting_needs_a_gain_above_the_threshold(later: float, start_hour: int) -> None:
    # At once 100 g/kWh; a gain of exactly 10 % is within forecast error, 10.1 % is not.
    made = decision(candidate("A"), zones={"A": [100] * 4 + [later] * 4}, when=timing(8))

    assert hours_of(made.placement.slices) == [(start_hour, start_hour + 4)]


def test_with_no_threshold_any_gain_is_worth_waiting_for() -> None:
    made = decision(candidate("A"), zones={"A": [100] * 4 + [99.9] * 4}, when=timing(8, threshold=0.0))

    assert hours_of(made.placement.slices) == [(4, 8)]


def test_equal_hours_are_not_waited_for() -> None:
    made = decision(candidate("A"), zones={"A": [100] * 8}, when=timing(8, threshold=0.0))

    assert hours_of(made.placement.slices) == [(0, 4)]


def test_the_pareto_front_holds_what_is_cheaper_only_by_emitting_more() -> None:
    a = candidate("A", usd_per_hour=50)  # 1 kg, 200 USD
    b = candidate("B", usd_per_hour=60)  # 2 kg, 240 USD: beaten by A in both
    c = candidate("C", usd_per_hour=20)  # 3 kg, 80 USD
    d = candidate("D", usd_per_hour=20)  # 4 kg, 80 USD: beaten by C
    e = candidate("E", usd_per_hour=10)  # 5 kg, 40 USD

    zones = {"A": [20.0] * 4, "B": [40.0] * 4, "C": [60.0] * 4, "D": [80.0] * 4, "E": [100.0] * 4}
    made = decision(e, d, c, b, a, zones=zones, when=timing(4))

    assert [one.candidate.region.zone for one in made.pareto] == ["A", "C", "E"]


def test_alternatives_are_the_best_of_each_other_region_cleanest_first() -> None:
    zones = {"A": [20.0] * 4, "B": [60.0] * 4, "C": [40.0] * 4}
    two_in_b = [candidate("B", instance_type="big", power_kw=20), candidate("B", instance_type="small")]

    made = decision(candidate("A"), *two_in_b, candidate("C"), zones=zones, when=timing(4))

    found = [(one.candidate.region.zone, one.candidate.offer.instance_type) for one in made.alternatives]
    assert found == [("C", "node"), ("B", "small")]


def test_of_equal_emissions_the_cheaper_wins_and_then_the_name() -> None:
    zones = {"A": [50.0] * 4, "B": [50.0] * 4, "C": [50.0] * 4}
    made = decision(
        candidate("C", usd_per_hour=10), candidate("B", usd_per_hour=10), candidate("A"), zones=zones, when=timing(4)
    )

    assert made.placement.candidate.region.zone == "B"
    assert [one.candidate.region.zone for one in made.alternatives] == ["C", "A"]


def test_what_is_cleaner_by_less_than_one_percent_is_not_worth_money() -> None:
    # 50 kWh: A 5.00 kg for 200 USD, B 5.045 kg (0.9 % more) for 40, C 5.05 kg (1 % more) for 20.
    zones = {"A": [100.0] * 4, "B": [100.9] * 4, "C": [101.0] * 4}
    of_each = [candidate("A", usd_per_hour=50), candidate("B", usd_per_hour=10), candidate("C", usd_per_hour=5)]

    made = decision(*of_each, zones=zones, when=timing(4))

    assert made.placement.candidate.region.zone == "B"
    assert [one.candidate.region.zone for one in made.alternatives] == ["A", "C"]
    assert [one.candidate.region.zone for one in made.pareto] == ["A", "B", "C"]


@pytest.mark.parametrize("small_usd", [12.0, 12.00001, 11.99999])
def test_at_equal_kg_and_cost_one_large_machine_wins_over_eight_small_ones(small_usd: float) -> None:
    # List prices of the small ones are rounded to five decimals, so eight cost a trace more or less.
    small = candidate("A", usd_per_hour=small_usd, instance_type="a-small", instances=8)
    large = candidate("A", usd_per_hour=12.0, instance_type="z-large", instances=1)

    made = decision(small, large, zones={"A": [100.0] * 4}, when=timing(4))

    assert made.placement.candidate is large
    assert [one.candidate for one in made.pareto] == [large]


def test_ties_are_with_the_cleanest_alone_not_with_each_other() -> None:
    # Each costs less than the one before and emits 0.9 % more: only B can't be told from A.
    zones = {"A": [100.0] * 4, "B": [100.9] * 4, "C": [101.8] * 4, "D": [102.7] * 4}
    prices = {"A": 50, "B": 40, "C": 30, "D": 20}

    made = decision(*(candidate(z, usd_per_hour=usd) for z, usd in prices.items()), zones=zones, when=timing(4))

    assert made.placement.candidate.region.zone == "B"


def test_of_equal_cost_and_machines_the_earliest_start_wins() -> None:
    # B is cleaner by 0.5 %, but its clean hours come later.
    zones = {"A": [100.0] * 4 + [300.0] * 4, "B": [300.0] * 4 + [99.5] * 4}

    made = decision(candidate("B"), candidate("A"), zones=zones, when=timing(8))

    assert made.placement.candidate.region.zone == "A"
