"""Electricity Maps: what is asked, what is believed, what is labelled live. Against a local server."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.clock import format_time
from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps

from .service import HOUR, NOW, TOKEN, Asked, Reply, Service, entry, forecast, history, hour_of, hours, latest

Maps = Callable[..., ElectricityMaps]


def value(source: ElectricityMaps, zone: str = "FR") -> Intensity:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Intensity), answer
    return answer


def refusal(source: ElectricityMaps, zone: str = "FR") -> str:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Unavailable), answer
    assert TOKEN not in answer.reason + answer.hint
    return answer.reason


def reply(**changes: Any) -> Callable[[Asked], Reply]:
    return lambda asked: latest(asked, **changes)


def test_recent_measured_value_is_live(service: Service, maps: Maps) -> None:
    newest = value(maps())
    assert newest.g_per_kwh == 220  # hour 12
    assert newest.provenance.kind is Kind.LIVE
    assert newest.provenance.basis is Basis.LIFECYCLE
    assert newest.provenance.observed_at == hour_of(NOW)
    assert not newest.provenance.flags


def test_question_names_our_zone_and_forbids_the_callers_place(service: Service, maps: Maps) -> None:
    maps().latest(["US-NW-BPAT"])
    (asked,) = service.asked
    assert asked.params == {
        "zone": "US-NW-BPAT",
        "disableCallerLookup": "true",
        "emissionFactorType": "lifecycle",
        "temporalGranularity": "hourly",
    }
    assert asked.headers["auth-token"] == TOKEN


@pytest.mark.parametrize(("reach", "horizon"), [(3, "6"), (6, "6"), (7, "24"), (40, "48"), (72, "72"), (200, "72")])
def test_forecast_asks_for_the_smallest_horizon_that_covers(
    service: Service, maps: Maps, reach: int, horizon: str
) -> None:
    answer = maps().forecast(["FR"], NOW, NOW + reach * HOUR)["FR"]
    assert isinstance(answer, Series)
    assert service.asked[0].params["horizonHours"] == horizon
    assert "emissionFactorType" not in service.asked[0].params
    assert answer.provenance.kind is Kind.FORECAST
    assert answer.start == hour_of(NOW)
    assert answer.g_per_kwh[0] == 220


def test_direct_basis_has_no_forecast(service: Service, maps: Maps) -> None:
    answer = maps(basis=Basis.DIRECT).forecast(["FR"], NOW, NOW + HOUR)["FR"]
    assert isinstance(answer, Unavailable)
    assert "life cycle intensity only" in answer.reason
    assert not service.asked


def test_history_of_a_day_and_of_a_week(service: Service, maps: Maps) -> None:
    source = maps()
    day = source.history(["FR"], NOW - 20 * HOUR, NOW)["FR"]
    week = source.history(["FR"], NOW - timedelta(days=7), NOW)["FR"]
    assert service.endpoints() == ["history", "past-range"]
    assert isinstance(day, Series)
    assert isinstance(week, Series)
    assert (day.start, day.end) == (hour_of(NOW) - 20 * HOUR, hour_of(NOW))
    assert (week.start, week.end) == (hour_of(NOW) - 168 * HOUR, hour_of(NOW) + HOUR)
    assert service.asked[1].params["start"] == format_time(hour_of(NOW) - 168 * HOUR)
    assert service.asked[1].params["end"] == "2026-03-10T13:00:00Z"


def test_range_never_exceeds_ten_days(service: Service, maps: Maps) -> None:
    maps().history(["FR"], NOW - timedelta(days=40), NOW)
    assert service.asked[0].params["start"] == "2026-02-28T13:00:00Z"


def test_climatology_from_its_history(service: Service, maps: Maps) -> None:
    source = maps()
    answer = Climatology(source, NOW).forecast(["FR"], NOW, NOW + 4 * HOUR)["FR"]
    assert isinstance(answer, Series)
    assert answer.g_per_kwh.tolist() == [220, 230, 240, 250, 260]
    assert answer.provenance.source == "climatology of Electricity Maps"


ESTIMATED = {"isEstimated": True, "estimationMethod": "TIME_SLICER_AVERAGE"}
SANDBOX = {"isEstimated": True, "estimationMethod": "SANDBOX_MODE_DATA"}
OLD = {"datetime": format_time(NOW - 7 * HOUR)}


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        (ESTIMATED, {Flag.ESTIMATED}),
        (SANDBOX, {Flag.ESTIMATED, Flag.SANDBOX}),
        ({"_disclaimer": "This data was made up: SANDBOX MODE"}, {Flag.SANDBOX}),
        ({"isEstimated": None}, {Flag.ESTIMATED}),  # no longer says that it was measured
        (OLD, {Flag.STALE}),
    ],
)
def test_flagged_value_is_not_live(service: Service, maps: Maps, changes: dict[str, Any], flags: set[Flag]) -> None:
    service.scripts["latest"] = reply(**changes)
    newest = value(maps())
    assert newest.provenance.flags == flags
    assert newest.provenance.kind is Kind.LATEST


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"zone": "DE"}, "was asked about FR and answered about 'DE'"),
        ({"zone": None}, "was asked about FR and answered about 'None'"),
        ({"carbonIntensity": None}, "has no value right now"),
        ({"carbonIntensity": -5}, "-5 g/kWh is negative"),
        ({"carbonIntensity": 99999}, "more than any grid emits"),
        ({"carbonIntensity": "220"}, "'220' where a number should be"),
        ({"carbonIntensity": True}, "'True' where a number should be"),
        ({"carbonIntensity": 10**400}, "absurd number"),
        ({"datetime": "2026-03-10T12:00:00"}, "has no time zone"),
        ({"datetime": "noon"}, "'noon' where a time should be"),
        ({"datetime": "0001-01-01T00:00:00+14:00"}, "'0001-01-01T00:00:00+14:00' where a time should be"),
        ({"datetime": None}, "'None' where a time should be"),
        ({"datetime": format_time(NOW + 2 * HOUR)}, "2.0 h ahead of now"),
        ({"emissionFactorType": "direct"}, "was asked for lifecycle values and answered with 'direct'"),
        ({"temporalGranularity": "5_minutes"}, "answered with '5_minutes'"),
        ({"unit": "lbs/MWh"}, "answered in 'lbs/MWh'"),
    ],
)
def test_answer_that_cannot_be_believed(service: Service, maps: Maps, changes: dict[str, Any], reason: str) -> None:
    service.scripts["latest"] = reply(**changes)
    assert reason in refusal(maps())


def test_direct_must_be_confirmed_by_the_answer(service: Service, maps: Maps) -> None:
    def without_basis(asked: Asked) -> Reply:
        answer = latest(asked).body
        del answer["emissionFactorType"]
        return Reply(answer)

    service.scripts["latest"] = without_basis
    assert "does not say that its values are direct" in refusal(maps(basis=Basis.DIRECT))
    assert value(maps()).provenance.basis is Basis.LIFECYCLE


BODIES = {
    "html": (Reply(b"<html>Sign in to the proxy</html>"), "is not JSON"),
    "cut off": (Reply(b'{"zone": "FR", "carbonInt'), "is not JSON"),
    "nan": (Reply(b'{"zone": "FR", "carbonIntensity": NaN}'), "is not JSON"),
    "null": (Reply(b"null"), "not a JSON object"),
    "list": (Reply([1, 2]), "not a JSON object"),
    "empty": (Reply({}), "answered about 'None'"),
    "deep": (Reply(b"[" * 100_000), "is not JSON"),
    "shorter than announced": (Reply(b'{"zone": "FR"}', announced=5000), "broke off"),
    "oversized": (Reply(b" " * 6_000_000), "larger than 5 MB"),
    "401": (Reply({"error": f"bad token {TOKEN}"}, 401), "token was refused, or does not cover this zone (HTTP 401)"),
    "403": (Reply({"status": "error", "message": "zone not licensed"}, 403), "(HTTP 403): zone not licensed"),
    "404": (Reply({"message": "no zone"}, 404), "there is no such zone or address (HTTP 404)"),
    "302": (Reply(b"", 302, {"Location": "http://127.0.0.1:9/elsewhere"}), "HTTP 302"),
    "429 for an hour": (
        Reply({}, 429, {"Retry-After": "3600"}),
        "too many requests (HTTP 429, to be tried again in 3600 s",
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_broken_answer_becomes_a_reason(service: Service, maps: Maps, case: str) -> None:
    answer, reason = BODIES[case]
    service.scripts["latest"] = lambda asked: answer
    assert reason in refusal(maps())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"forecast": []}, "without a list of values"),
        ({"forecast": None}, "without a list of values"),
        ({"forecast": [5]}, "'5' where a value should be"),
        ({"forecast": [{"carbonIntensity": 1, "datetime": "2026-03-10T12:00:00"}]}, "has no time zone"),
        ({"forecast": [{"carbonIntensity": 1, "datetime": "2026-03-10T12:07:00Z"}]}, "not full hours"),
        ({"forecast": [{"carbonIntensity": None, "datetime": format_time(hour_of(NOW))}]}, "every value is null"),
        ({"forecast": [entry(hour_of(NOW)), entry(hour_of(NOW), carbonIntensity=1)]}, "two values for"),
        ({"forecast": [entry(hour_of(NOW)), entry(NOW.replace(year=2150, minute=0))]}, "years apart"),
        ({"forecast": [entry(NOW.replace(year=9000, minute=0))]}, "'9000-03-10T12:00:00.000Z' where a time should be"),
        ({"forecast": [entry(hour_of(NOW) + 5 * HOUR)]}, "covers 2026-03-10T17:00:00Z to"),
        ({"forecast": [entry(hour_of(NOW), zone="DE")]}, "answered about 'DE'"),
        ({"updatedAt": format_time(NOW + 3 * HOUR)}, "ahead of now"),
    ],
)
def test_forecast_that_cannot_be_believed(service: Service, maps: Maps, changes: dict[str, Any], reason: str) -> None:
    service.scripts["forecast"] = lambda asked: forecast(asked, **changes)
    answer = maps().forecast(["FR"], NOW, NOW + 6 * HOUR)["FR"]
    assert isinstance(answer, Unavailable)
    assert reason in answer.reason


def test_unordered_repeated_and_null_points(service: Service, maps: Maps) -> None:
    first = hour_of(NOW)
    points = [entry(first + 2 * HOUR), entry(first), entry(first), entry(first + HOUR, carbonIntensity=None)]
    service.scripts["forecast"] = lambda asked: forecast(asked, forecast=points)
    answer = maps().forecast(["FR"], NOW, NOW + 3 * HOUR)["FR"]
    assert isinstance(answer, Series)
    assert answer.g_per_kwh[0] == 220
    assert str(answer.g_per_kwh[1]) == "nan"
    assert answer.g_per_kwh[2] == 240


def test_forecast_that_begins_next_hour_is_carried_back(service: Service, maps: Maps) -> None:
    ahead = [entry(moment) for moment in hours(hour_of(NOW) + HOUR, hour_of(NOW) + 6 * HOUR)]
    service.scripts["forecast"] = lambda asked: forecast(asked, forecast=ahead)
    answer = maps().forecast(["FR"], NOW, NOW + 5 * HOUR)["FR"]
    assert isinstance(answer, Series)
    assert answer.start == hour_of(NOW)
    assert answer.mean(NOW, NOW + 0.5 * HOUR) == 230
    assert "is taken to be like it" in answer.provenance.detail


def test_old_forecast_is_stale_and_sandbox_history_is_sandbox(service: Service, maps: Maps) -> None:
    service.scripts["forecast"] = lambda asked: forecast(asked, updatedAt=format_time(NOW - 7 * HOUR))
    service.scripts["history"] = lambda asked: history(asked, history=[entry(hour_of(NOW) - HOUR, **SANDBOX)])
    source = maps()
    ahead = source.forecast(["FR"], NOW, NOW + HOUR)["FR"]
    past = source.history(["FR"], NOW - 2 * HOUR, NOW)["FR"]
    assert isinstance(ahead, Series)
    assert ahead.provenance.flags == {Flag.STALE}
    assert isinstance(past, Series)
    assert Flag.SANDBOX in past.provenance.flags


def test_one_bad_zone_does_not_spoil_the_others(service: Service, maps: Maps) -> None:
    service.scripts["latest"] = lambda asked: Reply({}, 403) if asked.params["zone"] == "DE" else latest(asked)
    answers = maps().latest(["FR", "DE", "ES"])
    assert list(answers) == ["FR", "DE", "ES"]
    assert [type(answer) for answer in answers.values()] == [Intensity, Unavailable, Intensity]


def test_valid_answer_is_reused_but_no_longer_live(service: Service, maps: Maps, cache: AnswerCache) -> None:
    value(maps(cache=cache))
    again = value(maps(cache=cache, as_of=NOW + timedelta(minutes=20)))
    assert len(service.asked) == 1
    assert again.provenance.kind is Kind.LATEST
    assert again.provenance.flags == {Flag.CACHED}
    assert again.provenance.detail == "fetched 20 min ago"


def test_answer_is_asked_again_after_its_hour(service: Service, maps: Maps, cache: AnswerCache) -> None:
    value(maps(cache=cache))
    value(maps(cache=cache, as_of=NOW + timedelta(minutes=36)))
    assert len(service.asked) == 2


def test_own_answer_stands_in_for_a_failing_service(service: Service, maps: Maps, cache: AnswerCache) -> None:
    value(maps(cache=cache))
    service.scripts["latest"] = lambda asked: Reply(b"<html>", 200)
    stand_in = value(maps(cache=cache, as_of=NOW + 5 * HOUR))
    assert stand_in.g_per_kwh == 220
    assert stand_in.provenance.kind is Kind.LATEST
    assert stand_in.provenance.flags == {Flag.CACHED, Flag.FALLBACK}
    assert "fetched 5.0 h ago, since now Electricity Maps: the answer is not JSON" in stand_in.provenance.detail
    assert "is not JSON" in refusal(maps(cache=cache, as_of=NOW + 6 * HOUR))


def test_nothing_stands_in_for_a_refused_token(service: Service, maps: Maps, cache: AnswerCache) -> None:
    value(maps(cache=cache))
    service.scripts["latest"] = lambda asked: Reply({}, 401)
    assert "HTTP 401" in refusal(maps(cache=cache, as_of=NOW + 2 * HOUR))


def test_sandbox_answers_are_not_kept(service: Service, maps: Maps, cache: AnswerCache) -> None:
    service.scripts["latest"] = reply(**SANDBOX)
    value(maps(cache=cache))
    service.scripts["latest"] = latest
    assert value(maps(cache=cache)).provenance.kind is Kind.LIVE


def test_bases_and_horizons_are_kept_apart(service: Service, maps: Maps, cache: AnswerCache) -> None:
    service.scripts["latest"] = lambda asked: latest(asked, emissionFactorType=asked.params["emissionFactorType"])
    value(maps(cache=cache))
    assert value(maps(cache=cache, basis=Basis.DIRECT)).provenance.basis is Basis.DIRECT
    maps(cache=cache).forecast(["FR"], NOW, NOW + 6 * HOUR)
    maps(cache=cache).forecast(["FR"], NOW, NOW + 24 * HOUR)
    assert len(service.asked) == 4


def test_token_reaches_no_log_reason_cache_or_representation(
    service: Service, maps: Maps, cache: AnswerCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service.scripts["latest"] = lambda asked: (
        Reply({"error": f"bad {TOKEN}"}, 401) if "X" in asked.params["zone"] else (latest(asked, echoed=TOKEN))
    )
    source = maps(cache=cache)
    answers = source.latest(["FR", "X"])
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"220" in kept
    for text in (caplog.text, str(answers), repr(source), repr(vars(source)), kept.decode()):
        assert TOKEN not in text
    assert "bad ***" in str(answers["X"])


def test_token_for_one_zone_is_not_refused_for_all_at_each_question(service: Service, maps: Maps) -> None:
    service.scripts["forecast"] = lambda asked: Reply({"error": "not licensed"}, 403)
    service.scripts["zones"] = lambda asked: Reply(
        {"FR": {"access": ["/v4/carbon-intensity/history"]}, "DE": {"access": []}}
    )
    source = maps()

    source.forecast(["FR", "DE"], NOW, NOW + 6 * HOUR)
    past = source.history(["FR", "DE"], NOW - 6 * HOUR, NOW)

    assert sorted(service.endpoints()) == ["forecast", "forecast", "history", "zones"]
    assert isinstance(past["FR"], Series)
    assert isinstance(past["DE"], Unavailable)
    assert "the token does not cover this zone" in past["DE"].reason


def test_asking_what_the_token_covers_leaves_time_for_the_question(service: Service, maps: Maps) -> None:
    service.scripts["forecast"] = lambda asked: Reply({"error": "not licensed"}, 403)
    service.scripts["zones"] = lambda asked: Reply({}, delay_s=90)
    source = maps(total_timeout_s=2.5)
    source.forecast(["FR"], NOW, NOW + 6 * HOUR)

    began = time.monotonic()
    assert isinstance(source.history(["FR"], NOW - 6 * HOUR, NOW)["FR"], Series)
    assert time.monotonic() - began < 60


def test_service_that_was_silent_is_not_waited_for_again() -> None:
    source = ElectricityMaps(Access("http://127.0.0.1:9", TOKEN), as_of=NOW)
    source.forecast(["FR"], NOW, NOW + 6 * HOUR)

    answer = source.latest(["FR"])["FR"]

    assert answer == Unavailable("FR", "Electricity Maps: it was silent a moment ago (it could not be reached)")


def test_zone_and_question_are_asked_once_in_a_process(service: Service, maps: Maps) -> None:
    source = maps()

    first, second = source.latest(["FR"]), source.latest(["FR", "DE"])

    assert first["FR"] == second["FR"]
    assert [asked.params["zone"] for asked in service.asked] == ["FR", "DE"]


def test_what_a_token_covers_is_asked_once_a_day(service: Service, maps: Maps, cache: AnswerCache) -> None:
    service.scripts["latest"] = lambda asked: latest(asked) if asked.params["zone"] == "FR" else Reply({}, 403)
    service.scripts["zones"] = lambda asked: Reply({"FR": {"access": ["*"]}, "DE": {"access": []}})
    zones = ["FR", "DE", "PL"]

    first = maps(cache=cache)
    first.latest(zones)
    first.history(zones, NOW - 6 * HOUR, NOW)
    asked = len(service.asked)
    later = maps(cache=cache, as_of=NOW + 6 * HOUR)
    later.latest(zones)
    tomorrow = maps(cache=cache, as_of=NOW + 25 * HOUR)
    tomorrow.latest(zones)

    assert service.endpoints() == [*["latest"] * 3, "zones", "history", "latest", *["latest"] * 3]
    assert asked == 5
    assert not any(TOKEN in path.read_text() for path in cache.directory.iterdir())


def test_value_from_ahead_of_the_clock_is_not_called_live(service: Service, maps: Maps) -> None:
    service.scripts["latest"] = lambda asked: latest(asked, datetime=format_time(NOW + HOUR / 2))
    ahead = value(maps())
    assert ahead.provenance.kind is Kind.LATEST
    assert ahead.provenance.detail == "it is 30 min ahead of this machine's clock, which may be wrong"


def test_value_ten_times_off_the_yearly_means_is_doubtful_and_not_live(service: Service, maps: Maps) -> None:
    service.scripts["latest"] = lambda asked: latest(asked, carbonIntensity=1500)
    found = maps().latest(["FR"])["FR"]
    assert isinstance(found, Intensity)
    assert found.provenance.flags == {Flag.DOUBTFUL}
    assert found.provenance.kind is Kind.LATEST
    assert found.provenance.detail.startswith("1,500 g/kWh is 10 times off the yearly means of FR (")


def test_series_that_strays_now_and_then_has_gaps_and_one_that_is_off_is_doubtful(service: Service, maps: Maps) -> None:
    def answer(asked: Asked, bad: int) -> Reply:
        past = [entry(moment) for moment in hours(hour_of(NOW) - 24 * HOUR, hour_of(NOW))]
        past = [{**one, "carbonIntensity": 1500 if index < bad else 50} for index, one in enumerate(past)]
        return Reply({"zone": "FR", "history": past})

    def asked_for(bad: int) -> Series:
        service.scripts["history"] = lambda asked: answer(asked, bad)
        found = maps().history(["FR"], NOW - 20 * HOUR, NOW)["FR"]
        assert isinstance(found, Series)
        return found

    one, many = asked_for(2), asked_for(20)
    assert one.provenance.left_out.startswith("2 of 24 values are taken as gaps: 1,500 g/kWh is 10 times off")
    assert not one.provenance.doubtful
    assert many.provenance.doubtful
    assert many.provenance.detail.startswith("20 of 24 values; the first: 1,500 g/kWh")
