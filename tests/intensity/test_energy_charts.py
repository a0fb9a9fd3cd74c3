"""Energy-Charts: whole countries in quarter hours, the nulls of its lists, its limit on requests. A local server."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live.energy_charts.source import COUNTRIES, EnergyCharts

from .service import HOUR, NOW
from .web import Asked, Reply, WebService

QUARTER = timedelta(minutes=15)
MEASURED_UNTIL = NOW - HOUR  # the last value that was measured is of the quarter hour before
MIDNIGHT = NOW.replace(hour=0, minute=0) - HOUR  # in Berlin


def value_at(moment: datetime) -> float:
    """300 g/kWh, 10 more for each hour of the day and 1 more for each quarter."""
    return 300.0 + 10 * moment.hour + moment.minute // 15


def co2eq(start: datetime, end: datetime, step: timedelta = QUARTER, **changes: Any) -> dict[str, Any]:
    """What was measured up to MEASURED_UNTIL, and 50 g/kWh more as a forecast of the day from then on."""
    times = [start + number * step for number in range(int((end - start) / step))]
    return {
        "unix_seconds": [int(moment.timestamp()) for moment in times],
        "co2eq": [value_at(moment) if moment < MEASURED_UNTIL else None for moment in times],
        "co2eq_forecast": [
            value_at(moment) + 50 if MEASURED_UNTIL <= moment < MIDNIGHT + 24 * HOUR else None for moment in times
        ],
        "deprecated": False,
        **changes,
    }


def believable(asked: Asked) -> Reply:
    if "start" in asked.params:
        start, end = (datetime.fromisoformat(asked.params[key]) for key in ("start", "end"))
        return Reply(co2eq(start, end))
    return Reply(co2eq(MIDNIGHT, MIDNIGHT + 48 * HOUR))


@pytest.fixture
def api() -> Iterator[WebService]:
    api = WebService({"co2eq": believable})
    yield api
    api.close()


@pytest.fixture
def charts(api: WebService) -> Callable[..., EnergyCharts]:
    return lambda **options: EnergyCharts(api.url, **{"as_of": NOW, **options})


Make = Callable[..., EnergyCharts]


def value(source: EnergyCharts, zone: str = "DE") -> Intensity:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Intensity), answer
    return answer


def series(answers: dict[str, Series | Unavailable], zone: str = "DE") -> Series:
    answer = answers[zone]
    assert isinstance(answer, Series), answer
    return answer


def refusal(answers: dict[str, Any], zone: str = "DE") -> str:
    answer = answers[zone]
    assert isinstance(answer, Unavailable), answer
    return answer.reason


def test_newest_measured_value_is_live_and_says_what_its_basis_rests_on(api: WebService, charts: Make) -> None:
    newest = value(charts())
    provenance = newest.provenance
    assert newest.g_per_kwh == 411  # 11:15
    assert provenance.observed_at == NOW - HOUR - QUARTER
    assert (provenance.signal, provenance.basis, provenance.kind) == (Signal.AVERAGE, Basis.LIFECYCLE, Kind.LIVE)
    assert provenance.detail == "its publisher states no basis; taken to be life cycle"


def test_question_names_the_country_and_times_in_utc(api: WebService, charts: Make) -> None:
    charts().latest(["DE"])
    (asked,) = api.asked
    assert asked.path == "/co2eq"
    assert asked.params == {"country": "de", "start": "2026-03-09T12:30Z", "end": "2026-03-10T12:30Z"}


def test_forecast_begins_where_measuring_ends(api: WebService, charts: Make) -> None:
    ahead = series(charts().forecast(["DE"], NOW, NOW + 6 * HOUR))
    assert api.asked[0].params == {"country": "de"}
    assert (ahead.start, ahead.end) == (NOW, NOW + 6 * HOUR)
    assert ahead.provenance.kind is Kind.FORECAST
    assert ahead.mean(NOW, NOW + HOUR) == 476.5  # 472, 473, 480 and 481
    assert "states no basis" in ahead.provenance.detail


def test_forecast_ends_where_it_ends(charts: Make) -> None:
    ahead = series(charts().forecast(["DE"], NOW, NOW + 40 * HOUR))
    assert ahead.end == MIDNIGHT + 24 * HOUR


def test_history_is_what_was_measured(api: WebService, charts: Make) -> None:
    past = series(charts().history(["DE"], NOW - timedelta(days=7), NOW))
    assert api.asked[0].params["start"] == "2026-03-03T12:30Z"
    assert (past.start, past.end) == (NOW - timedelta(days=7), MEASURED_UNTIL)
    assert past.mean(NOW - 3.5 * HOUR, NOW - 2.5 * HOUR) == 391.5  # hour 9: 390 to 393
    assert past.provenance.kind is Kind.HISTORY


def test_history_never_asks_for_more_than_ten_days(api: WebService, charts: Make) -> None:
    charts().history(["DE"], NOW - timedelta(days=60), NOW + HOUR)
    assert api.asked[0].params["start"] == "2026-02-28T12:30Z"
    assert api.asked[0].params["end"] == "2026-03-10T12:30Z"


def test_climatology_from_its_history(charts: Make) -> None:
    answer = series(Climatology(charts(), NOW).forecast(["DE"], NOW, NOW + 1.5 * HOUR))
    assert answer.g_per_kwh.tolist() == [421.5, 431.5]


def test_null_between_values_is_a_gap(api: WebService, charts: Make) -> None:
    gap = co2eq(NOW - 2 * HOUR, NOW)
    gap["co2eq"][1] = None
    api.scripts["co2eq"] = lambda asked: Reply(gap)
    past = series(charts().history(["DE"], NOW - 2 * HOUR, NOW))
    assert [str(g) for g in past.g_per_kwh] == ["402.0", "nan", "410.0", "411.0"]


def test_steps_are_those_of_the_answer(api: WebService, charts: Make) -> None:
    start = (NOW - 6 * HOUR).replace(minute=0)
    api.scripts["co2eq"] = lambda asked: Reply(co2eq(start, NOW, HOUR))
    newest = value(charts())
    past = series(charts().history(["DE"], NOW - 3 * HOUR, NOW - 2 * HOUR))
    assert newest.g_per_kwh == 410
    assert [past.start.hour, past.end.hour] == [9, 11]
    assert past.g_per_kwh.tolist() == [390, 400]


def test_old_value_is_stale(charts: Make) -> None:
    late = NOW + 5 * HOUR  # and measured was up to 11:30
    newest = value(charts(as_of=late))
    assert newest.provenance.flags == {Flag.STALE}
    assert newest.provenance.kind is Kind.LATEST


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ("SE-SE3", "Energy-Charts knows SE as a whole only, not SE-SE3"),
        ("IT-NO", "knows IT as a whole only"),
        ("DK-DK1", "knows DK as a whole only"),
        ("FR-COR", "knows FR as a whole only"),
        ("GB", "Energy-Charts does not cover GB"),
        ("RO", "does not cover RO"),
        ("US-CAL-CISO", "does not cover US-CAL-CISO"),
        ("de", "does not cover de"),
    ],
)
def test_zone_that_is_no_whole_country_is_refused_without_a_question(
    api: WebService, charts: Make, zone: str, reason: str
) -> None:
    source = charts()
    assert reason in source.uncovered(zone)
    for answers in (
        source.latest([zone]),
        source.history([zone], NOW - HOUR, NOW),
        source.forecast([zone], NOW, NOW + HOUR),
    ):
        assert refusal(answers, zone) == source.uncovered(zone)
    assert not api.asked


def test_all_countries_are_covered_and_asked_at_once(api: WebService, charts: Make) -> None:
    api.scripts["co2eq"] = lambda asked: Reply(believable(asked).body, delay_s=0.01)
    source = charts()
    assert not any(source.uncovered(zone) for zone in COUNTRIES)
    answers = source.latest([*sorted(COUNTRIES), "SE-SE3"])
    assert sum(isinstance(answer, Intensity) for answer in answers.values()) == 26
    assert sorted(asked.params["country"] for asked in api.asked) == sorted(zone.lower() for zone in COUNTRIES)
    assert api.most_in_flight > 6


def test_limit_on_requests_is_waited_out(api: WebService, charts: Make) -> None:
    lock, left = threading.Lock(), [2]

    def limited(asked: Asked) -> Reply:
        with lock:
            left[0] -= 1
            return believable(asked) if left[0] >= 0 else Reply({"detail": "Too many requests"}, 429, wait())

    def wait() -> dict[str, str]:
        threading.Timer(0.5, lambda: left.__setitem__(0, 9)).start()
        return {"Retry-After": "1"}

    api.scripts["co2eq"] = limited
    began = time.monotonic()
    answers = charts().latest(["DE", "FR", "PL"])
    assert all(isinstance(answer, Intensity) for answer in answers.values())
    assert time.monotonic() - began >= 1


def test_limit_beyond_the_time_allowed_is_said(api: WebService, charts: Make) -> None:
    api.scripts["co2eq"] = lambda asked: Reply({"detail": "Too many requests"}, 429, {"Retry-After": "60"})
    began = time.monotonic()
    reason = refusal(charts(total_timeout_s=50).latest(["DE"]))
    assert "too many requests (HTTP 429, to be tried again in 60 s): Too many requests" in reason
    assert time.monotonic() - began < 25  # it waited for nothing


HOURS = [int((NOW - n * HOUR).timestamp()) for n in (3, 2, 1)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"unix_seconds": HOURS, "co2eq": [1.0, 2.0]}, "3 times and 2 values"),
        ({"unix_seconds": HOURS, "co2eq": [1.0, -5, 2.0]}, "-5 g/kWh is negative"),
        ({"unix_seconds": HOURS, "co2eq": [1.0, 9999, 2.0]}, "more than any grid emits"),
        ({"unix_seconds": HOURS, "co2eq": [1.0, "2", 2.0]}, "'2' where a number should be"),
        ({"unix_seconds": HOURS, "co2eq": [1.0, True, 2.0]}, "'True' where a number should be"),
        ({"unix_seconds": HOURS, "co2eq": [1.0, 10**400, 2.0]}, "absurd number"),
        ({"unix_seconds": HOURS, "co2eq": [None] * 3}, "has no measured value for this time"),
        ({"unix_seconds": [HOURS[0], HOURS[0], HOURS[1]], "co2eq": [1.0, 2.0, 2.0]}, "two values for 2026-03-10"),
        ({"unix_seconds": [s * 1000 for s in HOURS], "co2eq": [1.0] * 3}, "where a time should be"),
        ({"unix_seconds": [None, *HOURS[1:]], "co2eq": [1.0] * 3}, "'None' where a time should be"),
        ({"unix_seconds": ["2026", *HOURS[1:]], "co2eq": [1.0] * 3}, "'2026' where a number should be"),
        ({"unix_seconds": [HOURS[0], HOURS[0] + 420], "co2eq": [1.0] * 2}, "not understood (7 minutes)"),
        ({"unix_seconds": [HOURS[0], HOURS[0] + 900, HOURS[0] + 2100], "co2eq": [1.0] * 3}, "not understood"),
        ({"unix_seconds": HOURS[:1], "co2eq": [1.0]}, "not understood"),
        ({"unix_seconds": [HOURS[2], HOURS[2] + 10800], "co2eq": [1.0, 2.0]}, "not understood (180 minutes)"),
        ({"unix_seconds": [s + 10800 for s in HOURS], "co2eq": [1.0] * 3}, "2.0 h ahead of now"),
        ({"unix_seconds": []}, "without a list of values ('unix_seconds')"),
        ({"unix_seconds": None}, "without a list of values ('unix_seconds')"),
        ({"co2eq": None}, "without a list of values ('co2eq')"),
        ({"co2eq": {"de": 1}}, "without a list of values ('co2eq')"),
        ({"unix_seconds": [0] * 10_001}, "10,001 values"),
    ],
)
def test_answer_that_cannot_be_believed(api: WebService, charts: Make, changes: dict[str, Any], reason: str) -> None:
    api.scripts["co2eq"] = lambda asked: Reply(co2eq(NOW - 6 * HOUR, NOW, **changes))
    assert reason in refusal(charts().latest(["DE"]))


def test_steps_off_the_quarter_hour_are_refused(api: WebService, charts: Make) -> None:
    api.scripts["co2eq"] = lambda asked: Reply(
        {"unix_seconds": [s + 60 for s in HOURS], "co2eq": [1.0] * 3, "co2eq_forecast": [1.0] * 3}
    )
    assert "not full hours" in refusal(charts().history(["DE"], NOW - 2 * HOUR, NOW))


@pytest.mark.parametrize(
    ("forecast", "reason"),
    [
        ([None] * 24, "has no forecast right now"),
        ([None] * 23, "24 times and 23 values"),
        (None, "without a list of values ('co2eq_forecast')"),
        ([1.0] * 20 + [None] * 4, "its forecast covers 2026-03-10T06:30:00Z to 2026-03-10T11:30:00Z"),
    ],
)
def test_forecast_that_cannot_be_believed(api: WebService, charts: Make, forecast: Any, reason: str) -> None:
    api.scripts["co2eq"] = lambda asked: Reply(co2eq(NOW - 6 * HOUR, NOW, co2eq_forecast=forecast))
    assert reason in refusal(charts().forecast(["DE"], NOW, NOW + HOUR))


BROKEN = {
    "html": (Reply(b"<html>Sign in</html>"), "is not JSON"),
    "nan": (Reply(b'{"unix_seconds": [1], "co2eq": [NaN]}'), "is not JSON"),
    "list": (Reply([1]), "not a JSON object"),
    "400": (Reply({"detail": "'xx' is not the code for an available country"}, 400), "HTTP 400): 'xx' is not the code"),
    "404": (Reply({"detail": "no data"}, 404), "HTTP 404"),
    "422": (Reply({"detail": [{"msg": "bad"}]}, 422), "HTTP 422"),
    "oversized": (Reply(b" " * 6_000_000), "larger than 5 MB"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_answer_becomes_a_reason(api: WebService, charts: Make, case: str) -> None:
    reply, reason = BROKEN[case]
    api.scripts["co2eq"] = lambda asked: reply
    assert reason in refusal(charts().latest(["DE"]))


def test_one_bad_country_does_not_spoil_the_others(api: WebService, charts: Make) -> None:
    api.scripts["co2eq"] = lambda asked: Reply({}, 404) if asked.params["country"] == "pl" else believable(asked)
    answers = charts().latest(["FR", "PL", "ES"])
    assert [type(answer) for answer in answers.values()] == [Intensity, Unavailable, Intensity]


def test_same_question_is_asked_once(api: WebService, charts: Make) -> None:
    source = charts()
    for _ in range(3):
        source.latest(["DE"])
        source.forecast(["DE"], NOW, NOW + HOUR)
        source.forecast(["DE"], NOW + HOUR, NOW + 6 * HOUR)
    assert len(api.asked) == 2


def test_kept_answers_are_cached_then_stand_in_then_end(api: WebService, charts: Make, cache: AnswerCache) -> None:
    value(charts(cache=cache))
    again = value(charts(cache=cache, as_of=NOW + timedelta(minutes=10)))
    assert len(api.asked) == 1
    assert again.provenance.flags == {Flag.CACHED}
    assert again.provenance.detail.startswith("fetched 10 min ago; its publisher states no basis")
    api.scripts["co2eq"] = lambda asked: Reply({}, 404 if asked.params["country"] == "de" else 500)
    assert "HTTP 404" in refusal(charts(cache=cache, as_of=NOW + HOUR).latest(["DE"]))  # it will not pass
    api.scripts["co2eq"] = lambda asked: Reply(b"<html>")
    stand_in = value(charts(cache=cache, as_of=NOW + 2 * HOUR))
    assert stand_in.provenance.flags == {Flag.CACHED, Flag.FALLBACK}
    assert "is not JSON" in refusal(charts(cache=cache, as_of=NOW + 6 * HOUR).latest(["DE"]))
