"""How many chips a plan takes: every number on offer competes, and scaling and starting are not free."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from greenai_infra.catalog.offers import machines_text
from greenai_infra.errors import NoPlacement, WorkloadError
from greenai_infra.planning.document import plan_document

from .made_up import EAST, NORTH, TRAINING, hours_of, offer, planned, steps, workload

if TYPE_CHECKING:
    from greenai_infra.intensity.model.values import Series
    from greenai_infra.planning.planner import Plan

HOURS_96 = TRAINING.replace(
    "measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}",
    "accelerator_hours: {hours: 96, accelerator: H100}",
).replace("[A100-40GB]", "[H100]")
P5 = offer(NORTH, accelerator="H100", instance_type="p5.48xlarge")
FLAT = steps("SE-SE3", [300.0] * 60)
CLEAN_NIGHT = steps("SE-SE3", [300.0] * 20 + [20.0] * 4 + [300.0] * 36)  # four clean hours


def made(series: Series, *, hardware: str = "", limits: str = "{}", when: str = "{deadline: +48h}") -> Plan:
    text = HOURS_96.replace("accelerators: [H100]", f"accelerators: [H100]{hardware}")
    return planned([P5], series, text=text, when=when, limits=limits)


def nodes(plan: Plan) -> int:
    return plan.decision.placement.candidate.run.instances


def test_an_even_grid_takes_the_fewest() -> None:
    assert nodes(made(FLAT)) == 1


def test_a_short_clean_time_takes_as_many_as_fit_into_it() -> None:
    # Three nodes take 4 h / 0.97 ** 1.585 + 0.085 h = 4.28 h, four 3 h / 0.97 ** 2 + 0.085 h = 3.27 h: the clean hours
    # hold that. 28.448 kW x (3.188 + 0.35 x 0.085) h x 1.1 x 20 g = 2.01 kg, and 3.27 h of embodied share.
    chosen = made(CLEAN_NIGHT).decision.placement

    assert chosen.candidate.run.instances == 4
    assert hours_of(chosen.slices)[0][0] == pytest.approx(20)
    assert chosen.operational_kg == pytest.approx(28.448 * (3 / 0.97**2 + 0.35 * 0.085) * 1.1 * 0.02)
    assert chosen.cost_usd == pytest.approx(4 * 20 * (3 / 0.97**2 + 0.085))


def test_the_best_number_is_the_best_within_the_limits() -> None:
    # One node costs 241.7 USD, two 250.8, three 256.9, four 261.9 at 20 USD an hour.
    assert nodes(made(CLEAN_NIGHT, limits="{cost_usd: 258}")) == 3
    assert nodes(made(CLEAN_NIGHT, limits="{cost_usd: 242}")) == 1
    assert nodes(made(CLEAN_NIGHT, hardware="\n  max_count: 16")) == 2
    assert nodes(made(CLEAN_NIGHT, hardware="\n  count: 64")) == 8


def test_every_number_is_cut_into_slices() -> None:
    grid = steps("SE-SE3", [20.0, 300.0] * 30)
    when = "{deadline: +48h, interruptible: {resume_overhead_minutes: 6, minimum_slice_hours: 0.5}}"

    def numbers(plan: Plan, slices: int) -> set[int]:
        ranked = [one.placement for one in plan.decision.everything]
        return {one.candidate.run.instances for one in ranked if min(len(one.slices), 2) == slices}

    every = made(grid, when=when)
    assert numbers(every, 1) == set(range(1, 9))
    assert numbers(every, 2) == set(range(1, 9))
    assert numbers(made(grid, when=when, hardware="\n  count: 24"), 2) == {3}


def test_the_baseline_takes_the_fewest_that_meet_the_deadline() -> None:
    baseline = made(CLEAN_NIGHT).decision.baseline

    assert baseline is not None
    assert (baseline.candidate.run.instances, hours_of(baseline.slices)[0][0]) == (1, 0)


def test_every_row_says_how_many_machines_it_means() -> None:
    document = plan_document(made(CLEAN_NIGHT))

    assert document["placement"]["machines"] == "4 x p5.48xlarge"
    assert document["baseline"]["machines"] == "1 x p5.48xlarge"


def test_what_is_sold_by_the_chip_is_named_as_what_one_gets() -> None:
    tpu = offer(
        "gcp:us-central1", accelerator="TPU-v5e", instance_type="tpu-v5litepod-1", accelerators=1, per_chip=True
    )
    t4 = offer("gcp:us-central1", instance_type="n1+nvidia-tesla-t4", accelerators=1, per_chip=True)

    assert machines_text(tpu, 16) == "16-chip tpu-v5litepod"
    assert machines_text(replace(t4, accelerator="T4"), 4) == "1 x n1 + 4 x nvidia-tesla-t4"
    assert machines_text(replace(t4, accelerator="T4"), 7) == "7 x n1+nvidia-tesla-t4"  # no machine takes as many


def test_a_forecast_that_ends_early_does_not_decide_the_number() -> None:
    # It holds the hours of four nodes, not of one: for want of a longer one nothing else is known, so they are taken.
    document = plan_document(made(steps("SE-SE3", [300.0] * 4)))

    assert document["placement"]["instances"] == 4


def test_a_count_above_the_maximum_contradicts_it() -> None:
    with pytest.raises(WorkloadError, match="count 16 is more than max_count 8"):
        workload(HOURS_96.replace("[H100]", "[H100]\n  count: 16\n  max_count: 8"))
    with pytest.raises(WorkloadError, match=r"hardware.max_count 4 is less than the 8 of work.measured.count"):
        workload(TRAINING.replace("[A100-40GB]", "[A100-40GB]\n  max_count: 4"))


def test_what_a_rule_removed_is_counted_by_region_and_offer() -> None:
    with pytest.raises(NoPlacement, match=r"limits\.cost_usd \(1\.0\) removed 2"):
        planned(
            [P5, offer(EAST, accelerator="H100", instance_type="p5.48xlarge")],
            FLAT,
            steps("US-MIDA-PJM", [400.0] * 60),
            text=HOURS_96,
            when="{deadline: +48h}",
            limits="{cost_usd: 1}",
        )
