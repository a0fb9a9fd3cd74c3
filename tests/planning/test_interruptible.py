"""Runs that may stop and resume, worked out by hand."""

from __future__ import annotations

import pytest

from greenai_infra.planning.slots import Interruption
from greenai_infra.planning.timing import Timing

from .made_up import (
    HOUR,
    candidate,
    decision,
    hours_of,
    timing,
    unix,
)


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


def test_slices_beyond_the_cost_limit_give_way_to_the_unbroken_run() -> None:
    # Sliced: 4.5 h for 90 USD and 1.125 kg. Unbroken from 4.5 to 8.5: 4 h for 80 USD and 10 kg. The limit is 85 USD.
    ridge = [20.0, 20, 500, 500, 500, 500, 20, 20, 20, 20]
    rule = Interruption(resume_overhead_s=0.5 * HOUR, minimum_slice_s=HOUR)

    made = decision(candidate("A"), zones={"A": ridge}, when=timing(8.5, rule), limits="{cost_usd: 85}")

    assert hours_of(made.placement.slices) == [(4.5, 8.5)]
    assert made.placement.cost_usd == pytest.approx(80)
    assert made.lifted[0].constraint == "limits.cost_usd"
    assert made.lifted[0].saving_kg == pytest.approx(10 - 1.125)


VALLEYS = [400.0] * 3 + [10] * 2 + [400] * 4 + [10] * 2 + [400] * 4 + [60] + [400] * 8
RULE = Interruption(resume_overhead_s=0.2 * HOUR, minimum_slice_s=0.5 * HOUR)


def test_a_cost_limit_leaves_the_best_of_fewer_slices() -> None:
    # 5 h of work in the valleys of 2 + 2 + 1 h. Three slices run for 5.4 h and meet 4 x 10 + 60 + 0.4 x 400 = 260;
    # two for 5.2 h, 4 x 10 + 1.2 x 400 = 520; one from 3:00 to 8:00, 2 x 10 + 3 x 400 = 1,220.
    made = decision(candidate("A", hours=5), zones={"A": VALLEYS}, when=timing(24, RULE, 0.0), limits="{cost_usd: 106}")

    assert len(made.placement.slices) == 2
    assert made.placement.cost_usd == pytest.approx(5.2 * 20)
    assert made.placement.emissions_kg == pytest.approx(12.5 * 520 / 1000)
    assert {one.constraint: one.saving_kg for one in made.lifted} == pytest.approx(
        {"limits.cost_usd": 12.5 * (520 - 260) / 1000}
    )


def test_the_pareto_front_has_each_number_of_slices_that_is_of_use() -> None:
    made = decision(candidate("A", hours=5), zones={"A": VALLEYS}, when=timing(24, RULE, 0.0))

    assert [len(one.slices) for one in made.pareto] == [3, 2, 1]
    assert [one.emissions_kg for one in made.pareto] == pytest.approx([3.25, 6.5, 15.25])
    assert [one.cost_usd for one in made.pareto] == pytest.approx([108, 104, 100])


def test_an_emissions_limit_is_kept_by_the_cheapest_slices_within_it() -> None:
    # Three slices emit 3.25 kg, two 6.5. At 100 USD a tonne the 4 USD that two cost less are worth it.
    made = decision(
        candidate("A", hours=5),
        zones={"A": VALLEYS},
        when=timing(24, RULE, 0.0),
        limits="{emissions_kg: 7}",
        objective="{carbon_price_usd_per_tonne: 100}",
    )

    assert len(made.placement.slices) == 2


def test_the_pareto_front_shows_the_unbroken_run_as_the_cheaper_one() -> None:
    ridge = [20.0, 20, 500, 500, 500, 500, 20, 20, 20, 20]
    rule = Interruption(resume_overhead_s=0.5 * HOUR, minimum_slice_s=HOUR)

    made = decision(candidate("A"), zones={"A": ridge}, when=timing(8.5, rule))

    assert [one.cost_usd for one in made.pareto] == pytest.approx([90, 80])
    assert [one.emissions_kg for one in made.pareto] == pytest.approx([1.125, 10])
