"""Whole plans from a workload file: real regions, made-up offers and forecasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from greenai_infra.catalog.regions import find_region
from greenai_infra.errors import InputError, NoPlacement
from greenai_infra.intensity.model.values import Signal
from greenai_infra.planning.document import plan_document
from greenai_infra.planning.hardware import compare_hardware
from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.workload_file import window_of

from .made_up import (
    EAST,
    NORTH,
    T0,
    TRAINING,
    Forecast,
    at,
    hours_of,
    offer,
    planned,
    steps,
    workload,
)


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


def test_a_stated_baseline_may_lie_where_the_job_must_not_run() -> None:
    made = planned(
        [offer(NORTH), offer(EAST)],
        steps("SE-SE3", [20] * 4),
        steps("US-MIDA-PJM", [400] * 4),
        where="{residency: [EU]}",
        baseline="{region: us-east-1}",
    )

    assert made.decision.baseline is not None
    assert made.decision.baseline.candidate.region.key == EAST
    assert made.decision.alternatives == ()
    assert [one.constraint for one in made.decision.lifted] == ["where.residency"]


def test_a_baseline_that_offers_no_fitting_hardware_is_said() -> None:
    made = planned([offer(NORTH)], steps("SE-SE3", [20] * 4), baseline="{region: us-east-1}")

    assert made.decision.baseline is None
    assert "aws:us-east-1 has no offer of A100-40GB" in made.decision.baseline_why


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
    # 1,000 GB x 0.001 kWh x the mean of 400 and 20 g = 0.21 kg; 0.02 USD a GB out of us-east-1.
    made = planned(
        [offer(NORTH)],
        steps("SE-SE3", [20] * 4),
        steps("US-MIDA-PJM", [400] * 4),
        data="{size_gb: 1000, region: us-east-1}",
    )

    assert made.decision.placement.transfer_kg == pytest.approx(0.21)
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


def test_a_machine_without_a_price_is_not_explained_by_what_another_machine_of_its_chip_lacks() -> None:
    job = workload(
        TRAINING.replace("measured: {energy_kwh: 40, hours: 4, ", "accelerator_hours: {hours: 8, ").replace(
            ", count: 8}", "}"
        )
    )
    no_training = offer(EAST, accelerator="Trainium2", accelerators=1, instance_type="trn2.3xlarge")
    no_price = offer(EAST, None, accelerator="Trainium2", accelerators=16, instance_type="trn2.48xlarge")
    offers = [offer(NORTH), no_training, no_price]
    made = make_plan(job, window_of(job, T0), offers, Forecast([steps("SE-SE3", [20] * 4)]))

    rows = {row.accelerator: row for row in compare_hardware(job, made.field, made.decision, offers)}

    assert rows["Trainium2"].reason == "no on-demand price listed of trn2.48xlarge"


def test_of_hardware_that_is_not_sold_the_error_says_what_is_missing() -> None:
    text = TRAINING.replace("measured: {energy_kwh: 40, hours: 4, ", "accelerator_hours: {hours: 8, ")
    text = text.replace(", count: 8}", "}").replace("[A100-40GB]", "[Trainium2, GB200]")
    no_price = offer(EAST, None, accelerator="Trainium2", accelerators=16, instance_type="trn2.48xlarge")

    with pytest.raises(NoPlacement) as raised:
        planned([offer(NORTH), no_price], steps("SE-SE3", [20] * 4), text=text)

    lines = str(raised.value).splitlines()
    assert "  the catalogue has no on-demand price of trn2.48xlarge" in lines
    assert "  the catalogue has no offer of GB200" in lines
