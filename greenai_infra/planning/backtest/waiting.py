"""What a wait must save at each start time, by the rule of the planner.

A threshold that the workload states wins. Next comes the error of the climatology, measured on the days before as in
`intensity/forecasting/accuracy.py`, here for all zones and start times at once; then the planner's default.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.intensity.forecasting.accuracy import MAX_LAG_HOURS, MIN_HINDCASTS
from greenai_infra.intensity.forecasting.hindcasts import STEP_HOURS
from greenai_infra.intensity.sources.climatology import DAYS, HOURS_A_DAY, MIN_DAYS
from greenai_infra.planning.timing import DEFAULT_THRESHOLD_PERCENT

if TYPE_CHECKING:
    from greenai_infra.planning.backtest.running import Floats, Ints

HOURS = DAYS * HOURS_A_DAY
DEFAULT = DEFAULT_THRESHOLD_PERCENT / 100
CHUNK_VALUES = 200_000  # expected differences at once: what fits the processor's cache


def least_gains(
    hourly_means: Floats, zones: Ints, start_hours: Ints, run_hours: float, slack_hours: float, stated: float | None
) -> Floats:
    """The share that a wait must exceed, for each pair of zone and start time, shape (pairs,).

    `hourly_means` has shape (zones, hours), g/kWh; `zones` and `start_hours` are indices into it, the latter at least
    DAYS days in. The error is sum |(P(0) - P(s)) - (A(0) - A(s))| / sum P(0) over hindcasts made within those days and
    waits of s hours, where P is the climatology's expectation for a run and A the actual value.
    """
    run, lags = max(1, ceil(run_hours - 1e-6)), min(max(1, floor(slack_hours + 1e-6)), MAX_LAG_HOURS)
    origins = np.arange(HOURS - run - lags, MIN_DAYS * HOURS_A_DAY - 1, -STEP_HOURS)
    if stated is not None or origins.size < MIN_HINDCASTS:
        return np.full(zones.size, DEFAULT if stated is None else stated)
    windows = np.lib.stride_tricks.sliding_window_view(hourly_means, HOURS, axis=1)
    shares = _shares_of_hours(origins, run, lags)
    gains = np.empty(zones.size)
    size = max(1, CHUNK_VALUES // (origins.size * lags))
    for begin in range(0, zones.size, size):
        pairs = slice(begin, begin + size)
        gains[pairs] = _errors(windows[zones[pairs], start_hours[pairs] - HOURS], origins, run, shares)
    return gains


def _errors(past: Floats, origins: Ints, run: int, shares: Floats) -> Floats:
    """The error of the climatology over HOURS before each start: (n, HOURS) gives (n,)."""
    lags = shares.shape[2] - 1
    so_far = np.cumsum(past.reshape(-1, DAYS, HOURS_A_DAY), axis=1)
    hour = np.arange(HOURS_A_DAY)
    seen = origins[:, None] // HOURS_A_DAY + (hour < origins[:, None] % HOURS_A_DAY)
    profiles = so_far[:, seen - 1, hour] / seen  # (n, origins, 24)
    expected = profiles.transpose(1, 0, 2) @ shares  # (origins, n, lags + 1)
    total = np.concatenate([np.zeros((past.shape[0], 1)), np.cumsum(past, axis=1)], axis=1)
    runs = (total[:, run:] - total[:, :-run]) / run
    came = np.lib.stride_tricks.sliding_window_view(runs, lags + 1, axis=1)[:, origins].transpose(1, 0, 2)
    wrong = expected - came
    missed = np.abs(wrong[..., :1] - wrong[..., 1:]).sum(axis=(0, 2))
    at_once = lags * expected[..., 0].sum(axis=0)
    errors: Floats = np.divide(missed, at_once, out=np.full(missed.shape, DEFAULT), where=at_once > 0)
    return errors


def _shares_of_hours(origins: Ints, run: int, lags: int) -> Floats:
    """The share of each hour of the day in a run that begins s hours after an origin, shape (origins, 24, lags + 1)."""
    begins = (origins[:, None, None] + np.arange(lags + 1)) % HOURS_A_DAY
    after = (np.arange(HOURS_A_DAY)[:, None] - begins) % HOURS_A_DAY  # hours from the begin to the first such hour
    times: Floats = np.maximum(0, -(-(run - after) // HOURS_A_DAY)) / run
    return times
