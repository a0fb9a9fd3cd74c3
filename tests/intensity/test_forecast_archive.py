"""Forecasts are kept as they were, for some days, whatever other processes do, and never mixed up."""

import json
import logging
import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from greenai_infra.intensity.forecasting.forecast_archive import MAX_FILES, SLOT_S, ForecastArchive
from greenai_infra.intensity.model.values import Basis, Flag, Kind, Provenance, Series, Signal
from greenai_infra.intensity.service.cache import AnswerCache

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def forecast(
    issued: datetime = NOON, hours: int = 24, zone: str = "FR", level: float = 100.0, service: str = "https://a.example"
) -> Series:
    """From the hour of issue on: `level` and one more each hour."""
    of = Provenance("A service", Signal.AVERAGE, Basis.LIFECYCLE, Kind.FORECAST, issued, frozenset(), "", service)
    edges = issued.timestamp() + 3600 * np.arange(hours + 1.0)
    return Series(zone, edges, level + np.arange(float(hours)), of)


@pytest.fixture
def archive(tmp_path: Path) -> ForecastArchive:
    return ForecastArchive(tmp_path / "forecasts")


def first_hours(archive: ForecastArchive, series: Series) -> list[tuple[float, int]]:
    """The hours after noon at which each kept forecast begins, and how many it has."""
    noon = int(NOON.timestamp()) // 3600
    return [(one.first_hour - noon, one.g_per_kwh.size) for one in archive.past([series])[series.zone]]


def test_kept_forecasts_come_back_in_order_of_time(archive: ForecastArchive) -> None:
    archive.keep([forecast(NOON + 12 * HOUR)])
    archive.keep([forecast(NOON), forecast(NOON, zone="DE", level=300)])

    found = ForecastArchive(archive.directory).past([forecast(), forecast(zone="DE")])

    assert [one.first_hour for one in found["FR"]] == [int(NOON.timestamp()) // 3600 + h for h in (0, 12)]
    np.testing.assert_array_equal(found["FR"][0].g_per_kwh, 100 + np.arange(24.0))
    np.testing.assert_array_equal(found["DE"][0].g_per_kwh, 300 + np.arange(24.0))


def test_steps_of_any_length_are_kept_as_whole_hours(archive: ForecastArchive) -> None:
    of = forecast().provenance
    edges = NOON.timestamp() - 1800 + 1800 * np.arange(6.0)  # 11:30 to 14:00
    archive.keep([Series("FR", edges, np.array([1.0, 10, 30, 20, np.nan]), of)])

    (found,) = archive.past([forecast()])["FR"]

    assert found.first_hour == int(NOON.timestamp()) // 3600
    np.testing.assert_array_equal(found.g_per_kwh, [20, np.nan])


def test_of_six_hours_the_forecast_that_reaches_farthest_is_kept(archive: ForecastArchive) -> None:
    archive.keep([forecast(NOON, hours=6)])
    archive.keep([forecast(NOON + HOUR, hours=48)])
    archive.keep([forecast(NOON + 2 * HOUR, hours=24)])
    archive.keep([forecast(NOON + 6 * HOUR, hours=6)])

    assert first_hours(archive, forecast()) == [(1, 48), (6, 6)]
    assert len(list(archive.directory.iterdir())) == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(forecast(), zone="DE"),
        forecast(service="https://b.example"),
        replace(forecast(), provenance=replace(forecast().provenance, basis=Basis.DIRECT)),
        replace(forecast(), provenance=replace(forecast().provenance, signal=Signal.MARGINAL)),
        replace(forecast(), provenance=replace(forecast().provenance, source="Another")),
    ],
    ids=["zone", "service", "basis", "signal", "source"],
)
def test_another_meaning_has_forecasts_of_its_own(archive: ForecastArchive, other: Series) -> None:
    archive.keep([forecast()])
    assert archive.past([other]) == {other.zone: []}


@pytest.mark.parametrize(
    "changes",
    [
        {"flags": frozenset([Flag.SANDBOX])},
        {"kind": Kind.CLIMATOLOGY},
        {"kind": Kind.YEARLY_MEAN},
        {"service": ""},
    ],
    ids=["made up", "climatology", "yearly mean", "no service"],
)
def test_what_no_service_has_forecast_is_not_kept(archive: ForecastArchive, changes: dict[str, object]) -> None:
    series = forecast()
    archive.keep([replace(series, provenance=replace(series.provenance, **changes))])  # type: ignore[arg-type]
    assert not archive.directory.exists()


