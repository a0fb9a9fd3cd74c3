"""Rounds keep their times, their bounds and their temper."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from greenai_infra.errors import DataUnavailable, InputError, NoPlacement
from greenai_infra.planning.watch.changes import Event, Round, Watcher
from greenai_infra.planning.watch.rounds import Schedule, watch_rounds

from .paces import FakePace

if TYPE_CHECKING:
    from collections.abc import Callable

QUARTER = 900.0
SAME = Round((("aws:a", 1.0), ("aws:b", 2.0)), None, "s", False)


def told(
    plan_once: Callable[[], Round], pace: FakePace, rounds: int | None = None, for_s: float | None = None
) -> list[Event]:
    return list(watch_rounds(plan_once, Watcher(10), Schedule(QUARTER, rounds, for_s), pace))


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def failing(*outcomes: Round | Exception) -> Callable[[], Round]:
    """One outcome a round."""
    left = iter(outcomes)

    def plan_once() -> Round:
        outcome = next(left)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return plan_once


def test_nothing_new_is_not_told() -> None:
    pace = FakePace()
    events = told(lambda: SAME, pace, rounds=4)
    assert kinds(events) == ["first", "end"]
    assert events[-1].text == "ended as planned after 4 rounds (0 failed), 0 changes"
    assert pace.began == [0, 900, 1800, 2700]


def test_rounds_do_not_drift_by_the_time_that_they_take() -> None:
    pace = FakePace((7.5,))
    told(lambda: SAME, pace, rounds=1000)
    assert pace.began[-1] == pytest.approx(999 * QUARTER)
    assert pace.waits[-1] == pytest.approx(QUARTER - 7.5)


def test_rounds_that_fall_into_a_long_one_are_left_out() -> None:
    pace = FakePace((10.0, 2000.0, 10.0))
    told(lambda: SAME, pace, rounds=3)
    assert pace.began == [0, 900, 3600]


@pytest.mark.parametrize(("for_s", "rounds"), [(0.0, 1), (899.0, 1), (900.0, 2), (3600.0, 5), (3700.0, 5)])
def test_no_round_begins_after_the_end(for_s: float, rounds: int) -> None:
    pace = FakePace()
    told(lambda: SAME, pace, for_s=for_s)
    assert len(pace.began) == rounds


def test_whatever_bound_comes_first_holds() -> None:
    for rounds, for_s, expected in ((3, 3600.0, 3), (30, 1800.0, 3)):
        pace = FakePace()
        told(lambda: SAME, pace, rounds=rounds, for_s=for_s)
        assert len(pace.began) == expected


def test_a_signal_while_waiting_ends_it_with_a_last_line() -> None:
    pace = FakePace(stop_in_wait=2)
    events = told(lambda: SAME, pace, rounds=100)
    assert events[-1].text == "stopped by SIGTERM after 2 rounds (0 failed), 0 changes"
    assert len(pace.began) == 2


def test_a_signal_while_working_ends_it_without_the_outcome() -> None:
    pace = FakePace(stop_in_work=3)
    events = told(lambda: SAME, pace, rounds=100)
    assert events[-1].text == "stopped by SIGINT after 2 rounds (0 failed), 0 changes"


def test_a_failed_round_is_one_line_and_the_next_one_goes_on() -> None:
    plan_once = failing(SAME, NoPlacement("nothing is left:\n  this\n  that"), KeyError("surprise"), SAME)
    events = told(plan_once, FakePace(), rounds=4)
    assert kinds(events) == ["first", "error", "error", "source", "end"]
    assert events[1].text == "nothing is left: this that"
    assert events[2].text == "KeyError: 'surprise'"
    assert [event.values["failed_in_a_row"] for event in events[1:3]] == [1, 2]
    assert events[3].text == "regained: s answers again after 2 failed rounds"
    assert events[-1].text == "ended as planned after 4 rounds (2 failed), 1 changes"


def test_a_long_message_is_cut() -> None:
    events = told(failing(SAME, DataUnavailable("x" * 5000)), FakePace(), rounds=2)
    assert len(events[1].text) == 300


def test_what_the_user_wrote_wrong_ends_the_first_round_but_no_later_one() -> None:
    with pytest.raises(InputError, match="not a source"):
        told(failing(InputError("not a source")), FakePace(), rounds=3)
    later = told(failing(SAME, InputError("the file is gone"), SAME), FakePace(), rounds=3)
    assert kinds(later) == ["first", "error", "source", "end"]


def test_a_first_round_without_data_is_no_reason_to_end() -> None:
    events = told(failing(DataUnavailable("the network is down"), SAME), FakePace(), rounds=2)
    assert kinds(events) == ["error", "first", "end"]


def test_a_long_watch_holds_no_more_than_a_short_one() -> None:
    number = 0

    def plan_once() -> Round:
        """Another plan each time, with fifty regions."""
        nonlocal number
        number += 1
        ranked = tuple((f"aws:{(number + one) % 50}", 1.0 + one) for one in range(50))
        return Round(ranked, None, f"source {number}", False)

    def held_after(rounds: int) -> int:
        for _ in watch_rounds(plan_once, Watcher(10), Schedule(QUARTER, rounds, None), pace):
            pass
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    pace = FakePace()
    tracemalloc.start()
    try:
        short = held_after(50)
        pace.began.clear()
        pace.waits.clear()
        long = held_after(2000)
        pace_own = 2000 * 2 * 100  # what the fake pace has noted: two numbers a round
    finally:
        tracemalloc.stop()
    assert long - short < pace_own
