"""What counts as news from one plan to the next."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from greenai_infra.planning.planner import make_plan
from greenai_infra.planning.watch.changes import Event, Round, Watcher, round_of
from greenai_infra.planning.workload_file import window_of

from .made_up import EAST, NORTH, T0, Forecast, at, offer, planned, steps, workload

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=5)


def plan(a_kg: float = 10.0, b_kg: float = 12.0, start: datetime | None = None, source: str = "live") -> Round:
    ranked = sorted([("aws:a", a_kg), ("aws:b", b_kg)], key=lambda one: (one[1], one[0]))
    return Round(tuple(ranked), start, source, False)


def lost(source: str = "embedded") -> Round:
    return Round((("aws:a", 10.0), ("aws:b", 12.0)), None, source, True, "live was left: no answer in time")


def news(*rounds: Round, threshold: float = 10.0, current: str | None = None) -> list[Event]:
    """What the last of these brings."""
    watcher = Watcher(threshold, current)
    events: list[Event] = []
    for one in rounds:
        events = watcher.observe(NOON, one)
    return events


def texts(events: list[Event]) -> list[str]:
    return [f"{event.kind}: {event.text}" for event in events]


def test_the_first_round_is_told_in_full() -> None:
    assert texts(news(plan())) == ["first: aws:a at once, 10 kg CO2e; source live"]
    assert texts(news(plan(start=LATER))) == ["first: aws:a at 2026-03-10T17:00:00Z, 10 kg CO2e; source live"]
    assert texts(news(lost())) == [
        "first: aws:a at once, 10 kg CO2e; source embedded, which stands in: live was left: no answer in time"
    ]


def test_the_same_again_is_no_news() -> None:
    assert news(plan(), plan()) == []
    assert news(lost(), lost()) == []


def test_a_new_best_region_is_news_and_too_small_a_gain_no_reason_to_move() -> None:
    assert texts(news(plan(), plan(a_kg=12.5))) == ["best: aws:b, 12 kg CO2e, instead of aws:a, 10 kg"]


def test_a_gain_above_the_threshold_is_a_reason_to_move() -> None:
    # From 15 to 12 kg saves 20 %.
    assert texts(news(plan(), plan(a_kg=15.0)))[1:] == [
        "switch: suggested: from aws:a to aws:b: 15 to 12 kg CO2e, 20 % less"
    ]
    assert texts(news(plan(), plan(a_kg=15.0), threshold=20.0))[1:] == []


def test_a_suggestion_is_made_once_and_taken_to_be_followed() -> None:
    watcher = Watcher(10)
    kinds = [
        [event.kind for event in watcher.observe(NOON, one)]
        for one in (plan(), plan(a_kg=15.0), plan(a_kg=15.0), plan(a_kg=11.5), plan(a_kg=10.0))
    ]
    assert kinds == [["first"], ["best", "switch"], [], ["best"], ["emissions", "switch"]]


def test_where_it_is_now_may_be_stated() -> None:
    assert [event.kind for event in news(plan(), current="aws:b")] == ["first", "switch"]
    assert texts(news(plan(), current="aws:gone"))[1] == (
        "switch: suggested: from aws:gone to aws:a: aws:gone can no longer run it"
    )
    assert [event.kind for event in news(plan(b_kg=10.5), current="aws:b")] == ["first"]


def test_another_start_is_news() -> None:
    assert texts(news(plan(), plan(start=LATER))) == ["start: aws:a at 2026-03-10T17:00:00Z instead of at once"]
    assert texts(news(plan(start=LATER), plan())) == ["start: aws:a at once instead of at 2026-03-10T17:00:00Z"]


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (1.0, 1.1, None),  # 10 %: at the threshold, not above it
        (1.1, 0.99, None),
        (1.0, 1.12, "emissions: aws:a 1.12 kg CO2e instead of 1 kg: 12 % more"),
        (1.0, 0.5, "emissions: aws:a 0.5 kg CO2e instead of 1 kg: 50 % less"),
        (0.0, 0.0, None),
        (0.0, 1.0, "emissions: aws:a 1 kg CO2e instead of 0 kg: more"),
    ],
)
def test_emissions_are_news_above_the_threshold(before: float, after: float, text: str | None) -> None:
    assert texts(news(plan(a_kg=before), plan(a_kg=after))) == ([text] if text else [])


def test_emissions_that_creep_are_told_of_in_the_end() -> None:
    watcher = Watcher(10)
    kinds = [[event.kind for event in watcher.observe(NOON, plan(a_kg=kg, b_kg=99))] for kg in (10, 10.6, 11.2, 11.8)]
    assert kinds == [["first"], [], ["emissions"], []]


def test_a_source_that_is_lost_and_regained() -> None:
    assert texts(news(plan(), lost())) == [
        "source: lost: embedded stands in for live (live was left: no answer in time)"
    ]
    assert texts(news(plan(), lost("live"))) == [
        "source: lost: live has no fresh answer (live was left: no answer in time)"
    ]
    assert texts(news(plan(), lost(), plan())) == ["source: regained: live answers again"]
    assert texts(news(plan(), plan(source="other"))) == ["source: changed: other answers instead of live"]


def test_a_second_source_that_is_lost_is_news_too() -> None:
    assert [event.kind for event in news(plan(), lost("second"), lost("third"))] == ["source"]


def test_every_event_is_plain_json() -> None:
    watcher = Watcher(10)
    rounds = [plan(), plan(a_kg=15.0, start=LATER), lost(), plan(a_kg=1.0)]
    events = [event for one in rounds for event in watcher.observe(NOON, one)]
    events += [watcher.fail(NOON, "no"), watcher.end(NOON, "stopped by SIGINT")]
    for event in events:
        document = json.loads(json.dumps(event.as_dict(), allow_nan=False))
        assert document["time"] == "2026-03-10T12:00:00Z"
        assert document["event"] == event.kind
        assert document["text"]
    assert {event.kind for event in events} == {
        "first", "best", "start", "emissions", "source", "switch", "error", "end",
    }  # fmt: skip


def test_a_plan_is_watched_by_its_best_regions_and_start() -> None:
    made = planned(
        [offer(NORTH), offer(EAST)],
        steps("SE-SE3", [100] * 4 + [20] * 4),
        steps("US-MIDA-PJM", [400] * 8),
        when="{deadline: +8h}",
    )
    found = round_of(made)
    assert [region for region, _ in found.ranked] == [NORTH, EAST]
    assert found.emissions_kg == made.decision.placement.emissions_kg
    assert (found.start, found.source, found.stands_in) == (at(4), "made up", False)


def test_the_earliest_start_is_at_once_whenever_that_is() -> None:
    job = workload(when="{earliest: +2h, deadline: +8h}")
    window = window_of(job, T0)
    source = Forecast([steps("SE-SE3", [100] * 8)])
    starts = [
        round_of(
            make_plan(job, replace(window, now=now, earliest=max(now, window.earliest)), [offer(NORTH)], source)
        ).start
        for now in (T0, at(3))
    ]
    assert starts == [None, None]
