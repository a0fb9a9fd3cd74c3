"""Intervals over start times: they hold the truth as often as they say, and near starts don't count as many."""

from __future__ import annotations

import numpy as np
import pytest

from greenai_infra.planning.backtest.intervals import LEAST_BLOCKS, RESAMPLES, blocks_of, bounds, resampled_means

DAY = 86_400.0


def every(hours: float, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.arange(count, dtype=np.float64) * hours * 3600


def test_a_block_holds_two_weeks() -> None:
    days, wanted, starts = blocks_of(every(12, 1001), 72 * 3600.0)  # 500 days, two starts a day

    assert (days, wanted, starts) == (14, 14, 28)


def test_a_block_holds_twice_the_time_to_a_late_deadline() -> None:
    assert blocks_of(every(12, 1001), 10 * DAY).days == 20


def test_blocks_of_short_traces_are_shortened_and_say_so() -> None:
    blocks = blocks_of(every(1, 401), 72 * 3600.0)

    assert blocks.days == pytest.approx(400 / 24 / LEAST_BLOCKS)
    assert blocks.wanted_days == 14
    assert blocks.starts == 50


def test_too_few_starts_have_no_blocks() -> None:
    assert blocks_of(every(500, LEAST_BLOCKS - 1), 3600.0).starts is None


def test_means_of_whole_rounds_of_blocks_by_hand() -> None:
    # Of four values in blocks of two, the circular blocks have sums 3, 5, 7 and 5: means from 1.5 to 3.5.
    means = resampled_means(np.array([[1.0], [2.0], [3.0], [4.0]]), 2, seed=1)

    assert means.shape == (RESAMPLES, 1)
    assert sorted({float(mean) for mean in means[:, 0]}) == [1.5, 2.0, 2.5, 3.0, 3.5]
    assert means.mean() == pytest.approx(2.5, abs=0.05)


def test_a_last_block_is_cut_to_the_number_of_starts() -> None:
    # Five equal values of 1 in blocks of two: any longer resample would have another mean.
    assert (resampled_means(np.ones((5, 1)), 2, seed=1) == 1).all()


def test_the_same_seed_gives_the_same_intervals() -> None:
    values = np.random.default_rng(0).normal(size=(300, 2))

    assert (resampled_means(values, 10, 7) == resampled_means(values, 10, 7)).all()
    assert (resampled_means(values, 10, 7) != resampled_means(values, 10, 8)).any()


def test_of_independent_values_the_interval_is_the_usual_one() -> None:
    values = np.random.default_rng(1).normal(50, 10, (1000, 1))

    low, high = bounds(resampled_means(values, 1, seed=0))

    usual = 1.96 * values.std() / 1000**0.5
    assert low[0] == pytest.approx(values.mean() - usual, abs=0.1)
    assert high[0] == pytest.approx(values.mean() + usual, abs=0.1)


def test_values_that_persist_are_covered_by_blocks_but_not_by_single_starts() -> None:
    # A first-order process of correlation 0.9 with true mean 0; an interval must hold it in about 95 of 100 worlds.
    rng = np.random.default_rng(2)
    held = {1: 0, 40: 0}
    for _ in range(100):
        shocks = rng.normal(size=1100)
        series = np.zeros(1100)
        for step in range(1, 1100):
            series[step] = 0.9 * series[step - 1] + shocks[step]
        for block in held:
            low, high = bounds(resampled_means(series[100:, None], block, seed=0))
            held[block] += bool(low[0] <= 0 <= high[0])

    assert held[40] >= 86
    assert held[1] <= 60
