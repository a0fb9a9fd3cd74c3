"""WattTime: the login, what is asked, what is believed, what is labelled live. Against a local server."""

import logging
import re
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.catalog.regions import regions
from greenai_infra.clock import format_time
from greenai_infra.intensity.model.settings import SignIn
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.service.places import watttime_regions
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live.watttime.source import WattTime

from .service import HOUR, NOW
from .watttime_service import PASSWORD, STEP, USER, WattTimeService, entry, forecast, historical
from .web import Asked, Reply

CALIFORNIA = "US-CAL-CISO"
BASIC = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
TOKEN = re.compile(r"sekret-token-\d")

Make = Callable[..., WattTime]


@pytest.fixture
def service() -> Iterator[WattTimeService]:
    service = WattTimeService()
    yield service
    service.close()
    assert service.problems == []


@pytest.fixture
def watttime(service: WattTimeService) -> Make:
    """A source that asks the local server, as of NOW."""

    def make(password: str = PASSWORD, **options: Any) -> WattTime:
        return WattTime(SignIn(service.url, USER, password), **{"as_of": NOW, **options})

    return make


def value(source: WattTime, zone: str = CALIFORNIA) -> Intensity:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Intensity), answer
    return answer


def refusal(source: WattTime, zone: str = CALIFORNIA) -> str:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Unavailable), answer
    return answer.reason


def ahead(source: WattTime, hours: float = 6, zone: str = CALIFORNIA) -> Series | Unavailable:
    return source.forecast([zone], NOW, NOW + hours * HOUR)[zone]


def test_newest_published_value_is_live_marginal_and_direct(watttime: Make) -> None:
    newest = value(watttime())
    assert newest.zone == CALIFORNIA
    assert newest.g_per_kwh == pytest.approx(520.724, abs=0.001)  # 1,148 lb/MWh x 0.45359237
    said = newest.provenance
    assert (said.signal, said.basis, said.kind) == (Signal.MARGINAL, Basis.DIRECT, Kind.LIVE)
    assert said.observed_at == NOW - timedelta(minutes=10)
    assert said.source == "WattTime"


def test_a_thousand_pounds_a_megawatt_hour(service: WattTimeService, watttime: Make) -> None:
    service.scripts["historical"] = lambda asked: historical(asked, [entry(NOW, value=1000)])
    assert value(watttime()).g_per_kwh == pytest.approx(453.59237)  # a pound is 453.59237 g


def test_login_comes_first_and_its_token_with_every_question(service: WattTimeService, watttime: Make) -> None:
    source = watttime()
    source.latest([CALIFORNIA, "FR"])
    ahead(source)
    assert service.endpoints() == ["login", "historical", "historical", "forecast"]
    assert service.logins == 1
    assert service.asked[0].headers["authorization"] == f"Basic {BASIC}"
    for asked in service.asked[1:]:
        assert asked.headers["authorization"] == "Bearer eyJ.sekret-token-1"
        assert asked.params["signal_type"] == "co2_moer"
    assert sorted(asked.params["region"] for asked in service.asked[1:3]) == ["CAISO_NORTH", "FR"]


def test_token_that_expired_is_renewed_once(service: WattTimeService, watttime: Make) -> None:
    source = watttime()
    value(source)
    service.valid.clear()
    answers = source.forecast([CALIFORNIA, "FR"], NOW, NOW + HOUR)
    assert all(isinstance(answer, Series) for answer in answers.values())
    assert service.logins == 2


def test_token_that_is_never_accepted_is_not_renewed_forever(service: WattTimeService, watttime: Make) -> None:
    source = watttime()
    service.scripts["login"] = lambda asked: Reply({"token": "unknown"})
    assert "HTTP 401" in refusal(source)
    answer = ahead(source)
    assert isinstance(answer, Unavailable)
    assert "HTTP 401" in answer.reason
    assert service.endpoints().count("login") == 2


