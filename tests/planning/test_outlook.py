"""What is expected of one zone, and where the rule of a plan puts a run in it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from greenai_infra.errors import DataUnavailable
from greenai_infra.intensity.sources.embedded import EmbeddedYear
from greenai_infra.planning.outlook import Outlook, look_ahead
from greenai_infra.reporting.outlook_rows import extremes, rows_of

from .made_up import T0, Forecast, at, steps
from .test_waiting import History, days

GAP = float("nan")


def ahead(values: list[float], hours: float | None = None, run_hours: float = 2, step_hours: float = 1.0) -> Outlook:
    source = Forecast([steps("SE-SE3", values, step_hours)])
    return look_ahead(source, "SE-SE3", hours or len(values) * step_hours, run_hours)


def test_a_run_goes_to_its_cleanest_time_if_that_is_worth_the_wait() -> None:
    # Runs of 2 h: 100 at once, (40 + 60) / 2 = 50 from hour 3 on.
    found = ahead([100, 100, 100, 40, 60, 100])

    assert found.chosen == found.best
    assert found.best is not None
    assert (found.best.start, found.best.end, found.best.g_per_kwh) == (at(3), at(5), 50)
    assert found.at_once is not None
    assert found.at_once.g_per_kwh == 100
    assert found.saving_percent == 50


def test_a_run_starts_at_once_where_the_cleanest_time_saves_too_little() -> None:
    found = ahead([100, 100, 91, 91])

    assert found.best is not None
    assert found.best.start == at(2)
    assert found.chosen == found.at_once
    assert found.saving_percent == pytest.approx(9)
    assert found.rule.threshold_percent == 10


def test_the_measured_error_is_the_rule() -> None:
    found = look_ahead(History({"SE-SE3": days(100, 95)}), "SE-SE3", 12, 4)

    assert found.rule.method == "climatology"
    assert found.rule.error_percent == pytest.approx(0, abs=1e-9)
    assert found.chosen is not None
    assert (found.chosen.start, found.chosen.g_per_kwh) == (at(4), 95)


def test_what_is_known_may_end_earlier() -> None:
    found = ahead([100, 50, 50], hours=48)
    assert found.end == at(3)
    assert "before 2026-03-30T00:00:00Z" in found.notes[-1]


def test_a_run_longer_than_what_is_known_has_no_time() -> None:
    found = ahead([100, 50, 50], hours=48, run_hours=4)
    assert (found.at_once, found.best, found.chosen, found.saving_percent) == (None, None, None, None)


def test_a_gap_at_the_start_leaves_later_times() -> None:
    found = ahead([GAP, 50, 50, 80])
    assert found.at_once is None
    assert found.chosen is not None
    assert (found.chosen.start, found.saving_percent) == (at(1), None)


def test_a_zone_without_an_answer_says_what_was_tried() -> None:
    with pytest.raises(
        DataUnavailable,
        match=r"for FR: not in this world; no history; nothing is known\n  made up, forecast",
    ):
        look_ahead(Forecast([]), "FR", 24, 2)


def test_a_yearly_mean_starts_at_once_without_an_error() -> None:
    found = look_ahead(EmbeddedYear(T0), "FR", 24, 2)
    assert found.chosen == found.at_once
    assert (found.rule.method, found.rule.error_percent) == ("yearly mean", None)


def test_rows_are_steps_where_they_fit() -> None:
    rows = rows_of(ahead([100, 100, 100, 40, 60, 100]), most=6)
    assert [row.g_per_kwh for row in rows] == [100, 100, 100, 40, 60, 100]
    assert [row.chosen for row in rows] == [False, False, False, True, True, False]
    assert [row.start for row in rows] == [at(hour) for hour in range(6)]


def test_rows_are_means_of_several_steps_where_steps_do_not_fit() -> None:
    # From 00:20 to 06:20 in rows of 2 h: 40 min x 100, 2 h of 100 and 100, of 40 and 60, and 20 min of 80.
    found = ahead([100, 100, 100, 100, 40, 60, 80])
    found = Outlook(
        found.zone, found.series, at(0) + timedelta(minutes=20), at(6) + timedelta(minutes=20), 2, None, None, None,
        found.rule, (), "",
    )  # fmt: skip
    rows = rows_of(found, most=4)
    assert [row.g_per_kwh for row in rows] == pytest.approx([100, 100, 50, 80])
    assert [row.start for row in rows] == [found.start, at(2), at(4), at(6)]
    assert rows[-1].end == found.end


def test_a_row_with_a_gap_has_no_mean() -> None:
    rows = rows_of(ahead([100, GAP, 100, 100]), most=2)
    assert [row.g_per_kwh == row.g_per_kwh for row in rows] == [False, True]


def test_steps_of_five_minutes_fit_any_screen() -> None:
    assert len(rows_of(ahead([50.0] * 12 * 48, step_hours=1 / 12), most=24)) == 24


def test_extremes_and_mean_by_hand() -> None:
    lowest, mean, highest = extremes(ahead([100, GAP, 40, 70, 130]))
    assert (lowest, mean, highest) == ((at(2), 40), 85, (at(4), 130))


def test_nothing_known_has_no_extremes() -> None:
    assert extremes(ahead([GAP, GAP])) == (None, None, None)
