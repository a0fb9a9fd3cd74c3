"""Moving data emits at both ends: kWh x the mean of the two grids over the plan's window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.intensity.model.values import Basis, Series
from greenai_infra.planning.document import plan_document

from .made_up import EAST, NORTH, offer, planned, steps

if TYPE_CHECKING:
    from greenai_infra.planning.planner import Plan

DATA = "{size_gb: 200000, region: us-east-1}"  # 200 kWh
NORTH_GRID = steps("SE-SE3", [20.0] * 10)


def moved(*series: Series, when: str = "{}", data: str = DATA) -> Plan:
    return planned([offer(NORTH)], *series, data=data, when=when)


def transfer(plan: Plan) -> dict[str, Any]:
    document: dict[str, Any] = plan_document(plan)["placement"]["transfer"]
    return document


def test_data_on_a_dirty_grid_are_not_moved_to_a_clean_one_for_a_small_run() -> None:
    # Moving: 200 kWh x (500 + 20) / 2 = 52 kg, run in the north 40 kWh x 1.1 x 20 g = 0.9 kg; staying: 40 kWh x PUE
    # of us-east-1 x 500 g, some 23 kg.
    made = planned([offer(NORTH), offer(EAST)], NORTH_GRID, steps("US-MIDA-PJM", [500.0] * 10), data=DATA)

    assert made.decision.placement.candidate.region.key == EAST
    assert made.decision.placement.transfer_kg == 0
    assert made.decision.alternatives[0].transfer_kg == pytest.approx(52)


def test_each_end_counts_with_its_mean_over_the_window() -> None:
    # The run takes the hours 4 to 8; the data may be moved at any time of the eight hours.
    north, east = steps("SE-SE3", [100.0] * 4 + [20.0] * 4), steps("US-MIDA-PJM", [300.0] * 2 + [500.0] * 6)

    made = moved(north, east, when="{deadline: +8h}")

    assert transfer(made) == {
        "energy_kwh": 200,
        "origin_zone": "US-MIDA-PJM",
        "origin_g_per_kwh": pytest.approx(450),
        "destination_g_per_kwh": pytest.approx(60),
        "g_per_kwh": pytest.approx(255),
    }
    assert made.decision.placement.transfer_kg == pytest.approx(51)
    assert made.decision.placement.emissions_now_kg - made.decision.placement.emissions_kg == pytest.approx(
        40 * 1.1 * 80 / 1000
    )


def test_without_a_deadline_the_window_is_the_run() -> None:
    made = moved(NORTH_GRID, steps("US-MIDA-PJM", [300.0] * 2 + [500.0] * 8))

    assert transfer(made)["origin_g_per_kwh"] == pytest.approx(400)


def test_a_gap_at_the_origin_leaves_the_known_hours() -> None:
    made = moved(NORTH_GRID, steps("US-MIDA-PJM", [300.0, float("nan"), 500.0, 400.0]))

    assert transfer(made)["origin_g_per_kwh"] == pytest.approx(400)


def test_an_origin_that_the_source_does_not_know_counts_with_its_yearly_mean() -> None:
    # The newest mean of US-MIDA-PJM is 418 g/kWh, average and life cycle as the forecast.
    made = moved(NORTH_GRID)

    assert transfer(made)["g_per_kwh"] == pytest.approx((418 + 20) / 2)
    assert (
        "the source has no intensity for US-MIDA-PJM, which hosts the data (aws:us-east-1): their end of the transfer "
        "counts with its yearly mean, 418 g/kWh"
    ) in plan_document(made)["notes"]


def test_a_yearly_mean_of_another_basis_does_not_stand_in() -> None:
    direct = replace(NORTH_GRID, provenance=replace(NORTH_GRID.provenance, basis=Basis.DIRECT))

    made = moved(direct)

    assert transfer(made)["origin_g_per_kwh"] is None
    assert made.decision.placement.transfer_kg == pytest.approx(200 * 20 / 1000)
    assert any("counts at the destination's intensity alone" in note for note in plan_document(made)["notes"])


def test_direct_emissions_of_a_google_region_stand_in_for_its_grid() -> None:
    # Google states 412.72 g/kWh for us-central1 in 2024.
    direct = replace(NORTH_GRID, provenance=replace(NORTH_GRID.provenance, basis=Basis.DIRECT))

    made = moved(direct, data=DATA.replace("us-east-1", "us-central1"))

    assert transfer(made)["g_per_kwh"] == pytest.approx((412.72 + 20) / 2)


def test_the_grid_of_the_data_is_no_place_to_run_in() -> None:
    made = moved(NORTH_GRID, steps("US-MIDA-PJM", [1.0] * 10))

    assert set(made.series) == {"SE-SE3"}
    origin = plan_document(made)["inputs"]["transfer_origin"]
    assert origin["zone"] == "US-MIDA-PJM"
    assert origin["intensity"]["steps_g_per_kwh"][0][1] == 1.0


def test_the_egress_of_a_plan_is_priced_by_tiers() -> None:
    # 10,240 x 0.09 + 40,960 x 0.085 + 102,400 x 0.07 + 46,400 x 0.05 USD out of AWS.
    made = planned([offer("gcp:us-east4")], steps("US-MIDA-PJM", [400.0] * 4), data=DATA)

    assert made.decision.placement.candidate.transfer_usd == pytest.approx(13_891.2)
    row = plan_document(made)["inputs"]["transfer"]["gcp:us-east4"]
    assert row["usd"] == pytest.approx(13_891.2)
    assert row["tiers_above_gb_usd_per_gb"][1] == [10_240, 0.085]


def test_no_data_says_nothing_of_moving() -> None:
    document = plan_document(planned([offer(NORTH)], NORTH_GRID))

    assert "transfer" not in document["placement"]
    assert (document["inputs"]["transfer"], document["inputs"]["transfer_origin"]) == ({}, {})
