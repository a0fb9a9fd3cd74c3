"""The strategies of a backtest: worked out by hand, and against plain loops over start times, zones and hours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenai_infra.catalog.regions import find_region
from greenai_infra.planning.slots import Interruption

from .made_up import HOUR
from .plain_backtest import PlainJob, plain_backtest
from .replays import WEEK, ended, job, met, outcomes

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.strategies import Outcome

# A is the baseline and flat. Of a day in B the planner expects clean hours at 1 and 2, and a dirty one at 3.
FLAT = [100.0] * (WEEK + 6)
EXPECTED = ([200.0, 50, 60, 190] + [200.0] * 20) * 7
HAPPENED = [300.0, 80, 20, 40, 300, 300]
ZONES = {"A": FLAT, "B": EXPECTED + HAPPENED}


def test_each_strategy_by_hand() -> None:
    # 2.5 h within 6 h. Expected in B from 1:00: 50 + 60 + 95 = 205, at once 200 + 50 + 30 = 280: worth more than 10 %.
    # What then happened from 1:00: 80 + 20 + 20 = 120; best would have been 1:30 to 4:00: 40 + 20 + 40 = 100.
    found = outcomes(ZONES, job(2.5, deadline_h=6))

    assert list(found) == ["now", "fixed greenest", "hourly greenest", "best window", "climatology", "oracle"]
    assert met(found["now"]) == pytest.approx([250])
    assert met(found["fixed greenest"]) == pytest.approx([250])  # B had a mean of 187.5 before
    assert met(found["hourly greenest"]) == pytest.approx([100 + 80 + 10])
    assert met(found["best window"]) == pytest.approx([100])
    assert ended(found["best window"]) == pytest.approx([WEEK + 4])
    assert met(found["climatology"]) == pytest.approx([120])
    assert ended(found["climatology"]) == pytest.approx([WEEK + 3.5])
    assert met(found["oracle"]) == pytest.approx([100])
    assert [int(found[name].zone[0]) for name in ("now", "best window", "climatology")] == [0, 1, 1]  # type: ignore[index]


def test_without_a_deadline_nothing_waits() -> None:
    found = outcomes(ZONES, job(2.5))

    assert {name: ended(one) for name, one in found.items()} == {name: [WEEK + 2.5] for name in found}
    assert met(found["best window"]) == pytest.approx([250])


def test_the_run_begins_at_the_earliest_moment_not_at_the_start_time() -> None:
    found = outcomes(ZONES, job(2, earliest_h=0.5, deadline_h=4.5, baseline="B"))

    assert met(found["now"]) == pytest.approx([150 + 80 + 10])  # half past midnight to half past two
    assert met(found["best window"]) == pytest.approx([20 + 40])


def test_a_gain_within_the_threshold_is_not_waited_for() -> None:
    waits = outcomes({"B": ZONES["B"]}, job(2.5, deadline_h=6, baseline="B", threshold=0.26))
    stays = outcomes({"B": ZONES["B"]}, job(2.5, deadline_h=6, baseline="B", threshold=0.27))  # 205 / 280 saves 26.8 %

    assert ended(waits["climatology"]) == pytest.approx([WEEK + 3.5])
    assert ended(stays["climatology"]) == pytest.approx([WEEK + 2.5])


def test_an_interruptible_run_skips_the_ridge_and_pays_for_its_resume() -> None:
    # As a plan of the same run: [0, 2) and [6, 8.5) with half an hour of resume, 4.5 h at 20 g/kWh.
    ridge = [20.0, 20, 500, 500, 500, 500, 20, 20, 20, 20]
    rule = Interruption(0.5 * HOUR, HOUR)

    found = outcomes({"A": [100.0] * WEEK + ridge}, job(4, deadline_h=8.5, rule=rule))

    assert met(found["now"]) == pytest.approx([1040])
    assert met(found["best window"]) == pytest.approx([1.5 * 500 + 50])
    assert met(found["interruptible"]) == pytest.approx([90])
    assert ended(found["interruptible"]) == pytest.approx([WEEK + 8.5])
    assert met(found["oracle"]) == pytest.approx([90])
    assert met(found["climatology"]) == pytest.approx([1040])  # a flat week promises nothing


def test_climatology_slices_by_what_it_expects_and_meets_what_happens() -> None:
    # Every day is clean at 0:00 and 5:00; on this one 5:00 is not. Two slices of an hour: 10 + 90.
    day = [10.0, 300, 300, 300, 300, 10, *[300.0] * 18]
    rule = Interruption(0.0, HOUR)

    found = outcomes({"A": day * 7 + [10.0, 300, 300, 300, 20, 90]}, job(2, deadline_h=6, rule=rule))

    assert met(found["climatology"]) == pytest.approx([100])
    assert met(found["interruptible"]) == pytest.approx([30])


def test_pue_weighs_the_zones() -> None:
    regions = {"A": replace(find_region("aws:us-east-1"), pue=1.1), "B": replace(find_region("aws:us-east-1"), pue=1.5)}
    zones = {"A": [100.0] * (WEEK + 4), "B": [80.0] * (WEEK + 4)}

    without, weighted = outcomes(zones, job(2)), outcomes(zones, job(2, pue=regions))

    assert met(without["best window"]) == pytest.approx([160])
    for name in ("fixed greenest", "hourly greenest", "best window", "climatology"):
        assert met(weighted[name]) == pytest.approx([220])


def test_a_hole_in_one_trace_does_not_make_it_look_cleaner() -> None:
    # Long ago A lacks the hours in which both were dirty; where both are known, B is cleaner.
    dirty, clean = [900.0] * 24, [100.0] * (WEEK + 4)
    holes = [float("nan")] * 24

    found = outcomes({"A": holes + clean, "B": dirty + [90.0] * (WEEK + 4)}, job(2), [WEEK + 24])

    assert met(found["fixed greenest"]) == pytest.approx([180])


def test_steps_shorter_than_an_hour_count_as_they_are_but_moves_are_by_the_hour() -> None:
    # Half hours. In the first hour A has a mean of 100, B of 90 (10 and 170): B for 45 minutes meets 5 + 42.5.
    week = [100.0] * (2 * WEEK)
    zones = {"A": [*week, 100, 100, 100, 100], "B": [*week, 10, 170, 100, 100]}

    found = outcomes(zones, job(0.75, deadline_h=2), step_h=0.5)

    assert met(found["hourly greenest"]) == pytest.approx([0.5 * 10 + 0.25 * 170])
    assert met(found["best window"]) == pytest.approx([0.5 * 10 + 0.25 * 170])
    assert met(found["now"]) == pytest.approx([75])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_unbroken_strategies_equal_plain_loops(data: st.DataObject) -> None:
    count = data.draw(st.integers(WEEK + 30, WEEK + 80))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    zones = {zone: [float(v) for v in rng.uniform(1, 900, count)] for zone in "ABC"}
    earliest = data.draw(st.sampled_from([0.0, 1.0, 0.5, 1.25]))
    hours = data.draw(st.sampled_from([0.3, 1.0, 2.0, 2.5, 7.77, 12.0]))
    deadline = earliest + hours + data.draw(st.sampled_from([0.0, 0.1, 1.0, 5.5, 12.0]))
    threshold = data.draw(st.sampled_from([None, 0.0, 0.1, 0.5]))
    starts = sorted(rng.choice(np.arange(WEEK, count - int(np.ceil(deadline))), 5).tolist())

    found = outcomes(
        zones, job(hours, earliest_h=earliest, deadline_h=deadline, threshold=threshold, baseline="B"), starts
    )

    plain = plain_backtest(zones, starts, PlainJob(hours, earliest, deadline, threshold, "B"))
    for name, expected in plain.items():
        agree(found[name], expected)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_sliced_strategies_equal_plain_loops(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    count = WEEK + 60
    zones = {zone: [float(v) for v in rng.uniform(1, 900, count)] for zone in "AB"}
    slot_h = data.draw(st.sampled_from([0.5, 1.0]))
    work, least = data.draw(st.integers(1, 8)), data.draw(st.integers(2, 6))
    resume = data.draw(st.sampled_from([one for one in (1, 3) if one < least]))
    hours, deadline = work * slot_h, work * slot_h + data.draw(st.integers(0, 12))
    rule = Interruption(resume * slot_h * HOUR, least * slot_h * HOUR)
    starts = [WEEK, WEEK + 11, WEEK + 30]

    found = outcomes(zones, job(hours, deadline_h=deadline, rule=rule), starts)

    plain = plain_backtest(zones, starts, PlainJob(hours, 0.0, deadline, 0.1, "A", slot_h, resume, least))
    agree(found["interruptible"], plain["interruptible"])
    agree(found["climatology"], plain["climatology"])


def agree(found: Outcome, expected: list[tuple[float, float, str]]) -> None:
    assert met(found) == pytest.approx([total for total, _, _ in expected])
    assert ended(found) == pytest.approx([end for _, end, _ in expected])