def test_forecast_of_less_than_an_hour_is_not_kept(archive: ForecastArchive) -> None:
    edges = NOON.timestamp() + 300 * np.arange(7.0)
    archive.keep([Series("FR", edges, np.full(6, 50.0), forecast().provenance)])
    assert not archive.directory.exists()


def test_old_forecasts_go_when_new_ones_come(archive: ForecastArchive) -> None:
    archive.keep([forecast(NOON - timedelta(days=20)), forecast(NOON - timedelta(days=5), zone="DE")])
    archive.keep([forecast(NOON)])
    assert first_hours(archive, forecast()) == [(0, 24)]
    assert len(archive.past([forecast(zone="DE")])["DE"]) == 1


def test_too_many_files_go_oldest_first(archive: ForecastArchive) -> None:
    archive.keep([forecast()])
    slot = int(NOON.timestamp()) // SLOT_S
    for number in range(MAX_FILES + 5):
        (archive.directory / f"{number:032x}-{slot - 1 + (number > 5)}-24.json").touch()

    archive.keep([forecast(NOON + 6 * HOUR)])

    names = [path.name for path in archive.directory.iterdir()]
    assert len(names) == MAX_FILES + 1
    assert not [name for name in names if f"-{slot - 1}-" in name]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 1}',
        '{"version": 1, "g_per_kwh": [1e999], "first_hour": 1}',
        '{"version": 1, "g_per_kwh": [-5], "first_hour": 1}',
        '{"version": 1, "g_per_kwh": "x", "first_hour": 1}',
        '{"version": 1, "zone": "DE", "g_per_kwh": [5], "first_hour": 1}',
    ],
)
def test_a_broken_file_is_discarded_with_a_notice(
    archive: ForecastArchive, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    archive.keep([forecast()])
    (path,) = archive.directory.iterdir()
    path.write_text(text, encoding="utf-8")

    with caplog.at_level(logging.WARNING):
        assert archive.past([forecast()]) == {"FR": []}

    assert "a broken file in the cache was discarded" in caplog.text
    assert not path.exists()


def test_a_file_of_a_later_release_is_left_alone(archive: ForecastArchive) -> None:
    archive.keep([forecast()])
    (path,) = archive.directory.iterdir()
    path.write_text(json.dumps({"version": 99}), encoding="utf-8")
    assert archive.past([forecast()]) == {"FR": []}
    assert path.exists()


def test_strangers_in_the_directory_are_passed_over(archive: ForecastArchive) -> None:
    archive.keep([forecast()])
    (archive.directory / "notes.txt").write_text("mine", encoding="utf-8")
    archive.keep([forecast(NOON + 30 * 24 * HOUR)])
    assert (archive.directory / "notes.txt").exists()


def test_a_directory_that_cannot_be_written_keeps_nothing_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    archive = ForecastArchive(tmp_path / "file" / "forecasts")
    with caplog.at_level(logging.WARNING):
        archive.keep([forecast()])
        archive.keep([forecast(NOON + 6 * HOUR)])
    assert archive.past([forecast()]) == {"FR": []}
    assert caplog.text.count("forecasts can't be kept") == 1


def keep_many(directory: Path) -> None:
    """In a process of its own."""
    archive = ForecastArchive(directory)
    for number in range(30):
        archive.keep([forecast(NOON + (number % 5) * 6 * HOUR, hours=6 + number, zone=f"Z{z}") for z in range(3)])


def test_processes_that_keep_at_once_leave_whole_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=keep_many, args=(tmp_path,)) for _ in range(4)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()

    archive = ForecastArchive(tmp_path)
    with caplog.at_level(logging.WARNING):
        found = archive.past([forecast(zone=f"Z{z}") for z in range(3)])

    assert [one.exitcode for one in processes] == [0] * 4
    # The last round of each of the five slots reaches farthest: 6 + 25 to 6 + 29 hours.
    assert [[one.g_per_kwh.size for one in past] for past in found.values()] == [[31, 32, 33, 34, 35]] * 3
    assert caplog.text == ""
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_clearing_the_cache_removes_kept_forecasts(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    ForecastArchive(tmp_path / "forecasts").keep([forecast(), forecast(zone="DE")])
    assert cache.clear() == 2
    assert list((tmp_path / "forecasts").iterdir()) == []


def test_the_users_archive_lies_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GREENAI_CACHE_DIR", str(tmp_path))
    assert ForecastArchive().directory == tmp_path / "intensity" / "forecasts"
