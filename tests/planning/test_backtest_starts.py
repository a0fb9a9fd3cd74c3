"""Which moments a workload is started at."""

from __future__ import annotations

import numpy as np
import pytest

from greenai_infra.errors import InputError
from greenai_infra.planning.backtest.starts import Starts, choose_starts
from greenai_infra.planning.backtest.traces import common_history

from .made_up import HOUR
from .replays import WEEK, trace


def starts(hours: int, latest_end_h: float, count: int | None, *, hole: int | None = None, seed: int = 0) -> Starts:
    values = [100.0] * hours
    if hole is not None:
        values[hole] = float("nan")
    history = common_history([trace("A", values), trace("B", [50.0] * hours)])
    return choose_starts(history, latest_end_h * HOUR, count, seed)


def in_hours(chosen: Starts) -> list[int]:
    return [round(float(second) / HOUR) for second in chosen.starts_s]


def test_every_start_has_a_week_before_it_and_its_deadline_within_the_traces() -> None:
    assert in_hours(starts(WEEK + 10, 6, None)) == [WEEK, WEEK + 1, WEEK + 2, WEEK + 3, WEEK + 4]
    assert in_hours(starts(WEEK + 10, 5.5, None)) == [WEEK, WEEK + 1, WEEK + 2, WEEK + 3, WEEK + 4]


def test_the_last_possible_start_is_one() -> None:
    assert in_hours(starts(WEEK + 6, 6, 1)) == [WEEK]


def test_starts_that_touch_a_hole_are_left_out_and_counted() -> None:
    # A hole in hour WEEK + 8 is ahead of the starts from WEEK + 4 on (5 h), and behind those until a week later.
    chosen = starts(2 * WEEK + 20, 5, None, hole=WEEK + 8)

    assert in_hours(chosen)[:4] == [WEEK, WEEK + 1, WEEK + 2, WEEK + 3]
    assert in_hours(chosen)[4:] == list(range(2 * WEEK + 9, 2 * WEEK + 16))
    assert chosen.usable == 11
    assert chosen.left_out == (WEEK + 16) - 11


def test_starts_are_spread_over_all_hours_of_the_day_and_each_lies_in_its_share() -> None:
    chosen = np.array(in_hours(starts(WEEK + 24 * 100 + 3, 4, 100)))

    shares = WEEK + np.arange(101) * 24
    assert ((chosen >= shares[:-1]) & (chosen < shares[1:])).all()
    assert len(set(chosen % 24)) > 20


def test_the_seed_decides() -> None:
    assert in_hours(starts(2000, 4, 50, seed=1)) == in_hours(starts(2000, 4, 50, seed=1))
    assert in_hours(starts(2000, 4, 50, seed=1)) != in_hours(starts(2000, 4, 50, seed=2))


def test_fewer_starts_than_asked_for_are_an_error_that_counts_them() -> None:
    with pytest.raises(InputError, match=r"the traces have only 5 start times, 6 were asked for$"):
        starts(WEEK + 10, 6, 6)
    with pytest.raises(
        InputError, match=r"only 11 start times, 12 were asked for; 173 are left out for gaps in A \(A.csv\)"
    ):
        starts(2 * WEEK + 20, 5, 12, hole=WEEK + 8)
    with pytest.raises(InputError, match="only 0 start times"):
        starts(WEEK + 20, 5, None, hole=WEEK - 1)


def test_traces_shorter_than_a_start_needs_are_an_error_that_says_what_it_needs() -> None:
    with pytest.raises(
        InputError, match=r"needs 168 h of history and 72.5 h ahead.*\(240 h\): A \(A.csv\): 2026-03-28"
    ):
        starts(WEEK + 72, 72.5, 1)
