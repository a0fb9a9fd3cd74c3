"""The joint choice of region, offer and start, worked out by hand on small made-up worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.catalog.regions import find_region
from greenai_infra.errors import InputError, NoPlacement
from greenai_infra.intensity.values import Series, Signal
from greenai_infra.planning.decide import Decision, decide, pareto_front
from greenai_infra.planning.document import plan_document
from greenai_infra.planning.hardware import compare_hardware
from greenai_infra.planning.placements import Placement, Timing
from greenai_infra.planning.planner import Plan, make_plan
from greenai_infra.planning.slices import Interruption
from greenai_infra.planning.workload_file import window_of

from .made_up import (
    EAST,
    HOUR,
    NORTH,
    T0,
    TRAINING,
    Forecast,
    at,
    candidate,
    field_of,
    hours_of,
    offer,
    steps,
    timing,
    unix,
    workload,
)

if TYPE_CHECKING:
    from greenai_infra.catalog.offers import Offer
    from greenai_infra.planning.candidates import Candidate


def decision(
    *candidates: Candidate, zones: dict[str, list[float]], when: Timing, step_hours: float = 1.0, **sections: str
) -> Decision:
    series = {zone: steps(zone, values, step_hours) for zone, values in zones.items()}
    return decide(workload(**sections), field_of(*candidates), series, when)


def planned(offers: list[Offer], *series: Series, text: str = TRAINING, now: datetime = T0, **sections: str) -> Plan:
    job = workload(text, **sections)
    return make_plan(job, window_of(job, now), offers, Forecast(series))


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


def test_an_interruptible_job_skips_the_ridge_and_pays_for_its_resume() -> None:
    # 4 h of work in [0,2) and [6,8.5): half an hour of resume at 10 kW, 20 USD/h. 4.5 h x 10 x 1.25 x 20 g = 1.125 kg.
    ridge = [20.0, 20, 500, 500, 500, 500, 20, 20, 20, 20]
    rule = Interruption(resume_overhead_s=0.5 * HOUR, minimum_slice_s=HOUR)

    made = decision(candidate("A"), zones={"A": ridge}, when=timing(8.5, rule)).placement

    assert hours_of(made.slices) == [(0, 2), (6, 8.5)]
    assert made.hours == pytest.approx(4.5)
    assert made.energy_kwh == pytest.approx(45)
    assert made.emissions_kg == pytest.approx(1.125)
    assert made.cost_usd == pytest.approx(90)


def test_a_contiguous_job_cannot_skip_the_ridge() -> None:
    ridge = [20.0, 20, 500, 500, 500, 500, 20, 20, 20, 20]

    made = decision(candidate("A"), zones={"A": ridge}, when=timing(8.5)).placement

    # The best unbroken four hours are 4.5 to 8.5: (1.5 x 500 + 2.5 x 20) / 4 = 200 g/kWh.
    assert made.emissions_kg == pytest.approx(50 * 200 / 1000)


def test_slices_need_a_gain_above_the_threshold_too() -> None:
    # Skipping hours 2 and 3 saves 4 x 100 -> 2 x 100 + 2 x 85: 7.5 %.
    mild = [100.0, 100, 100, 100, 85, 85]
    rule = Interruption(resume_overhead_s=0, minimum_slice_s=HOUR)

    made = decision(candidate("A"), zones={"A": mild}, when=timing(6, rule))

    assert hours_of(made.placement.slices) == [(0, 4)]


def test_a_resume_must_pay_for_the_embodied_share_of_its_time() -> None:
    # At once 3 x 30 = 90 g/kWh x h; in two slices with a resume of one hour 4 x 20 = 80: 0.125 kg less at 12.5 kW.
    # With 5 kg of hardware an hour the resume costs far more.
    hours = [30.0, 30, 30, 900, 20, 20, 900, 20, 20]
    rule = Interruption(resume_overhead_s=HOUR, minimum_slice_s=2 * HOUR)
    light = candidate("A", hours=3)
    heavy = candidate("A", hours=3, embodied_kg_per_hour=5.0)

    sliced = decision(light, zones={"A": hours}, when=timing(9, rule, 0.0)).placement
    whole = decision(heavy, zones={"A": hours}, when=timing(9, rule, 0.0)).placement

    assert hours_of(sliced.slices) == [(4, 6), (7, 9)]
    assert hours_of(whole.slices) == [(0, 3)]
    assert whole.emissions_kg == pytest.approx(12.5 * 90 / 1000 + 15)


def test_slices_follow_steps_of_a_quarter_of_an_hour_from_an_odd_moment() -> None:
    # Two hours of work; cheap are 0:45 to 1:45 and 3:15 to 4:15. Planning starts at 0:05, where no step begins.
    quarters = [500.0] * 3 + [10] * 4 + [500] * 6 + [10] * 4 + [500] * 3
    rule = Interruption(resume_overhead_s=0, minimum_slice_s=HOUR)
    when = Timing(unix(0) + 300, unix(5), rule, 0.1)

    made = decision(candidate("A", hours=2), zones={"A": quarters}, when=when, step_hours=0.25)

    assert hours_of(made.placement.slices) == [(0.75, 1.75), (3.25, 4.25)]


def test_maximum_cost_removes_the_cleanest_and_says_what_that_costs() -> None:
    # A: 50 x 20 g = 1 kg for 400 USD; B: 50 x 100 g = 5 kg for 80 USD.
    dear, cheap = candidate("A", usd_per_hour=100), candidate("B")

    made = decision(dear, cheap, zones={"A": [20] * 4, "B": [100] * 4}, when=timing(4), limits="{cost_usd: 399.99}")

    assert made.placement.candidate is cheap
    assert [(one.constraint, one.placement.candidate) for one in made.lifted] == [("limits.cost_usd", dear)]
    assert made.lifted[0].saving_kg == pytest.approx(4.0)


def test_a_cost_of_exactly_the_maximum_is_allowed() -> None:
    made = decision(candidate("A"), zones={"A": [100] * 4}, when=timing(4), limits="{cost_usd: 80}")

    assert made.placement.cost_usd == 80


def test_a_carbon_budget_below_every_placement_names_the_nearest() -> None:
    with pytest.raises(NoPlacement, match=r"limits.emissions_kg \(4.9\) removed 1; without it aws:a on node, 5 kg"):
        decision(candidate("A"), zones={"A": [100] * 4}, when=timing(4), limits="{emissions_kg: 4.9}")


def test_each_constraint_is_priced_by_lifting_it_alone() -> None:
    both = candidate("A", removed_by=frozenset({"where.deny", "where.residency"}))
    denied = candidate("B", removed_by=frozenset({"where.deny"}))
    allowed = candidate("C")

    made = decision(both, denied, allowed, zones={"A": [10] * 4, "B": [40] * 4, "C": [100] * 4}, when=timing(4))

    # Lifting deny frees B (2 kg against 5 kg); lifting residency alone frees nothing.
    costs = {one.constraint: one.saving_kg for one in made.lifted}
    assert costs == pytest.approx({"where.deny": 3.0, "where.residency": 0.0})


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


def test_a_forecast_shorter_than_the_job_is_said() -> None:
    with pytest.raises(NoPlacement, match=r"the intensity source removed 1.*no intensity of A for 4.0 h on end"):
        decision(candidate("A"), zones={"A": [100] * 3}, when=timing(24))


def test_a_job_ends_within_a_forecast_that_ends_before_the_deadline() -> None:
    made = decision(candidate("A"), zones={"A": [300, 300, 100, 100, 100, 100]}, when=timing(48))

    assert hours_of(made.placement.slices) == [(2, 6)]


def test_a_job_too_slow_for_the_deadline_is_said_with_both_times() -> None:
    with pytest.raises(NoPlacement, match=r"when.deadline removed 1; the fastest, .*needs 4.0 h, 3.0 h are left"):
        decision(candidate("A"), zones={"A": [100] * 8}, when=timing(3))


def test_every_constraint_says_how_many_it_removed() -> None:
    removed = [
        candidate("A", removed_by=frozenset({"where.deny"})),
        candidate("B", removed_by=frozenset({"where.deny"})),
    ]

    with pytest.raises(NoPlacement, match=r"where.deny \(eu-north-1\) removed 2; without it aws:a on node"):
        decision(*removed, zones={"A": [10] * 4, "B": [20] * 4}, when=timing(4), where="{deny: [eu-north-1]}")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_region_offer_and_start_is_cleaner(data: st.DataObject) -> None:
    count = data.draw(st.integers(4, 10))
    zones = {
        zone: [float(v) for v in data.draw(st.lists(st.integers(1, 900), min_size=count, max_size=count))]
        for zone in "ABC"
    }
    shapes = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from("ABC"),
                st.sampled_from([0.5, 1.0, 1.25, 2.0, 3.5]),
                st.integers(1, 30),
                st.sampled_from([0.0, 0.4, 3.0]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    candidates = [
        candidate(zone, hours=hours, power_kw=kw, embodied_kg_per_hour=made, instance_type=f"node-{index}")
        for index, (zone, hours, kw, made) in enumerate(shapes)
    ]

    chosen = decision(*candidates, zones=zones, when=timing(count, threshold=0.0)).placement

    def emitted(zone: str, hours: float, kw: float, made: float, start: float) -> float:
        total = sum(
            max(0.0, min(hour + 1, start + hours) - max(hour, start)) * value for hour, value in enumerate(zones[zone])
        )
        return total * kw * 1.25 / 1000 + made * hours

    brute = min(
        emitted(zone, hours, kw, made, quarter / 4)
        for zone, hours, kw, made in shapes
        for quarter in range(int((count - hours) * 4) + 1)
    )
    assert chosen.emissions_kg == pytest.approx(brute)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_interruptible_plans_beat_no_brute_force_and_obey_every_rule(data: st.DataObject) -> None:
    values = [float(v) for v in data.draw(st.lists(st.integers(1, 200), min_size=4, max_size=9))]
    hours = data.draw(st.integers(1, len(values) - 1))
    shortest = data.draw(st.integers(1, 3))
    overhead = data.draw(st.integers(0, shortest - 1))
    made_kg = data.draw(st.sampled_from([0.0, 0.5, 5.0]))
    one = candidate("A", hours=hours, embodied_kg_per_hour=made_kg)
    rule = Interruption(overhead * HOUR, shortest * HOUR)

    chosen = decision(one, zones={"A": values}, when=timing(len(values), rule, 0.0)).placement

    def lengths_of(mask: list[int]) -> list[int]:
        return [len(run) for run in "".join(map(str, mask)).split("0") if run]

    options = []
    for number in range(1, 2 ** len(values)):
        mask = [number >> index & 1 for index in range(len(values))]
        runs = lengths_of(mask)
        if sum(mask) == hours + (len(runs) - 1) * overhead and (len(runs) == 1 or min(runs) >= min(shortest, hours)):
            grams = sum(value for value, on in zip(values, mask, strict=True) if on)
            options.append(12.5 * grams / 1000 + made_kg * sum(mask))
    assert chosen.emissions_kg == pytest.approx(min(options))
    assert chosen.hours == pytest.approx(hours + (len(chosen.slices) - 1) * overhead)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(chosen.slices))
    assert chosen.slices[-1][1] <= unix(len(values))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=12))
def test_nothing_on_the_pareto_front_is_dominated_and_all_else_is(pairs: list[tuple[int, int]]) -> None:
    placements = [
        Placement(candidate("A", instance_type=f"n{i}"), ((0, 4 * HOUR),), 1.0, kg, 0.0, 0.0, usd, kg)
        for i, (kg, usd) in enumerate(pairs)
    ]

    front = {(one.emissions_kg, one.cost_usd) for one in pareto_front(placements)}

    dominated = {a for a in pairs for b in pairs if a != b and b[0] <= a[0] and b[1] <= a[1]}
    assert front == set(pairs) - dominated


# With the real catalogue of regions: PUE of eu-north-1 is 1.10, of us-east-1 1.15.


def test_a_measured_run_is_planned_with_its_own_energy() -> None:
    # Stockholm: 40 kWh x 1.10 x 20 g = 0.88 kg. The p4d node: (8 x 127.6 + 1,800) kg over 4 years of 8,766 h a year,
    # 4 hours of it = 0.32179 kg. 4 h x 25 USD.
    made = planned([offer(NORTH, 25.0), offer(EAST)], steps("SE-SE3", [20] * 4), steps("US-MIDA-PJM", [400] * 4))

    chosen = made.decision.placement
    assert chosen.candidate.region.key == NORTH
    assert chosen.operational_kg == pytest.approx(40 * find_region(NORTH).pue * 20 / 1000)
    assert chosen.embodied_kg == pytest.approx(2820.8 * 4 / (4 * 8766))
    assert chosen.cost_usd == 100


def test_the_baseline_is_the_cheapest_hardware_at_once_in_its_region() -> None:
    cheap = offer(EAST, 9.0, instance_type="p4d.24xlarge")
    dear = offer(EAST, 99.0, instance_type="p4de.24xlarge")
    made = planned(
        [offer(NORTH), dear, cheap],
        steps("SE-SE3", [20] * 8),
        steps("US-MIDA-PJM", [400] * 4 + [100] * 4),
        when="{deadline: +8h}",
        baseline="{region: us-east-1}",
    )

    baseline = made.decision.baseline
    assert baseline is not None
    assert baseline.candidate.offer == cheap
    assert hours_of(baseline.slices) == [(0, 4)]
    assert baseline.operational_kg == pytest.approx(40 * find_region(EAST).pue * 400 / 1000)
    assert baseline.cost_usd == 36


def test_the_baseline_may_lie_where_the_job_must_not_run() -> None:
    made = planned(
        [offer(NORTH), offer(EAST)],
        steps("SE-SE3", [20] * 4),
        steps("US-MIDA-PJM", [400] * 4),
        where="{residency: [EU]}",
    )

    assert made.decision.baseline is not None
    assert made.decision.alternatives == ()
    assert [one.constraint for one in made.decision.lifted] == ["where.residency"]


def test_a_baseline_that_offers_no_fitting_hardware_is_said() -> None:
    made = planned([offer(NORTH)], steps("SE-SE3", [20] * 4))

    assert made.decision.baseline is None
    assert "aws:us-east-1 offers none of A100-40GB" in made.decision.baseline_gap


def test_a_baseline_whose_forecast_is_too_short_for_the_chosen_hardware_keeps_the_document_finite() -> None:
    # The baseline runs on H100 in 2 h within its 3 h forecast; the chosen A100 would need 4 x 2 = 8 h there.
    h100 = offer(EAST, 5.0, accelerator="H100", instance_type="p5.48xlarge")
    made = planned(
        [offer(NORTH), offer(EAST, 90.0), h100],
        steps("SE-SE3", [20] * 40),
        steps("US-MIDA-PJM", [400] * 3),
        text=TRAINING.replace(
            "measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}",
            "accelerator_hours: {hours: 16, accelerator: H100}",
        ).replace("[A100-40GB]", "[A100-40GB, H100]"),
        when="{deadline: +30h}",
        limits="{}",
    )

    savings = plan_document(made)["savings"]
    assert savings["by_place_kg"] is None
    assert savings["emissions_kg"] > 0


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ("{}", NORTH),
        ("{deny: [eu-north-1]}", "aws:us-east-1"),
        ("{allow: ['aws:us-east-1']}", "aws:us-east-1"),
        ("{residency: [US]}", "aws:us-east-1"),
        ("{residency: [EEA]}", NORTH),
        ("{providers: [aws]}", NORTH),
    ],
)
def test_rules_about_places(where: str, chosen: str) -> None:
    made = planned([offer(NORTH), offer(EAST)], steps("SE-SE3", [20] * 4), steps("US-MIDA-PJM", [400] * 4), where=where)

    assert made.decision.placement.candidate.region.key == chosen


def test_norway_is_a_country_and_not_false() -> None:
    with pytest.raises(NoPlacement, match=r"where.residency \(NO\) removed 1"):
        planned([offer(NORTH)], steps("SE-SE3", [20] * 4), where="{residency: [NO]}")


def test_a_region_allowed_and_denied_is_denied() -> None:
    with pytest.raises(NoPlacement, match=r"where.deny \(eu-north-1\) removed 1"):
        planned([offer(NORTH)], steps("SE-SE3", [20] * 4), where="{allow: [eu-north-1], deny: [eu-north-1]}")


def test_data_that_lies_there_already_costs_nothing_to_move() -> None:
    made = planned([offer(NORTH)], steps("SE-SE3", [20] * 4), data="{size_gb: 100000, region: eu-north-1}")

    assert (made.decision.placement.transfer_kg, made.decision.placement.candidate.transfer_usd) == (0, 0)


def test_data_from_another_region_costs_energy_and_egress() -> None:
    # 1,000 GB x 0.001 kWh x 20 g = 0.02 kg; 0.02 USD a GB out of us-east-1.
    made = planned([offer(NORTH)], steps("SE-SE3", [20] * 4), data="{size_gb: 1000, region: us-east-1}")

    assert made.decision.placement.transfer_kg == pytest.approx(0.02)
    assert made.decision.placement.candidate.transfer_usd == pytest.approx(20)


def test_no_data_costs_nothing() -> None:
    made = planned([offer(NORTH)], steps("SE-SE3", [20] * 4), data="{size_gb: 0, region: us-east-1}")

    assert (made.decision.placement.transfer_kg, made.decision.placement.candidate.transfer_usd) == (0, 0)


def test_an_offer_without_the_asked_price_is_left_out_and_named() -> None:
    spot = offer(NORTH, usd_per_hour_spot=7.0)
    made = planned(
        [spot, offer(EAST)],
        steps("SE-SE3", [20] * 4),
        text=TRAINING.replace("accelerators: [A100-40GB]", "accelerators: [A100-40GB]\n  purchase: spot"),
    )

    assert made.decision.placement.cost_usd == 28
    assert made.field.unpriced == ("aws:us-east-1 p4d.24xlarge",)


def test_a_job_of_ten_thousand_years_is_an_input_error() -> None:
    text = TRAINING.replace(
        "measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}",
        "model: {parameters: 1.0e+9, tokens: 1.0e+18}",
    )

    with pytest.raises(InputError, match=r"takes .* years on the fastest candidate"):
        planned([offer(NORTH)], steps("SE-SE3", [20] * 4), text=text)


def test_the_signal_that_was_asked_for_must_be_there() -> None:
    with pytest.raises(InputError, match="asks for marginal intensity, the source has average"):
        planned([offer(NORTH)], steps("SE-SE3", [20] * 4), signal="marginal")


def test_a_marginal_forecast_serves_a_workload_that_asks_for_it() -> None:
    average = steps("SE-SE3", [20] * 4)
    marginal = replace(average, provenance=replace(average.provenance, signal=Signal.MARGINAL))

    made = planned([offer(NORTH)], marginal, signal="marginal")

    assert plan_document(made)["placement"]["intensity"]["signal"] == "marginal"


def test_a_change_of_clocks_moves_nothing() -> None:
    # Europe goes to summer time at 01:00 UTC on 29 March 2026; +02:00 and UTC name the same moments.
    series = steps("SE-SE3", [300] * 23 + [20] * 4 + [300] * 9)
    in_utc = planned([offer(NORTH)], series, when="{deadline: '2026-03-29T06:00:00Z'}")
    in_local = planned(
        [offer(NORTH)],
        series,
        now=datetime.fromisoformat("2026-03-28T01:00:00+01:00"),
        when="{deadline: '2026-03-29T08:00:00+02:00'}",
    )

    assert hours_of(in_utc.decision.placement.slices) == [(23, 27)]
    assert in_local.decision.placement.slices == in_utc.decision.placement.slices


def test_an_earliest_start_is_kept() -> None:
    made = planned([offer(NORTH)], steps("SE-SE3", [10] * 4 + [50] * 8), when="{earliest: +4h, deadline: +12h}")

    assert made.decision.placement.slices[0][0] == at(4).timestamp()


def test_a_deadline_of_fifteen_minutes_is_planned_to_the_minute() -> None:
    text = TRAINING.replace("hours: 4", "hours: 0.2")
    made = planned([offer(NORTH)], steps("SE-SE3", [900, 10], 0.1), text=text, when="{deadline: +15m}")

    chosen = made.decision.placement
    assert chosen.slices[-1][1] - chosen.slices[0][0] == pytest.approx(720)
    assert chosen.slices[-1][1] <= (T0 + timedelta(minutes=15)).timestamp()


def test_the_comparison_of_hardware_names_why_a_chip_is_out() -> None:
    job = workload()
    offers = [offer(NORTH), offer(EAST, accelerator="H100", instance_type="p5.48xlarge")]
    made = make_plan(job, window_of(job, T0), offers, Forecast([steps("SE-SE3", [20] * 4)]))

    rows = {row.accelerator: row for row in compare_hardware(job, made.field, made.decision, offers)}

    assert rows["A100-40GB"].placement is not None
    assert rows["A100-40GB"].on_pareto_front
    assert rows["H100"].reason == "measured on A100-40GB only"
    assert rows["Gaudi2"].reason == "no offer in the catalogue"
