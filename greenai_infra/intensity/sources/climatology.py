"""Climatology: the mean by hour of the day (UTC) of the last days of a source's history, as a forecast.

It needs no forecast licence, and keeps most of what a perfect forecast would save in zones where time matters.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.clock import format_time, from_unix
from greenai_infra.intensity.model.values import Kind, Provenance, Series, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.model.values import Intensity

DAYS = 7
MIN_DAYS = 3  # each hour of the day must have been observed this often
HOUR_S = 3600
HOURS_A_DAY = 24


class Climatology:
    """A source that answers as `inner` does, and forecasts from its history."""

    def __init__(self, inner: IntensitySource, as_of: datetime, days: int = DAYS) -> None:
        self.name = f"climatology:{inner.name}"
        self.inner = inner
        self.as_of = as_of
        self.days = days
        self.notes: Sequence[str] = getattr(inner, "notes", ())
        self.warnings: Sequence[str] = getattr(inner, "warnings", ())

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        """The newest value of the inner source."""
        return self.inner.latest(zones)

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        """The history of the inner source."""
        return self.inner.history(zones, start, end)

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """Whole hours that cover [start, end), each the mean of that hour over the days before `as_of`."""
        until = self.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        since = until - timedelta(days=self.days)
        past = self.inner.history(zones, since, until)
        return {zone: self._repeat(past[zone], (since, until), start, end) for zone in zones}

    def _repeat(
        self, past: Series | Unavailable, window: tuple[datetime, datetime], start: datetime, end: datetime
    ) -> Series | Unavailable:
        if isinstance(past, Unavailable):
            return past
        means, hours = hourly_means(past, window[0].timestamp(), window[1].timestamp())
        if hours.min() < MIN_DAYS:
            return Unavailable(
                past.zone,
                f"a climatology needs every hour of the day on {MIN_DAYS} of the {self.days} days before "
                f"{format_time(window[1])}; {past.provenance.source} has {hours.sum():.0f} h there, "
                f"{hours.min():.0f} of its least observed hour",
            )
        first, last = int(start.timestamp() // HOUR_S), int(-(-end.timestamp() // HOUR_S))
        numbers = np.arange(first, last + 1, dtype=np.float64)
        values = means[numbers[:-1].astype(np.int64) % HOURS_A_DAY]
        return Series(past.zone, numbers * HOUR_S, values, self._provenance(past, window))

    def _provenance(self, past: Series, window: tuple[datetime, datetime]) -> Provenance:
        of = past.provenance
        used = ~np.isnan(past.g_per_kwh) & (past.edges_s[:-1] < window[1].timestamp())
        newest = from_unix(float(past.edges_s[:-1][used][-1]))
        how = f"mean by hour of day over {self.days} days to {format_time(window[1])}"
        return Provenance(
            source=f"climatology of {of.source}",
            signal=of.signal,
            basis=of.basis,
            kind=Kind.CLIMATOLOGY,
            observed_at=newest,
            flags=of.flags,
            detail="; ".join(filter(None, [how, of.detail if of.doubtful else ""])),
            left_out=of.left_out,
        )


def hourly_means(series: Series, since_s: float, until_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time-weighted mean by hour of day in UTC, g/kWh, and the hours observed of each; both of shape (24,).

    Only [since_s, until_s) counts (Unix seconds). Gaps carry no weight; an hour that was never seen has mean NaN.
    """
    inner = series.edges_s[(series.edges_s > since_s) & (series.edges_s < until_s)]
    full_hours = np.arange(np.ceil(since_s / HOUR_S), until_s / HOUR_S) * HOUR_S
    edges_s = np.unique(np.concatenate([[since_s], full_hours, inner, [until_s]]))
    starts_s, widths_s = edges_s[:-1], np.diff(edges_s)
    step = np.searchsorted(series.edges_s, starts_s, side="right") - 1
    covered = (step >= 0) & (step < series.g_per_kwh.size)
    values = np.where(covered, series.g_per_kwh[np.clip(step, 0, series.g_per_kwh.size - 1)], np.nan)
    seen = ~np.isnan(values)
    hour = (starts_s // HOUR_S).astype(np.int64) % HOURS_A_DAY
    seen_s = np.bincount(hour[seen], weights=widths_s[seen], minlength=HOURS_A_DAY)
    total = np.bincount(hour[seen], weights=(values * widths_s)[seen], minlength=HOURS_A_DAY)
    with np.errstate(invalid="ignore"):
        return total / seen_s, seen_s / HOUR_S
