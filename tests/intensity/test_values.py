"""Steps, their mean, and what may be called live."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenai_infra.clock import from_unix
from greenai_infra.intensity.model.values import Basis, Flag, Kind, Provenance, Series, Signal, cut

START = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = Provenance("test", Signal.AVERAGE, Basis.LIFECYCLE, Kind.LIVE, START)
MINUTE = timedelta(minutes=1)


def series(widths_min: list[int], values: list[float]) -> Series:
    edges = START.timestamp() + 60.0 * np.concatenate([[0], np.cumsum(widths_min)])
    return Series("Z", edges, np.array(values), LIVE)


steps = st.lists(
    st.tuples(st.integers(1, 90), st.one_of(st.floats(0, 1500), st.just(float("nan")))), min_size=1, max_size=12
)


@given(steps, st.integers(-5, 600), st.integers(1, 600))
def test_mean_is_that_of_a_sum_minute_by_minute(steps: list[tuple[int, float]], first: int, length: int) -> None:
    one = series([width for width, _ in steps], [value for _, value in steps])
    minutes = [value for width, value in steps for _ in range(width)]
    mean = one.mean(START + first * MINUTE, START + (first + length) * MINUTE)

    window = minutes[first : first + length] if first >= 0 else []
    if len(window) < length or any(np.isnan(window)):
        assert np.isnan(mean)
    else:
        assert mean == pytest.approx(sum(window) / length, abs=1e-6)


@given(steps, st.integers(-50, 700), st.integers(1, 300))
def test_cut_keeps_exactly_the_steps_that_overlap(steps: list[tuple[int, float]], first: int, length: int) -> None:
    one = series([width for width, _ in steps], [value for _, value in steps])
    start, end = START + first * MINUTE, START + (first + length) * MINUTE
    part = cut(one, start, end)
    overlapping = [
        index
        for index in range(one.g_per_kwh.size)
        if from_unix(float(one.edges_s[index])) < end and from_unix(float(one.edges_s[index + 1])) > start
    ]
    if not overlapping:
        assert part is None
    else:
        assert part is not None
        np.testing.assert_array_equal(part.g_per_kwh, one.g_per_kwh[overlapping])
        assert part.edges_s[0] == one.edges_s[overlapping[0]]
        assert part.edges_s[-1] == one.edges_s[overlapping[-1] + 1]


def test_partial_ends_count_by_their_time() -> None:
    # 30 min at 100 and 15 min at 400: (30 x 100 + 15 x 400) / 45 = 200
    assert series([60, 60], [100, 400]).mean(START + 30 * MINUTE, START + 75 * MINUTE) == pytest.approx(200)


@pytest.mark.parametrize("flag", list(Flag))
def test_no_flagged_value_can_be_called_live(flag: Flag) -> None:
    with pytest.raises(ValueError, match="can't be called live"):
        Provenance("test", Signal.AVERAGE, Basis.LIFECYCLE, Kind.LIVE, START, frozenset([flag]))
    assert LIVE.flagged(flag).kind is Kind.LATEST


def test_flagging_keeps_what_was_known() -> None:
    marked = LIVE.flagged(Flag.CACHED, detail="10 min ago").flagged(Flag.FALLBACK, detail="timeout")
    assert marked.flags == {Flag.CACHED, Flag.FALLBACK}
    assert marked.detail == "10 min ago; timeout"
