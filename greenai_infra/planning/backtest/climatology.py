"""What a planner without a forecast expects at each start time: the mean by hour of the preceding days.

The same as `intensity/sources/climatology.py`, for many start times at once. The expectation repeats every 24 hours, so
a window over it is a weighted sum of 24 values, and the weights are the same for all start times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.intensity.sources.climatology import DAYS, HOUR_S, HOURS_A_DAY
from greenai_infra.planning.backtest.running import Windows, comparable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenai_infra.planning.backtest.running import Floats

DAY_S = HOUR_S * HOURS_A_DAY
HISTORY_S = DAYS * DAY_S


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """Expected intensity after each start time: `by_hour` has shape (zones, start times, 24), g/kWh.

    Hour 0 is the one that begins at the start time, which must be a whole hour.
    """

    by_hour: Floats

    @classmethod
    def before(cls, hourly_means: Floats, start_hours: NDArray[np.int64]) -> Expectation:
        """The mean of each hour of the day over DAYS days before each start.

        `hourly_means` has shape (zones, hours), g/kWh; `start_hours` are indices into it, at least DAYS days in.
        """
        window = np.lib.stride_tricks.sliding_window_view(hourly_means, DAYS * HOURS_A_DAY, axis=1)
        past = window[:, start_hours - DAYS * HOURS_A_DAY]
        return cls(past.reshape(*past.shape[:2], DAYS, HOURS_A_DAY).mean(axis=2))

    def best_unbroken(self, duration_s: float, earliest_s: float, latest_start_s: float) -> tuple[Floats, Windows]:
        """Integral of starting at once, and the best window, all of shape (zones, start times), g/kWh x s.

        Times count from the start time. A window that begins a day later has the same expectation, so only begins on
        the first day (and the last begin allowed) are tried; among equal sums the earliest wins.
        """
        last_s = min(latest_start_s, earliest_s + DAY_S)
        edges_s = np.arange(np.ceil(earliest_s / HOUR_S), (last_s + duration_s) // HOUR_S + 1) * HOUR_S
        begins_s = np.unique(np.concatenate([[earliest_s, latest_start_s], edges_s, edges_s - duration_s]))
        begins_s = begins_s[(begins_s == latest_start_s) | ((begins_s >= earliest_s) & (begins_s <= last_s))]
        seconds = _seconds_by_hour(begins_s + duration_s) - _seconds_by_hour(begins_s)
        sums = comparable(self.by_hour @ seconds.T)
        best = np.argmin(sums, axis=2)
        return sums[..., 0], Windows(begins_s[best], np.take_along_axis(sums, best[..., None], axis=2)[..., 0])

    def least_possible(self, work_s: float, earliest_s: float, latest_end_s: float) -> Floats:
        """Integral over the cleanest `work_s` seconds in [earliest, latest end), shape (zones, start times).

        This is a lower bound for any slicing.
        """
        available = (_seconds_by_hour(np.array([latest_end_s])) - _seconds_by_hour(np.array([earliest_s])))[0]
        order = np.argsort(self.by_hour, axis=2)
        lengths = available[order]
        used = np.clip(work_s - (np.cumsum(lengths, axis=2) - lengths), 0.0, lengths)
        least: Floats = (used * np.take_along_axis(self.by_hour, order, axis=2)).sum(axis=2)
        return least

    def integral(self, zone: NDArray[np.int64], start: NDArray[np.int64], times_s: Floats) -> Floats:
        """Integral from a start time up to times after it: (n,), (n,) and (n, k) give (n, k), g/kWh x s."""
        by_hour = self.by_hour[zone, start]
        up_to = np.concatenate([np.zeros((by_hour.shape[0], 1)), np.cumsum(by_hour * HOUR_S, axis=1)], axis=1)
        days, within_s = np.divmod(times_s, DAY_S)
        hour = np.minimum((within_s // HOUR_S).astype(np.int64), HOURS_A_DAY - 1)
        rows = np.arange(by_hour.shape[0])[:, None]
        so_far: Floats = days * up_to[:, -1:] + up_to[rows, hour] + (within_s - hour * HOUR_S) * by_hour[rows, hour]
        return so_far


def _seconds_by_hour(times_s: Floats) -> Floats:
    """Seconds from 0 up to each time that fall into each hour of the day: (n,) gives (n, 24)."""
    days, within_s = np.divmod(times_s, DAY_S)
    filled = np.clip(within_s[:, None] - np.arange(HOURS_A_DAY) * HOUR_S, 0.0, HOUR_S)
    by_hour: Floats = days[:, None] * HOUR_S + filled
    return by_hour
