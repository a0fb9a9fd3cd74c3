"""A wait must save more than the forecast was wrong by: measured, else 10 %, else what the workload states."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from greenai_infra.intensity.model.values import Basis, Kind, Provenance, Series, Signal, Unavailable, cut
from greenai_infra.planning.document import document_text, plan_document
from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.workload_file import window_of
from greenai_infra.reporting.error_text import error_lines, error_sentence

from .made_up import EAST, NORTH, T0, TRAINING, Forecast, hours_of, offer, steps, workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from greenai_infra.planning.planner import Plan

WEEK = 7 * 24


class History(Forecast):
    """A source that has observed the week before the made-up world, and forecasts nothing."""

    def __init__(self, past: Mapping[str, Sequence[float]]) -> None:
        super().__init__([])
        self.past = past

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        of = Provenance("observed", Signal.AVERAGE, Basis.LIFECYCLE, Kind.HISTORY, T0)
        edges_s = T0.timestamp() + 3600 * np.arange(-WEEK, 1.0)
        return {
            zone: cut(Series(zone, edges_s, np.array(self.past[zone], dtype=float), of), start, end)
            or Unavailable(zone, "none")
            if zone in self.past
            else Unavailable(zone, "not observed")
            for zone in zones
        }


def days(first: float, rest: float, noise: float = 0.0) -> list[float]:
    """A week whose hours 0 to 3 are `first` and whose others are `rest`, with `noise` added on every other day."""
    return [
        (first if hour < 4 else rest) + (noise if hour >= 4 and day % 2 else 0.0)
        for day in range(7)
        for hour in range(24)
    ]


def plan(past: Mapping[str, Sequence[float]], when: str = "{deadline: +12h}", **sections: str) -> Plan:
    job = workload(when=when, **sections)
    return make_plan(job, window_of(job, T0), [offer(NORTH), offer(EAST)], History(past))


def start_hour(made: Plan) -> float:
    return hours_of(made.decision.placement.slices)[0][0]


def error_of(made: Plan, zone: str = "SE-SE3") -> dict[str, Any]:
    found: dict[str, Any] = plan_document(made)["inputs"]["intensity"][zone]["forecast_error"]
    return found


def test_a_small_gain_is_waited_for_where_the_forecast_was_never_wrong() -> None:
    # 100 at once, 95 from 04:00 on, on seven days alike: 5 %, which 10 % would have left.
    made = plan({"SE-SE3": days(100, 95)})

    assert start_hour(made) == 4
    # A run of 4 h that may wait 8 h: hindcasts at hours 168 - 4 - 8 = 156, 153, ..., 72: 29.
    assert error_of(made) == {
        "method": "climatology",
        "error_percent": pytest.approx(0, abs=1e-9),
        "hindcasts": 29,
        "run_hours": 4,
        "not_measured": None,
        "wait_threshold_percent": pytest.approx(0, abs=1e-9),
        "threshold_from": "measured",
    }


def test_a_large_gain_is_not_waited_for_where_the_forecast_was_more_wrong() -> None:
    # Later hours are 40 or 140 from day to day: 80 or so is expected, 20 % below, but what came was far off.
    made = plan({"SE-SE3": days(100, 40, noise=100)})

    error = error_of(made)
    gain = (
        100
        - plan_document(plan({"SE-SE3": days(100, 40, 100)}, "{deadline: +12h, wait_threshold_percent: 0}"))[
            "placement"
        ]["intensity"]["g_per_kwh"]
    )
    assert start_hour(made) == 0
    assert error["threshold_from"] == "measured"
    assert 10 < gain < error["wait_threshold_percent"]


@pytest.mark.parametrize(("stated", "start"), [(4.9, 4), (5.1, 0)])
def test_what_the_workload_states_rules(stated: float, start: float) -> None:
    made = plan({"SE-SE3": days(100, 95)}, f"{{deadline: +12h, wait_threshold_percent: {stated}}}")

    error = error_of(made)
    assert start_hour(made) == start
    assert (error["wait_threshold_percent"], error["threshold_from"]) == (stated, "workload")
    assert error["error_percent"] == pytest.approx(0, abs=1e-9)  # which is measured and told all the same


@pytest.mark.parametrize(("later", "start"), [(90.5, 0), (89.5, 4)])
def test_ten_percent_is_the_rule_where_nothing_is_measured(later: float, start: float) -> None:
    job = workload(when="{deadline: +12h}")
    source = Forecast([steps("SE-SE3", [100.0] * 4 + [later] * 8)])
    made = make_plan(job, window_of(job, T0), [offer(NORTH)], source)

    error = error_of(made)
    assert start_hour(made) == start
    assert (error["method"], error["error_percent"], error["hindcasts"]) == ("forecast", None, 0)
    assert (error["wait_threshold_percent"], error["threshold_from"]) == (10, "default")
    assert error["not_measured"] == "its past forecasts are not known"


def test_each_zone_has_the_error_of_its_own() -> None:
    made = plan({"SE-SE3": days(100, 95), "US-MIDA-PJM": days(400, 200, noise=300)})

    errors = [error_of(made, zone)["error_percent"] for zone in ("SE-SE3", "US-MIDA-PJM")]
    assert errors[0] == pytest.approx(0, abs=1e-9)
    assert errors[1] > 15


def test_runs_of_other_length_have_errors_of_their_own() -> None:
    # Alternately 50 and 150, by the hour: a run of 2 h is 100 at all times; one of 1 h is not, and its days flip.
    flipping = [50.0 if (hour + day) % 2 else 150.0 for day in range(7) for hour in range(24)]
    by_hours = {}
    for hours in (1, 2):
        text = TRAINING.replace("hours: 4", f"hours: {hours}")
        job = workload(text, when="{deadline: +12h}")
        by_hours[hours] = error_of(make_plan(job, window_of(job, T0), [offer(NORTH)], History({"SE-SE3": flipping})))

    assert by_hours[2]["run_hours"] == 2
    assert by_hours[2]["error_percent"] < by_hours[1]["error_percent"]


def test_the_threshold_that_is_shown_is_that_of_the_run_that_was_chosen() -> None:
    # The same work takes an H100, which the workload does not accept, a third of the time: a rule of its own.
    flipping = [50.0 if (hour + day) % 2 else 150.0 for day in range(7) for hour in range(24)]
    text = TRAINING.replace(
        "measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}",
        "accelerator_hours: {hours: 26, accelerator: A100-40GB}",
    )
    job = workload(text, when="{deadline: +12h}")
    h100 = offer(NORTH, accelerator="H100", instance_type="p5.48xlarge")
    made = make_plan(job, window_of(job, T0), [offer(NORTH), h100], History({"SE-SE3": flipping}))

    chosen = made.decision.placement.candidate
    assert chosen.offer.accelerator == "A100-40GB"
    assert made.decision.everything[0].placement.candidate.offer.accelerator == "H100"
    error = error_of(made)
    assert error["run_hours"] == math.ceil(chosen.run.hours.value)
    applied = made.timing.least_gain("SE-SE3", chosen.run.hours.value * 3600)
    assert error["wait_threshold_percent"] == pytest.approx(100 * applied)
    other = made.decision.everything[0].placement.candidate.run.hours.value
    assert made.timing.least_gain("SE-SE3", other * 3600) != pytest.approx(applied)


def test_without_a_deadline_nothing_is_measured() -> None:
    error = error_of(plan({"SE-SE3": days(100, 95)}, "{}"))
    assert (error["error_percent"], error["not_measured"]) == (None, "without a deadline the run does not wait")


def test_slices_must_save_more_than_the_error_too() -> None:
    rule = "interruptible: {resume_overhead_minutes: 6, minimum_slice_hours: 1}"
    calm = plan({"SE-SE3": days(100, 95)}, f"{{deadline: +12h, {rule}}}")
    rough = plan({"SE-SE3": days(100, 40, noise=100)}, f"{{deadline: +12h, {rule}}}")

    assert start_hour(calm) == 4
    assert hours_of(rough.decision.placement.slices) == [(0, 4)]


def test_nobody_waits_for_a_rounding_error() -> None:
    # 0.1 throughout, but the mean of six and of seven values differs in the last digit.
    past = days(0.1, 0.1)
    past[3 * 24 + 4] = float("nan")
    assert start_hour(plan({"SE-SE3": past})) == 0


def test_equal_inputs_give_equal_bytes() -> None:
    texts = {document_text(plan_document(plan({"SE-SE3": days(100, 40, noise=100)}))) for _ in range(2)}
    assert len(texts) == 1


def test_the_error_in_words() -> None:
    measured = {
        "method": "climatology", "error_percent": 8.2345, "hindcasts": 21, "not_measured": None,
        "wait_threshold_percent": 8.2345, "threshold_from": "measured",
    }  # fmt: skip
    default = {**measured, "method": "forecast", "error_percent": None, "not_measured": "why not"}

    assert error_sentence("SE-SE3", measured) == (
        "forecast error: climatology, 8.2 % over 21 hindcasts (SE-SE3); waits only for more than that"
    )
    stated = {**measured, "wait_threshold_percent": 15.0, "threshold_from": "workload"}
    assert error_sentence("SE-SE3", stated).endswith("waits only for more than the 15 % that the workload states")
    unknown = {**default, "wait_threshold_percent": 10.0, "threshold_from": "default"}
    assert error_sentence("SE-SE3", unknown) == (
        "forecast error: forecast, not measured (SE-SE3: why not); waits only for more than 10 %"
    )


def test_explain_names_the_error_of_the_chosen_zone_and_the_range_of_the_others() -> None:
    lines = error_lines(plan_document(plan({"SE-SE3": days(100, 95), "US-MIDA-PJM": days(400, 200, noise=300)})))

    assert lines[0] == "forecast error: climatology, 0 % over 29 hindcasts (SE-SE3); waits only for more than that"
    assert lines[1].startswith("forecast error of 1 other zones: ")
    assert lines[1].endswith(" % (US-MIDA-PJM)")


def test_a_plan_of_before_errors_were_measured_can_still_be_explained() -> None:
    document = plan_document(plan({"SE-SE3": days(100, 95)}))
    for zone in document["inputs"]["intensity"].values():
        del zone["forecast_error"]
    assert error_lines(document) == []
