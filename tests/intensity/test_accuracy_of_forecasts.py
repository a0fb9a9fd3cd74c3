"""Kept forecasts held against what came, and that measuring asks services for nothing that was not asked before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from greenai_infra.intensity.forecasting.accuracy import MIN_HINDCASTS, Accuracy
from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive
from greenai_infra.intensity.forecasting.predict import Method, predict
from greenai_infra.intensity.model.values import Kind, Series
from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps

from .known import AS_OF, HOUR, SINE, Known, accuracy
from .service import NOW, Asked, Reply, Service, entry, hour_of, hours
from .service import forecast as served_forecast

DAY = timedelta(days=1)


def archive_of(path: Path, source: Known, number: int, error: float = 0.0) -> ForecastArchive:
    """So many forecasts, six hours apart, the newest a day old; each expects what came, and `error` more later on."""
    archive = ForecastArchive(path)
    assert source.past is not None
    for one in range(number):
        back = 24 + 6 * one
        came = np.array(source.past[len(source.past) - back : len(source.past) - back + 24], dtype=float)
        came[6:] += error
        issued = AS_OF - back * HOUR
        of = replace(source.of_kind(Kind.FORECAST), observed_at=issued)
        archive.keep([Series("Z", issued.timestamp() + 3600 * np.arange(25.0), came, of)])
    return archive


def test_kept_forecasts_are_held_against_what_came(tmp_path: Path) -> None:
    # Runs of an hour, waits of up to 23: of 23 lags 18 lie behind hour 6 and are expected 30 too high. Flat at 100.
    source = Known([100.0] * 168, forecast=[100.0] * 48, service="https://a.example")
    archive = archive_of(tmp_path, source, 10, error=30.0)

    measured = accuracy(source, archive).of("Z", 1, 23)

    assert (measured.method, measured.hindcasts, measured.reason) == (Method.FORECAST, 10, "")
    assert measured.error_percent == pytest.approx(100 * 18 * 30 / (23 * 100))
    assert source.asked == ["forecast", "history of Z"]


def test_history_is_not_asked_for_before_enough_forecasts_are_kept(tmp_path: Path) -> None:
    source = Known([100.0] * 168, forecast=[100.0] * 48, service="https://a.example")
    measured = accuracy(source, archive_of(tmp_path, source, 7)).of("Z", 1, 23)
    assert measured.error_percent is None
    assert measured.reason == "7 past forecasts are kept to be held against what came; 8 are needed"
    assert source.asked == ["forecast"]


def test_forecasts_whose_history_is_not_licensed_are_not_measured(tmp_path: Path) -> None:
    source = Known([100.0] * 168, forecast=[100.0] * 48, service="https://a.example")
    archive = archive_of(tmp_path, source, 10)
    source.past = None
    measured = accuracy(source, archive).of("Z", 1, 23)
    assert (measured.error_percent, measured.reason) == (None, "there is no history: not licensed")


def test_all_zones_are_asked_about_once_and_together(tmp_path: Path) -> None:
    source = Known(SINE * 7)
    found = accuracy(source, zones=["A", "B"])
    before = len(source.asked)
    for run_hours in (1, 2, 3):
        for zone in ("A", "B"):
            assert found.of(zone, run_hours, 20).hindcasts > 20
    assert source.asked[before:] == ["history of A, B"]


def test_a_service_is_asked_nothing_more_to_measure_a_climatology(
    maps: Callable[..., ElectricityMaps], service: Service
) -> None:
    service.scripts["forecast"] = lambda asked: Reply({"message": "no licence"}, 403)
    prediction = predict(maps(), ["FR", "DE"], NOW, NOW + DAY)
    asked = len(service.asked)

    measured = [Accuracy(prediction).of(zone, 4, 20) for zone in ("FR", "DE")]

    # The service answers 100 and 10 more for each hour of the day, every day alike.
    assert [one.error_percent for one in measured] == [pytest.approx(0, abs=1e-9)] * 2
    assert len(service.asked) == asked


def test_a_service_is_asked_for_history_once_a_zone_to_measure_its_forecasts(
    maps: Callable[..., ElectricityMaps], service: Service, tmp_path: Path
) -> None:
    archive = ForecastArchive(tmp_path / "kept")

    def later(asked: Asked) -> Reply:
        """What is forecast from the moment that the source takes for now."""
        start = hour_of(moment)
        ahead = [
            {"carbonIntensity": 100 + 10 * one.hour, "datetime": one.isoformat()}
            for one in hours(start, start + 24 * HOUR)
        ]
        return served_forecast(asked, forecast=ahead, updatedAt=moment.isoformat())

    service.scripts["forecast"] = later
    for back in range(11, 0, -1):
        moment = NOW - back * 6 * HOUR
        found = predict(maps(as_of=moment), ["FR"], moment, moment + 24 * HOUR)
        archive.keep([one for one in found.answers.values() if isinstance(one, Series)])
    moment = NOW
    service.asked.clear()

    prediction = predict(maps(), ["FR"], NOW, NOW + 24 * HOUR)
    measured = [Accuracy(prediction, archive).of("FR", run_hours, 20) for run_hours in (2, 3)]

    assert service.endpoints() == ["forecast", "past-range"]
    assert [one.method for one in measured] == [Method.FORECAST] * 2
    assert [one.error_percent for one in measured] == [pytest.approx(0, abs=1e-9)] * 2
    assert measured[0].hindcasts >= MIN_HINDCASTS


def test_a_history_with_holes_is_measured_on_what_is_there(
    maps: Callable[..., ElectricityMaps], service: Service
) -> None:
    def holes(asked: Asked) -> Reply:
        start, end = (datetime.fromisoformat(asked.params[key]) for key in ("start", "end"))
        kept = [entry(one) for one in hours(start, end) if one.day % 5 or one.hour != 3]
        return Reply({"zone": "FR", "data": kept})

    service.scripts["forecast"] = lambda asked: Reply({"message": "no licence"}, 403)
    service.scripts["past-range"] = holes
    measured = Accuracy(predict(maps(), ["FR"], NOW, NOW + DAY)).of("FR", 2, 20)
    assert measured.error_percent == pytest.approx(0, abs=1e-9)
    assert measured.hindcasts >= MIN_HINDCASTS