def test_refused_login_is_the_reason_for_every_zone(service: WattTimeService, watttime: Make) -> None:
    source = watttime("wrong-password")
    answers = [*source.latest([CALIFORNIA, "FR"]).values(), ahead(source)]
    for answer in answers:
        assert isinstance(answer, Unavailable)
        assert answer.reason == "WattTime: the login was refused (HTTP 401); check user name and password"
    assert service.endpoints() == ["login"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply({}), "a login without a token"),
        (Reply({"token": ""}), "a login without a token"),
        (Reply({"token": 5}), "a login without a token"),
        (Reply({"token": "two\r\nlines"}), "a login without a token"),
        (Reply(b"<html>"), "login: the answer is not JSON"),
        (
            Reply({"message": "slow down"}, 429, {"Retry-After": "300"}),
            "login: too many requests (HTTP 429, to be tried",
        ),
        (Reply({}, 302, {"Location": "http://127.0.0.1:9/"}), "login: unexpected answer (HTTP 302)"),
    ],
)
def test_login_that_fails_otherwise(service: WattTimeService, watttime: Make, reply: Reply, reason: str) -> None:
    service.scripts["login"] = lambda asked: reply
    assert reason in refusal(watttime())


def test_region_outside_the_account(service: WattTimeService, watttime: Make) -> None:
    service.covered = {"CAISO_NORTH"}
    answers = watttime().latest([CALIFORNIA, "FR"])
    assert isinstance(answers[CALIFORNIA], Intensity)
    refused = answers["FR"]
    assert isinstance(refused, Unavailable)
    assert "does not cover the region FR (a free one covers CAISO_NORTH only)" in refused.reason
    assert "not permitted for this region" in refused.reason


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ("US-MIDA-PJM", "is several regions of WattTime, each with its own values (PJM_DC, PJM_SOUTHWEST_OH)"),
        ("US-CENT-SWPP", "the catalog knows no region of WattTime for US-CENT-SWPP"),
        ("XX", "the catalog knows no region of WattTime for XX"),
    ],
)
def test_zone_that_is_not_one_region(service: WattTimeService, watttime: Make, zone: str, reason: str) -> None:
    source = watttime()
    assert reason in source.uncovered(zone)
    assert reason in refusal(source, zone)
    assert not source.uncovered(CALIFORNIA)
    assert not service.asked


def test_zones_of_one_region_share_a_request(service: WattTimeService, watttime: Make) -> None:
    answers = watttime().latest(["IN-NO", "IN-SO", "IN-WE"])
    assert [asked.params["region"] for asked in service.asked[1:]] == ["IND"]
    assert all(isinstance(answer, Intensity) and answer.zone == zone for zone, answer in answers.items())


def test_a_day_of_history_is_the_same_question_as_the_newest_value(service: WattTimeService, watttime: Make) -> None:
    source = watttime()
    value(source)
    day = source.history([CALIFORNIA], NOW - 20 * HOUR, NOW)[CALIFORNIA]
    assert isinstance(day, Series)
    assert service.endpoints() == ["login", "historical"]
    assert service.asked[1].params["start"] == "2026-03-09T12:00:00Z"
    assert service.asked[1].params["end"] == "2026-03-10T12:30:00Z"
    assert (day.start, day.end) == (NOW - 20 * HOUR, NOW - timedelta(minutes=5))
    assert (day.edges_s[1:] - day.edges_s[:-1] == 300).all()
    assert day.g_per_kwh[0] == pytest.approx(1198 * 0.45359237)  # 16:30 is step 198 of its day
    assert day.provenance.kind is Kind.HISTORY


def test_history_of_a_week_and_of_more_than_one_question_may_cover(service: WattTimeService, watttime: Make) -> None:
    source = watttime()
    week = source.history([CALIFORNIA], NOW - timedelta(days=7), NOW)[CALIFORNIA]
    long = source.history([CALIFORNIA], NOW - timedelta(days=90), NOW)[CALIFORNIA]
    past = source.history([CALIFORNIA], NOW - timedelta(days=9), NOW - timedelta(days=8))[CALIFORNIA]
    assert [(asked.params["start"], asked.params["end"]) for asked in service.asked[1:]] == [
        ("2026-03-03T12:00:00Z", "2026-03-10T12:30:00Z"),
        ("2026-02-06T13:00:00Z", "2026-03-10T12:30:00Z"),
        ("2026-03-01T12:00:00Z", "2026-03-02T13:00:00Z"),
    ]
    assert isinstance(week, Series)
    assert isinstance(long, Series)
    assert isinstance(past, Series)
    assert week.g_per_kwh.size == 7 * 288 - 1
    assert (past.start, past.end) == (NOW - timedelta(days=9), NOW - timedelta(days=8))


def test_climatology_from_its_history(watttime: Make) -> None:
    answer = Climatology(watttime(), NOW).forecast([CALIFORNIA], NOW, NOW + 4 * HOUR)[CALIFORNIA]
    assert isinstance(answer, Series)
    assert answer.provenance.source == "climatology of WattTime"
    assert answer.provenance.signal is Signal.MARGINAL


