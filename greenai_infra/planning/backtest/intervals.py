"""Confidence intervals of means over start times that resemble their neighbours in time.

Neighbouring starts share most of their hours and weather, so they carry far less information than independent starts.
The circular block bootstrap (Politis and Romano 1992) keeps them together: it draws blocks of consecutive starts (the
first follows the last) until it has the original number of starts, and takes the spread of the statistic over many
such draws.

A block holds BLOCK_DAYS days, or twice the time from a start to its deadline if that is longer. That is how long starts
resemble each other: in hourly histories of five grids, with the season removed, intervals grew with the block up to 14
to 20 days and no further. Here the season stays in and counts as chance, which widens the intervals. They say how much
other starts in the same years would differ, not how other years would.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.running import Floats

BLOCK_DAYS = 14
RESAMPLES = 2000
LEAST_BLOCKS = 8  # with fewer blocks their spread is meaningless
LEVEL = 0.95
SECONDS_PER_DAY = 86_400


class Blocks(NamedTuple):
    """Days and starts of a block. `wanted_days` exceeds `days` where the traces are too short.

    `starts` is None where there are fewer than LEAST_BLOCKS start times, too few for intervals.
    """

    days: float
    wanted_days: float
    starts: int | None


def blocks_of(starts_s: Floats, latest_end_s: float) -> Blocks:
    """The blocks for start times (n,), ascending, each of which looks `latest_end_s` seconds ahead."""
    wanted_s = max(BLOCK_DAYS * SECONDS_PER_DAY, 2 * latest_end_s)
    covered_s = float(starts_s[-1] - starts_s[0])
    block_s = min(wanted_s, covered_s / LEAST_BLOCKS)
    if starts_s.size < LEAST_BLOCKS:
        return Blocks(block_s / SECONDS_PER_DAY, wanted_s / SECONDS_PER_DAY, None)
    starts = max(1, round(starts_s.size * block_s / covered_s))
    return Blocks(block_s / SECONDS_PER_DAY, wanted_s / SECONDS_PER_DAY, starts)


def resampled_means(columns: Floats, block: int, seed: int) -> Floats:
    """Means of columns (starts, columns) in each resample, shape (RESAMPLES, columns)."""
    count = columns.shape[0]
    blocks = ceil(count / block)
    last = count - (blocks - 1) * block  # the last block is cut, so that a resample has as many starts
    twice = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(np.tile(columns, (2, 1)), axis=0)])
    begins = np.random.default_rng(seed).integers(0, count, (RESAMPLES, blocks))
    whole = twice[block : block + count] - twice[:count]
    cut = twice[last : last + count] - twice[:count]
    means: Floats = (whole[begins[:, :-1]].sum(axis=1) + cut[begins[:, -1]]) / count
    return means


def bounds(resampled: Floats) -> tuple[Floats, Floats]:
    """Low and high end of the interval at LEVEL of each column, by percentiles."""
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
