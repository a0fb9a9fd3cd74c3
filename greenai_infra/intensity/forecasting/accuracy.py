"""The past error of each prediction method in each zone, by its source's observations: the error a wait must beat.

A climatology is measured on the days that it averages, without new requests. Kept forecasts are compared with the same
days, which are requested only once enough forecasts are kept: one request per zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from math import ceil, floor, isnan
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.clock import HOUR, floor_to
from greenai_infra.intensity.forecasting.hindcasts import (
    Held,
    hold_climatology,
    hold_forecasts,
    hold_persistence,
    hourly_values,
    saving_error,
)
from greenai_infra.intensity.forecasting.predict import Method, method_of
from greenai_infra.intensity.model.values import Series, Unavailable
from greenai_infra.intensity.sources.climatology import DAYS, HOUR_S, HOURS_A_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive, PastForecast
    from greenai_infra.intensity.forecasting.predict import Prediction

HOURS = DAYS * HOURS_A_DAY
MAX_LAG_HOURS = 24  # waiting follows the daily cycle; for longer lags the history is too short
MIN_HINDCASTS = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """The error of a method in a zone for runs of `run_hours` (whole hours).

    `error_percent` is that of `hindcasts.saving_error`: the mean absolute error of what waiting up to `lag_hours` was
    expected to save, in percent of what starting at once was expected to emit. None if it could not be measured:
    `reason` then says why, and `hindcasts` counts the available hindcasts.
    """

    method: Method
    error_percent: float | None
    hindcasts: int
    run_hours: int
    lag_hours: int
    reason: str = ""


class _Hourly(NamedTuple):
    """Means of the last hours, NaN in gaps."""

    g_per_kwh: NDArray[np.float64]


class Accuracy:
    """The measured errors of a prediction. Reads `archive`, and requests observations for it, when first needed."""

    def __init__(self, prediction: Prediction, archive: ForecastArchive | None = None) -> None:
        self._series = {one.zone: one for one in prediction.answers.values() if isinstance(one, Series)}
        self._source = prediction.source
        self._chosen_by = frozenset(prediction.chosen_by)
        self._archive = archive
        self._known: dict[tuple[str, Method, int, int], Measured] = {}

    def of(self, zone: str, run_hours: float, slack_hours: float, method: Method | None = None) -> Measured:
        """Returns the error for a run that may wait up to `slack_hours`; by default of the method that was used."""
        run, lags = max(1, ceil(run_hours - 1e-6)), min(max(1, floor(slack_hours + 1e-6)), MAX_LAG_HOURS)
        method = method or method_of(self._series[zone])
        key = (zone, method, run, lags)
        if key not in self._known:
            self._known[key] = self._measure(*key)
        return self._known[key]

    def _measure(self, zone: str, method: Method, run: int, lags: int) -> Measured:
        reason, error, hindcasts = self._unmeasurable(zone, method), float("nan"), 0
        if not reason:
            hourly = self._hourly.get(zone) or Unavailable(zone, "it was not asked for")
            if isinstance(hourly, Unavailable):
                reason = f"there is no history: {hourly.reason}"
            else:
                error, hindcasts = saving_error(self._hold(zone, method, hourly.g_per_kwh, run, lags))
                if hindcasts < MIN_HINDCASTS:
                    reason = f"{DAYS} days give {hindcasts} hindcasts of a run of {run} h; {MIN_HINDCASTS} are needed"
                elif isnan(error):
                    reason = "the intensity that was expected is zero"
        return Measured(method, None if reason else error * 100, hindcasts, run, lags, reason)

    def _unmeasurable(self, zone: str, method: Method) -> str:
        """Returns why the error can't be measured, known before any request; "" if it may be measurable."""
        if method is Method.YEARLY_MEAN:
            return "a yearly mean says nothing of hours"
        if self._source is None:
            return "no source has answered"
        if method is not Method.FORECAST:
            return ""
        if not self._series[zone].provenance.service:
            return "its past forecasts are not known"
        kept = len(self._past[zone])
        if kept < MIN_HINDCASTS:
            return f"{kept} past forecasts are kept to be held against what came; {MIN_HINDCASTS} are needed"
        return ""

    def _hold(self, zone: str, method: Method, hourly: NDArray[np.float64], run: int, lags: int) -> Held:
        if method is Method.CLIMATOLOGY:
            return hold_climatology(hourly, run, lags)
        if method is Method.PERSISTENCE:
            return hold_persistence(hourly, run, lags)
        past = [(one.first_hour - self._first_hour, one.g_per_kwh) for one in self._past[zone]]
        return hold_forecasts(hourly, past, run, lags)

    @cached_property
    def _past(self) -> dict[str, list[PastForecast]]:
        """The kept forecasts of each zone that begin in the days that are looked at, and have begun to come true."""
        if self._archive is None:
            return {zone: [] for zone in self._series}
        last = self._first_hour + HOURS
        kept = self._archive.past(self._series.values())
        return {
            zone: [one for one in kept.get(zone, ()) if self._first_hour <= one.first_hour < last]
            for zone in self._series
        }

    @cached_property
    def _hourly(self) -> Mapping[str, _Hourly | Unavailable]:
        """What was observed in the last days of every zone that may be measured; asked for as a climatology asks.

        Zones beside those that the method was chosen by are left out unless their history was asked for already.
        """
        assert self._source is not None
        zones = [
            zone
            for zone, series in self._series.items()
            if (zone in self._chosen_by or method_of(series) is Method.CLIMATOLOGY)
            and not self._unmeasurable(zone, method_of(series))
        ]
        found = self._source.history(zones, self._until - timedelta(days=DAYS), self._until) if zones else {}
        return {
            zone: one if isinstance(one, Unavailable) else _Hourly(hourly_values(one, self._first_hour, HOURS))
            for zone, one in found.items()
        }

    @property
    def _until(self) -> datetime:
        assert self._source is not None
        return floor_to(self._source.as_of, HOUR)

    @property
    def _first_hour(self) -> int:
        """Unix hours."""
        return int(self._until.timestamp()) // HOUR_S - HOURS