@pytest.mark.parametrize(("hours", "horizon"), [(0.5, "6"), (5.5, "6"), (6, "12"), (24, "30"), (72, "72"), (200, "72")])
def test_forecast_asks_for_the_horizon_that_covers(
    service: WattTimeService, watttime: Make, hours: float, horizon: str
) -> None:
    answer = ahead(watttime(), hours)
    assert isinstance(answer, Series)
    assert service.asked[1].params["horizon_hours"] == horizon
    assert answer.start == NOW
    assert answer.end == NOW + min(hours, 72) * HOUR
    assert answer.g_per_kwh[0] == pytest.approx(1150 * 0.45359237)
    assert answer.provenance.kind is Kind.FORECAST
    assert answer.provenance.observed_at == NOW


def test_forecast_that_begins_with_the_next_step_is_carried_back(service: WattTimeService, watttime: Make) -> None:
    points = [entry(NOW + number * STEP) for number in range(1, 30)]
    service.scripts["forecast"] = lambda asked: forecast(asked, points)
    answer = ahead(watttime(), 2)
    assert isinstance(answer, Series)
    assert answer.start == NOW
    assert answer.mean(NOW, NOW + STEP) == pytest.approx(1151 * 0.45359237)  # what is expected from 12:35 on
    assert "is taken to be like it" in answer.provenance.detail


def test_forecast_that_begins_later_is_refused(service: WattTimeService, watttime: Make) -> None:
    service.scripts["forecast"] = lambda asked: forecast(asked, [entry(NOW + 3 * STEP)])
    answer = ahead(watttime(), 2)
    assert isinstance(answer, Unavailable)
    assert "its forecast covers 2026-03-10T12:45:00Z to 2026-03-10T12:50:00Z" in answer.reason


def test_old_forecast_is_stale(service: WattTimeService, watttime: Make) -> None:
    service.scripts["forecast"] = lambda asked: forecast(asked, generated_at=format_time(NOW - 7 * HOUR))
    answer = ahead(watttime())
    assert isinstance(answer, Series)
    assert answer.provenance.flags == {Flag.STALE}
    assert answer.provenance.observed_at == NOW - 7 * HOUR


WARNING = {"type": "DATA_QUALITY", "message": "upstream data are late"}


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"warnings": [WARNING]}, {Flag.ESTIMATED}),
        ({"model": {"date": "2026-03-01", "type": "Proxy"}}, {Flag.ESTIMATED}),
        ({"warnings": None, "model": None}, set()),
    ],
)
def test_flagged_value_is_not_live(
    service: WattTimeService, watttime: Make, changes: dict[str, Any], flags: set[Flag]
) -> None:
    service.scripts["historical"] = lambda asked: historical(asked, **changes)
    said = value(watttime()).provenance
    assert said.flags == flags
    assert said.kind is (Kind.LATEST if flags else Kind.LIVE)


def test_warning_reaches_the_log(service: WattTimeService, watttime: Make, caplog: pytest.LogCaptureFixture) -> None:
    service.scripts["historical"] = lambda asked: historical(asked, warnings=[WARNING])
    value(watttime())
    assert "WattTime warns about its values for CAISO_NORTH: 'upstream data are late'" in caplog.text


def test_value_published_hours_late_is_live_and_then_stale(service: WattTimeService, watttime: Make) -> None:
    service.scripts["historical"] = lambda asked: historical(asked, [entry(NOW - 5 * HOUR)])
    assert value(watttime()).provenance.kind is Kind.LIVE
    service.scripts["historical"] = lambda asked: historical(asked, [entry(NOW - 7 * HOUR)])
    stale = value(watttime()).provenance
    assert stale.kind is Kind.LATEST
    assert stale.flags == {Flag.STALE}


