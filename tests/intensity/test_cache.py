"""Answers on disk: under concurrent writers, broken files, skewed clocks and full disks."""

import json
import multiprocessing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenai_infra.intensity.model.points import Points
from greenai_infra.intensity.model.values import Flag
from greenai_infra.intensity.service.cache import FALLBACK_AGE, AnswerCache, Kept, Key

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
KEY = Key("electricity-maps", "average", "lifecycle", "FR", "latest")
MINUTE = timedelta(minutes=1)


def points(value: float, count: int = 1) -> Points:
    return Points.of({3600.0 * hour: value for hour in range(count)}, frozenset([Flag.ESTIMATED]), issued_s=7.5)


def put(cache: AnswerCache, what: Points, key: Key = KEY) -> None:
    cache.put(key, what, fetched_at=NOW, valid_until=NOW + 35 * MINUTE)


def test_what_was_put_is_got(cache: AnswerCache) -> None:
    what = Points.of({3600.0: 10.5, 7200.0: None}, frozenset([Flag.ESTIMATED]), issued_s=7.5)
    put(cache, what)
    assert cache.get(KEY, NOW + MINUTE) == Kept(what, NOW, NOW + 35 * MINUTE)


@pytest.mark.parametrize("part", ["source", "signal", "basis", "zone", "question"])
def test_other_questions_have_other_answers(cache: AnswerCache, part: str) -> None:
    put(cache, points(1))
    assert cache.get(replace(KEY, **{part: "other"}), NOW) is None


def test_zone_of_any_name_stays_in_the_directory(cache: AnswerCache) -> None:
    put(cache, points(1), replace(KEY, zone="../../etc/passwd"))
    assert len(list(cache.directory.iterdir())) == 1


@pytest.mark.parametrize("age", [FALLBACK_AGE, timedelta(hours=-1)])
def test_too_old_or_from_the_future(cache: AnswerCache, age: timedelta) -> None:
    put(cache, points(1))
    assert cache.get(KEY, NOW + age) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"version": 2}', "\x00" * 50, '{"version": 2, "points": [[0, -5]]}', "[" * 100_000],
)
def test_broken_file_is_discarded_with_a_notice(
    cache: AnswerCache, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    put(cache, points(1))
    (path,) = cache.directory.iterdir()
    path.write_text(text)
    assert cache.get(KEY, NOW) is None
    assert "a broken file in the cache was discarded" in caplog.text
    assert not path.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("points", [[0, 99999]]),
        ("points", [[0, "x"]]),
        ("points", []),
        ("points", [[float("nan"), 5]]),
        ("points", [[float("inf"), 5]]),
        ("points", [[-1e11, 5]]),
        ("points", [[1e12, 5]]),
        ("issued_s", float("inf")),
        ("flags", ["unheard of"]),
        ("fetched_at", "2026-03-10T12:30:00"),
        ("valid_until", 5),
    ],
)
def test_altered_file_is_checked_like_an_answer(cache: AnswerCache, field: str, value: object) -> None:
    put(cache, points(1))
    (path,) = cache.directory.iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    assert cache.get(KEY, NOW) is None


def test_file_of_another_version_is_left_alone(cache: AnswerCache) -> None:
    put(cache, points(1))
    (path,) = cache.directory.iterdir()
    path.write_text(json.dumps({"version": 1}))
    assert cache.get(KEY, NOW) is None
    assert path.exists()


def test_directory_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = AnswerCache(tmp_path / "file" / "below")
    put(cache, points(1))
    put(cache, points(1))
    assert cache.get(KEY, NOW) is None
    assert len(caplog.records) == 1
    assert "answers can't be kept" in caplog.text


def _write_often(directory: Path, value: float) -> None:
    cache = AnswerCache(directory)
    for _ in range(150):
        put(cache, points(value, count=500))


def test_concurrent_processes_never_see_a_part_of_an_answer(
    cache: AnswerCache, caplog: pytest.LogCaptureFixture
) -> None:
    put(cache, points(0, count=500))
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(cache.directory, float(value))) for value in (1, 2, 3)]
    for writer in writers:
        writer.start()
    reads = 0
    while any(writer.is_alive() for writer in writers):
        kept = cache.get(KEY, NOW)
        assert kept is not None
        assert len(kept.points.g_per_kwh) == 500
        assert len(set(kept.points.g_per_kwh)) == 1
        reads += 1
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert reads > 10
    assert not caplog.text
    assert len(list(cache.directory.iterdir())) == 1


def test_place_is_that_of_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GREENAI_CACHE_DIR", str(tmp_path / "mine"))
    assert AnswerCache.of_user().directory == tmp_path / "mine" / "intensity"
