"""Predictions repeated for earlier moments, from the data known then, compared with what followed. Arrays only.

Times are whole hours, as indices into an array of hourly means. A hindcast is made at the hour t, from the hours
before t. It expects P(s) for a run of d hours that begins s hours after t, and A(s) is what came: both are means over
[t + s, t + s + d). Arrays of them have shape (hindcasts, lags + 1), for s = 0, 1, ... lags; NaN where not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.intensity.sources.climatology import HOUR_S, HOURS_A_DAY, MIN_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from greenai_infra.intensity.model.values import Series

    Floats = NDArray[np.float64]

STEP_HOURS = 3  # between hindcasts: every hour of the day has its turn, and neighbours are not quite the same


class Held(NamedTuple):
    """Expected and actual means of the same runs, both of shape (hindcasts, lags + 1), g/kWh."""

    expected: Floats
    actual: Floats


def hourly_values(series: Series, first_hour: int, hours: int) -> Floats:
    """Mean of each hour from `first_hour` (Unix hours), shape (hours,); NaN unless the whole hour is known, g/kWh."""
    widths_s = np.diff(series.edges_s)
    known = ~np.isnan(series.g_per_kwh)
    integral = _running(np.where(known, series.g_per_kwh, 0.0) * widths_s)
    known_s = _running(known * widths_s)
    marks_s = (first_hour + np.arange(hours + 1)) * float(HOUR_S)
    means: Floats = np.diff(np.interp(marks_s, series.edges_s, integral)) / HOUR_S
    means[np.diff(np.interp(marks_s, series.edges_s, known_s)) < HOUR_S - 1e-3] = np.nan
    return means


def saving_error(held: Held) -> tuple[float, int]:
    """Returns the relative error of the expected saving by waiting, and the number of hindcasts.

    error = sum of |(P(0) - P(s)) - (A(0) - A(s))| / sum of P(0), both over all hindcasts and all s > 0 where all
    four are known. This is the mean absolute error of the expected saving by waiting, relative to the expected
    emissions of starting at once: the same unit as the gain that decides a wait, (P(0) - P(s)) / P(0).
    A constant offset has no effect, as it moves no start. NaN without predictions, or if all predictions are zero.
    """
    expected, actual = held
    missed = np.abs((expected[:, :1] - expected[:, 1:]) - (actual[:, :1] - actual[:, 1:]))
    known = ~np.isnan(missed)
    hindcasts = int(known.any(axis=1).sum())
    at_once = float(np.broadcast_to(expected[:, :1], missed.shape)[known].sum())
    return (float(missed[known].sum()) / at_once if at_once else float("nan")), hindcasts


def hold_climatology(hourly: Floats, run_hours: int, lags: int) -> Held:
    """The mean by hour of day of all hours before each t, which must include each hour of day MIN_DAYS times.

    `hourly` has shape (hours,), NaN in gaps.
    """
    origins = _origins(hourly.size, MIN_DAYS * HOURS_A_DAY, run_hours, lags)
    days = -(-hourly.size // HOURS_A_DAY)
    padded = np.pad(hourly, (0, days * HOURS_A_DAY - hourly.size), constant_values=np.nan)
    by_day = padded.reshape(days, HOURS_A_DAY)
    seen = ~np.isnan(by_day)
    sums, counts = _running(np.where(seen, by_day, 0.0)), _running(seen)
    hour = np.arange(HOURS_A_DAY)
    # At t = 24 q + r the hours of day before r have been there q + 1 times, the others q times.
    times = origins[:, None] // HOURS_A_DAY + (hour < origins[:, None] % HOURS_A_DAY)
    seen_often = counts[times, hour].min(axis=1, initial=np.inf) >= MIN_DAYS
    profile = sums[times, hour] / np.maximum(counts[times, hour], 1)
    profile[~seen_often] = np.nan
    around = np.arange(HOURS_A_DAY + run_hours - 1) % HOURS_A_DAY
    by_start = _means(profile[:, around], run_hours)
    starts = (origins[:, None] + np.arange(lags + 1)) % HOURS_A_DAY
    expected = np.take_along_axis(by_start, starts, axis=1)
    return Held(expected, _came(hourly, origins, run_hours, lags))


def hold_persistence(hourly: Floats, run_hours: int, lags: int) -> Held:
    """The newest known hour before each t, as if it stayed so; `hourly` has shape (hours,), NaN in gaps."""
    origins = _origins(hourly.size, 1, run_hours, lags)
    known = np.where(np.isnan(hourly), -1, np.arange(hourly.size))
    newest = np.maximum.accumulate(known)[origins - 1] if hourly.size else origins
    held = np.where(newest >= 0, hourly[np.maximum(newest, 0)], np.nan)
    return Held(np.broadcast_to(held[:, None], (origins.size, lags + 1)), _came(hourly, origins, run_hours, lags))


def hold_forecasts(hourly: Floats, forecasts: Sequence[tuple[int, Floats]], run_hours: int, lags: int) -> Held:
    """Kept forecasts, each as (index into `hourly` of its first hour, its hourly means).

    A forecast that is too short for some starts leaves these out.
    """
    expected = np.full((len(forecasts), lags + 1), np.nan)
    actual = expected.copy()
    came = _means(hourly[None, :], run_hours)[0] if hourly.size >= run_hours else hourly[:0]
    for row, (first, values) in enumerate(forecasts):
        if values.size >= run_hours:
            means = _means(values[None, :], run_hours)[0][: lags + 1]
            expected[row, : means.size] = means
        overlap = came[max(first, 0) : first + lags + 1]
        if first >= 0:
            actual[row, : overlap.size] = overlap
    return Held(expected, actual)


def _origins(hours: int, least: int, run_hours: int, lags: int) -> NDArray[np.int64]:
    """Returns the hours of hindcasts, newest first, from the last hour whose latest run has ended."""
    return np.arange(hours - run_hours - lags, least - 1, -STEP_HOURS, dtype=np.int64)


def _came(hourly: Floats, origins: NDArray[np.int64], run_hours: int, lags: int) -> Floats:
    if not origins.size:
        return np.empty((0, lags + 1))
    means: Floats = _means(hourly[None, :], run_hours)[0][origins[:, None] + np.arange(lags + 1)]
    return means


def _means(values: Floats, run_hours: int) -> Floats:
    """Returns means over `run_hours` successive columns, NaN if any is NaN: (rows, n) gives (rows, n - run + 1)."""
    gaps = np.isnan(values)
    sums, missing = _running(np.where(gaps, 0.0, values).T).T, _running(gaps.T).T
    means: Floats = (sums[:, run_hours:] - sums[:, :-run_hours]) / run_hours
    means[missing[:, run_hours:] - missing[:, :-run_hours] > 0] = np.nan
    return means


def _running(amounts: NDArray[np.float64] | NDArray[np.bool_]) -> Floats:
    """Returns cumulative sums along the first axis, starting at zero: (n, ...) gives (n + 1, ...)."""
    total = np.zeros((amounts.shape[0] + 1, *amounts.shape[1:]))
    np.cumsum(amounts, axis=0, out=total[1:])
    return total