def test_null_is_a_gap_and_the_newest_value_the_one_before(service: WattTimeService, watttime: Make) -> None:
    points = [entry(NOW - 2 * STEP), entry(NOW - STEP, value=None)]
    service.scripts["historical"] = lambda asked: historical(asked, points)
    source = watttime()
    assert value(source).provenance.observed_at == NOW - 2 * STEP
    past = source.history([CALIFORNIA], NOW - HOUR, NOW)[CALIFORNIA]
    assert isinstance(past, Series)
    assert str(past.g_per_kwh.tolist()[1]) == "nan"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"region": "CAISO_SOUTH"}, "was asked for region CAISO_NORTH and answered with 'CAISO_SOUTH'"),
        ({"region": None}, "was asked for region CAISO_NORTH and answered with 'None'"),
        ({"signal_type": "health_damage"}, "was asked for signal_type co2_moer and answered with 'health_damage'"),
        ({"units": "percentile"}, "was asked for units lbs_co2_per_mwh and answered with 'percentile'"),
        ({"units": None}, "was asked for units lbs_co2_per_mwh and answered with 'None'"),
        ({"data_point_period_seconds": None}, "does not say how long a value holds"),
        ({"data_point_period_seconds": "300"}, "'300' where a number should be"),
        ({"data_point_period_seconds": 420}, "steps of 7 minutes, which are not understood"),
        ({"data_point_period_seconds": 300.5}, "which are not understood"),
        ({"data": []}, "without a list of values ('data')"),
        ({"data": {"point_time": "x"}}, "without a list of values ('data')"),
        ({"data": [7]}, "'7' where a value should be"),
        ({"data": [entry(NOW, value="1000")]}, "'1000' where a number should be"),
        ({"data": [entry(NOW, value=True)]}, "'True' where a number should be"),
        ({"data": [entry(NOW, value=None)]}, "every value is null"),
        ({"data": [entry(NOW, value=-4)]}, "g/kWh is negative"),
        ({"data": [entry(NOW, value=99999)]}, "more than any grid emits"),
        ({"data": [entry(NOW, value=10**400)]}, "absurd number"),
        ({"data": [entry(NOW), entry(NOW, value=1)]}, "two values for 2026-03-10T12:30:00Z"),
        ({"data": [entry(NOW, point_time="2026-03-10T12:00:00")]}, "has no time zone"),
        ({"data": [entry(NOW, point_time=1773144000)]}, "'1773144000' where a time should be"),
        ({"data": [entry(NOW, point_time="9026-03-10T12:00:00Z")]}, "where a time should be"),
        ({"data": [entry(NOW + 2 * HOUR)]}, "2.0 h ahead of now"),
        ({"data": [entry(NOW)] * 10_001}, "answered with 10,001 values"),
    ],
)
def test_value_that_cannot_be_believed(
    service: WattTimeService, watttime: Make, changes: dict[str, Any], reason: str
) -> None:
    service.scripts["historical"] = lambda asked: historical(asked, **changes)
    assert reason in refusal(watttime())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"generated_at": None}, "'None' where a time should be"),
        ({"generated_at": "2026-03-10T12:30:00"}, "has no time zone"),
        ({"generated_at": format_time(NOW + 3 * HOUR)}, "3.0 h ahead of now"),
        ({"region": "BPA"}, "answered with 'BPA'"),
        ({"data": [entry(NOW, point_time="2026-03-10T12:32:00Z")]}, "its times are not full steps of 5 minutes"),
    ],
)
def test_forecast_that_cannot_be_believed(
    service: WattTimeService, watttime: Make, changes: dict[str, Any], reason: str
) -> None:
    service.scripts["forecast"] = lambda asked: forecast(asked, **changes)
    answer = ahead(watttime())
    assert isinstance(answer, Unavailable)
    assert reason in answer.reason


BODIES = {
    "html": (Reply(b"<html>Sign in to the proxy</html>"), "is not JSON"),
    "nan": (Reply(b'{"data": [NaN]}'), "is not JSON"),
    "list": (Reply([1]), "not a JSON object"),
    "empty": (Reply({}), "answered without 'meta'"),
    "broken off": (Reply(b"{}", announced=900), "broke off"),
    "400": (Reply({"error": "BadRequest", "message": "no such region"}, 400), "(HTTP 400): no such region"),
    "404": (Reply({}, 404), "HTTP 404"),
    "429": (Reply({}, 429, {"Retry-After": "3600"}), "too many requests (HTTP 429, to be tried again in 3600 s)"),
}


@pytest.mark.parametrize("case", BODIES)
def test_broken_answer_becomes_a_reason(service: WattTimeService, watttime: Make, case: str) -> None:
    answer, reason = BODIES[case]
    service.scripts["historical"] = lambda asked: answer
    assert reason in refusal(watttime())


def test_retry_after_is_waited_for(service: WattTimeService, watttime: Make) -> None:
    replies = [Reply({}, 429, {"Retry-After": "1"})]
    service.scripts["historical"] = lambda asked: replies.pop() if replies else historical(asked)
    assert value(watttime()).provenance.kind is Kind.LIVE
    assert service.endpoints() == ["login", "historical", "historical"]


