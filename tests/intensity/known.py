"""A source of one history, forecast and newest value, and its measured accuracy."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from greenai_infra.intensity.forecasting.accuracy import Accuracy
from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive
from greenai_infra.intensity.forecasting.predict import predict
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Provenance, Series, Signal, Unavailable, cut

AS_OF = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SINE = [100.0 + 50 * np.sin(hour / 12 * np.pi) for hour in range(24)]
"""A day."""


class Known:
    """A source with history, forecast and newest value of one zone, as far as given; counts what it is asked."""

    name = "known"

    def __init__(
        self,
        history: Sequence[float] | None = None,
        *,
        forecast: Sequence[float] | None = None,
        latest: float | None = None,
        service: str = "",
    ) -> None:
        self.as_of = AS_OF
        self.asked: list[str] = []
        self.past = history
        self.ahead = forecast
        self.newest = latest
        self.service = service

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        self.asked.append("latest")
        if self.newest is None:
            return {zone: Unavailable(zone, "no latest") for zone in zones}
        return {zone: Intensity(zone, self.newest, self.of_kind(Kind.LIVE)) for zone in zones}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        self.asked.append(f"history of {', '.join(zones)}")
        if self.past is None:
            return {zone: Unavailable(zone, "not licensed") for zone in zones}
        begin = AS_OF - len(self.past) * HOUR
        return {
            zone: cut(self._series(zone, begin, self.past, Kind.HISTORY), start, end) or Unavailable(zone, "none")
            for zone in zones
        }

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        self.asked.append("forecast")
        if self.ahead is None:
            return {zone: Unavailable(zone, "no forecast") for zone in zones}
        return {zone: self._series(zone, AS_OF, self.ahead, Kind.FORECAST) for zone in zones}

    def _series(self, zone: str, begin: datetime, values: Sequence[float], kind: Kind) -> Series:
        edges = begin.timestamp() + 3600 * np.arange(len(values) + 1.0)
        return Series(zone, edges, np.array(values, dtype=float), self.of_kind(kind))

    def of_kind(self, kind: Kind) -> Provenance:
        return Provenance("known", Signal.AVERAGE, Basis.LIFECYCLE, kind, AS_OF, frozenset(), "", self.service)


def accuracy(source: Any, archive: ForecastArchive | None = None, zones: Sequence[str] = ("Z",)) -> Accuracy:
    return Accuracy(predict(source, zones, AS_OF, AS_OF + 48 * HOUR), archive)