def test_login_and_answers_share_one_time_limit(service: WattTimeService, watttime: Make) -> None:
    login = service.login

    def slow_login(asked: Asked) -> Reply:
        reply = login(asked)
        reply.delay_s = 0.3
        return reply

    service.scripts["login"] = slow_login
    service.scripts["historical"] = lambda asked: Reply({}, delay_s=60)
    began = time.monotonic()
    assert "no complete answer within" in refusal(watttime(total_timeout_s=0.6))
    assert time.monotonic() - began < 30


def test_all_regions_are_asked_at_once(service: WattTimeService, watttime: Make) -> None:
    source = watttime()
    zones = sorted({region.zone for region in regions()})
    asked_for = {watttime_regions(zone)[0] for zone in zones if not source.uncovered(zone)}
    together = threading.Barrier(len(asked_for), timeout=60)

    def all_or_none(asked: Asked) -> Reply:
        together.wait()  # answers nothing before all have asked
        return historical(asked, [entry(NOW)])

    service.scripts["historical"] = all_or_none
    answers = source.latest(zones)
    answered = [zone for zone, answer in answers.items() if isinstance(answer, Intensity)]
    assert answered == [zone for zone in zones if not source.uncovered(zone)]
    assert len(answered) > 35
    assert service.logins == 1


def test_valid_answer_is_reused_without_a_login(service: WattTimeService, watttime: Make, cache: AnswerCache) -> None:
    value(watttime(cache=cache))
    again = value(watttime(cache=cache, as_of=NOW + timedelta(minutes=4)))
    assert service.endpoints() == ["login", "historical"]
    assert again.provenance.kind is Kind.LATEST
    assert again.provenance.flags == {Flag.CACHED}
    assert again.provenance.detail == "fetched 4 min ago"
    value(watttime(cache=cache, as_of=NOW + timedelta(minutes=11)))
    assert service.endpoints().count("historical") == 2


def test_own_answer_stands_in_for_a_failing_service(
    service: WattTimeService, watttime: Make, cache: AnswerCache
) -> None:
    value(watttime(cache=cache))
    service.scripts["login"] = lambda asked: Reply(b"<html>")
    later = watttime(cache=cache, as_of=NOW + 2 * HOUR)
    stand_in = value(later)
    assert stand_in.provenance.flags == {Flag.CACHED, Flag.FALLBACK}
    assert "since now WattTime: login: the answer is not JSON" in stand_in.provenance.detail


def test_nothing_stands_in_for_a_refused_login(service: WattTimeService, watttime: Make, cache: AnswerCache) -> None:
    value(watttime(cache=cache))
    assert "login was refused" in refusal(watttime("wrong-password", cache=cache, as_of=NOW + HOUR))


def test_secrets_reach_no_log_reason_cache_or_representation(
    service: WattTimeService, watttime: Make, cache: AnswerCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"error": f"{PASSWORD} {BASIC} eyJ.sekret-token-1"}
    service.scripts["forecast"] = lambda asked: Reply(echo, 400)
    source, refused = watttime(cache=cache), watttime("wrong-password")
    answers = [
        source.latest([CALIFORNIA]),
        source.forecast([CALIFORNIA], NOW, NOW + HOUR),
        refused.latest([CALIFORNIA]),
    ]
    assert "*** *** ***" in str(answers)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()).decode()
    assert "520.7" in kept
    assert "historical" in caplog.text
    shown = [caplog.text, str(answers), kept]
    for one in (source, refused):
        shown += [repr(one), repr(vars(one)), repr(vars(one._client))]
    for text in shown:
        for secret in (PASSWORD, "wrong-password", BASIC):
            assert secret not in text
        assert not TOKEN.search(text)


def test_cached_answer_imports_no_web_client(watttime: Make, cache: AnswerCache, service: WattTimeService) -> None:
    value(watttime(cache=cache))
    program = f"""
import sys
from datetime import timedelta
from pathlib import Path
from greenai_infra.clock import parse_time
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.model.settings import SignIn
from greenai_infra.intensity.sources.live.watttime.source import WattTime
source = WattTime(SignIn({service.url!r}, "u", "p"), as_of=parse_time("2026-03-10T12:31:00Z"),
                  cache=AnswerCache(Path({str(cache.directory)!r})))
print(source.latest([{CALIFORNIA!r}])[{CALIFORNIA!r}].g_per_kwh, "urllib3" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(1148 * 0.45359237), "False"]
