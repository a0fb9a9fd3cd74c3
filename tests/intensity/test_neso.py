"""NESO: Great Britain and its regions, measured or forecast, never confused. Against a local server."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live.neso.source import Neso

from .service import HOUR, NOW
from .web import Asked, Reply, WebService

HALF = timedelta(minutes=30)
FRAME = (("from", timedelta()), ("to", HALF))


def minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def entry(start: datetime, **intensity: Any) -> dict[str, Any]:
    """100 g/kWh and 10 more for each hour of the day were forecast, 3 less were measured."""
    expected = 100 + 10 * start.hour
    times = {name: minute(start + after) for name, after in FRAME}
    return {**times, "intensity": {"forecast": expected, "actual": expected - 3, "index": "low", **intensity}}


def steps(start: datetime, count: int, **intensity: Any) -> list[dict[str, Any]]:
    return [entry(start + number * HALF, **intensity) for number in range(count)]


class Api(WebService):
    """`now`, `past`, `ahead` and `region` are what is answered to each kind of question."""

    def __init__(self) -> None:
        super().__init__({})
        self.now: Any = {"data": [entry(NOW)]}
        self.past: Any = None
        self.ahead: Any = {"data": steps(NOW - HALF, 97, actual=None)}
        self.region: Any = {"data": {"regionid": 13, "shortname": "London", "data": steps(NOW - HALF, 97)}}
        self.status = 200
        self.headers: dict[str, str] = {}

    def answer(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if parts == ["intensity"]:
            body = self.now
        elif parts[0] == "regional":
            assert parts == ["regional", "intensity", minute(NOW), "fw48h", "regionid", "13"]
            body = self.region
        elif parts[2] == "fw48h":
            body = self.ahead
        else:
            first, last = (datetime.fromisoformat(part) for part in parts[1:])
            body = self.past or {"data": steps(first, int((last - first) / HALF))}
        return body if isinstance(body, Reply) else Reply(body, self.status, self.headers)


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    yield api
    api.close()


@pytest.fixture
def neso(api: Api) -> Callable[..., Neso]:
    return lambda **options: Neso(api.url, **{"as_of": NOW, **options})


Make = Callable[..., Neso]


def value(source: Neso) -> Intensity:
    answer = source.latest(["GB"])["GB"]
    assert isinstance(answer, Intensity), answer
    return answer


def series(answers: dict[str, Series | Unavailable]) -> Series:
    answer = answers["GB"]
    assert isinstance(answer, Series), answer
    return answer


def refusal(answers: dict[str, Any]) -> str:
    answer = answers["GB"]
    assert isinstance(answer, Unavailable), answer
    return answer.reason


def test_measured_half_hour_is_live(api: Api, neso: Make) -> None:
    newest = value(neso())
    assert newest.g_per_kwh == 217  # hour 12: 220 forecast, 217 measured
    provenance = newest.provenance
    assert (provenance.signal, provenance.basis, provenance.kind) == (Signal.AVERAGE, Basis.DIRECT, Kind.LIVE)
    assert provenance.observed_at == NOW
    assert [asked.path for asked in api.asked] == ["/intensity"]


def test_half_hour_that_is_not_measured_yet_is_an_estimate(api: Api, neso: Make) -> None:
    api.now = {"data": [entry(NOW, actual=None)]}
    newest = value(neso())
    assert newest.g_per_kwh == 220
    assert newest.provenance.kind is Kind.LATEST
    assert newest.provenance.flags == {Flag.ESTIMATED}


def test_old_value_is_stale(api: Api, neso: Make) -> None:
    api.now = {"data": [entry(NOW - 7 * HOUR)]}
    assert value(neso()).provenance.flags == {Flag.STALE}


def test_one_bad_step_of_a_history_is_a_gap_and_said(api: Api, neso: Make) -> None:
    week = steps(NOW - 7 * 24 * HOUR, 336)
    week[10]["intensity"]["actual"] = -4
    week[20]["intensity"]["actual"] = None
    week.insert(30, {**week[30], "intensity": {"forecast": 77, "actual": 77}})
    api.past = {"data": week}
    past = series(neso().history(["GB"], NOW - 7 * 24 * HOUR, NOW))
    assert [index for index, g in enumerate(past.g_per_kwh) if g != g] == [10, 20, 30]
    assert past.g_per_kwh[11] == entry(NOW - 7 * 24 * HOUR + 11 * HALF)["intensity"]["actual"]
    assert past.provenance.left_out == (
        "3 of 336 steps are gaps: 2 that can't be believed (2026-03-03T17:30:00Z: -4 g/kWh is negative), "
        "1 without a value"
    )
    expected = Climatology(neso(), NOW).forecast(["GB"], NOW, NOW + 24 * HOUR)
    assert series(expected).provenance.left_out == past.provenance.left_out


def test_many_bad_steps_are_no_answer(api: Api, neso: Make) -> None:
    api.ahead = {"data": [*steps(NOW, 8), *steps(NOW + 4 * HOUR, 1, forecast=-5)]}
    refused = refusal(neso().forecast(["GB"], NOW, NOW + 4 * HOUR))
    assert refused == "NESO: 1 of 9 values can't be believed; the first: -5 g/kWh is negative"


def test_forecast_of_48_hours(api: Api, neso: Make) -> None:
    ahead = series(neso().forecast(["GB"], NOW, NOW + 40 * HOUR))
    assert (ahead.start, ahead.end) == (NOW, NOW + 40 * HOUR)
    assert ahead.provenance.kind is Kind.FORECAST
    assert ahead.mean(NOW, NOW + HOUR) == 225  # half an hour of 220, half of 230
    assert [asked.path for asked in api.asked] == ["/intensity/2026-03-10T12:30Z/fw48h"]


def test_history_is_what_was_measured(api: Api, neso: Make) -> None:
    past = series(neso().history(["GB"], NOW - timedelta(days=1), NOW))
    assert past.provenance.kind is Kind.HISTORY
    assert (past.start, past.end) == (NOW - 24 * HOUR, NOW)
    assert past.mean(NOW - 2.5 * HOUR, NOW - 1.5 * HOUR) == 197  # hour 10: 200 were forecast
    assert [asked.path for asked in api.asked] == ["/intensity/2026-03-09T12:30Z/2026-03-10T12:30Z"]


def test_history_never_asks_for_more_than_fourteen_days(api: Api, neso: Make) -> None:
    neso().history(["GB"], NOW - timedelta(days=60), NOW)
    assert api.asked[0].path == "/intensity/2026-02-24T12:30Z/2026-03-10T12:30Z"


def test_what_was_not_measured_is_a_gap(api: Api, neso: Make) -> None:
    api.past = {"data": [entry(NOW - HOUR), entry(NOW - HALF, actual=None), entry(NOW)]}
    past = series(neso().history(["GB"], NOW - HOUR, NOW + HALF))
    assert [str(g) for g in past.g_per_kwh] == ["207.0", "nan", "217.0"]  # 11:30, 12:00, 12:30


def test_climatology_from_its_history(api: Api, neso: Make) -> None:
    answer = series(Climatology(neso(), NOW).forecast(["GB"], NOW, NOW + HOUR))
    assert answer.g_per_kwh.tolist() == [217, 227]


def test_region_is_forecast_only(api: Api, neso: Make) -> None:
    london = neso(region_id=13)
    newest = value(london)
    ahead = series(london.forecast(["GB"], NOW, NOW + 5 * HOUR))
    assert london.name == "neso:13"
    assert newest.g_per_kwh == 220
    assert newest.provenance.source == "NESO, London"
    assert newest.provenance.flags == {Flag.ESTIMATED}
    assert newest.provenance.observed_at == NOW
    assert ahead.mean(NOW, NOW + HALF) == 220
    assert len(api.asked) == 1  # one answer tells both
    assert "nothing measured" in refusal(london.history(["GB"], NOW - HOUR, NOW))


def test_region_whose_forecast_does_not_hold_now(api: Api, neso: Make) -> None:
    api.region = {"data": {"regionid": 13, "data": steps(NOW + HALF, 10)}}
    assert "every value is null" in refusal(neso(region_id=13).latest(["GB"]))


def test_there_is_no_eighteenth_region(neso: Make) -> None:
    with pytest.raises(ValueError, match="region 18: NESO numbers its regions from 1 to 17"):
        neso(region_id=18)


def test_other_zones_are_refused_without_a_question(api: Api, neso: Make) -> None:
    source = neso()
    for zone in ("FR", "GB-NIR", "GB-ORK", "gb"):
        assert source.uncovered(zone) == f"NESO covers GB, not {zone}"
    assert source.uncovered("GB") == ""
    for answers in (
        source.latest(["FR"]),
        source.history(["FR"], NOW - HOUR, NOW),
        source.forecast(["FR"], NOW, NOW + HOUR),
    ):
        assert isinstance(answers["FR"], Unavailable)
        assert answers["FR"].reason == "NESO covers GB, not FR"
    assert not api.asked


def test_covered_and_uncovered_zones_keep_their_order(neso: Make) -> None:
    answers = neso().latest(["FR", "GB", "DE"])
    assert [type(answer) for answer in answers.values()] == [Unavailable, Intensity, Unavailable]
    assert list(answers) == ["FR", "GB", "DE"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"intensity": {"forecast": None, "actual": None}}, "has no value right now"),
        ({"intensity": {"forecast": 200, "actual": -1}}, "-1 g/kWh is negative"),
        ({"intensity": {"forecast": 200, "actual": 4000}}, "more than any grid emits"),
        ({"intensity": {"forecast": 200, "actual": "217"}}, "'217' where a number should be"),
        ({"intensity": {"forecast": 200, "actual": 10**400}}, "absurd number"),
        ({"intensity": 217}, "'217' where an intensity should be"),
        ({"intensity": {"actual": 217}}, "where an intensity should be"),
        ({"intensity": None}, "'None' where an intensity should be"),
        ({"from": "2026-03-10T12:30"}, "has no time zone"),
        ({"from": "noon"}, "'noon' where a time should be"),
        ({"to": None}, "'None' where a time should be"),
        ({"to": "2026-03-10T13:30Z"}, "not a half hour"),
        ({"from": "2026-03-10T14:30Z", "to": "2026-03-10T15:00Z"}, "2.0 h ahead of now"),
    ],
)
def test_answer_that_cannot_be_believed(api: Api, neso: Make, changes: dict[str, Any], reason: str) -> None:
    api.now = {"data": [{**entry(NOW), **changes}]}
    assert reason in refusal(neso().latest(["GB"]))


BROKEN = {
    "html": (Reply(b"<html>Sign in</html>"), "is not JSON"),
    "nan": (Reply(b'{"data": [{"from": NaN}]}'), "is not JSON"),
    "list": (Reply([1]), "not a JSON object"),
    "no data": (Reply({}), "without a list of values ('data')"),
    "empty": (Reply({"data": []}), "without a list of values"),
    "too many": (Reply({"data": [entry(NOW)] * 10_001}), "10,001 values"),
    "not objects": (Reply({"data": [5]}), "'5' where a value should be"),
    "twice": (Reply({"data": [entry(NOW), entry(NOW, actual=5)]}), "two values for 2026-03-10T12:30:00Z"),
    "oversized": (Reply(b" " * 6_000_000), "larger than 5 MB"),
    "400": (
        Reply({"error": {"code": "400 Bad Request", "message": "Please enter a valid date"}}, 400),
        "HTTP 400): Please enter a valid date",
    ),
    "404": (Reply({}, 404), "HTTP 404"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_answer_becomes_a_reason(api: Api, neso: Make, case: str) -> None:
    api.now, reason = BROKEN[case]
    assert reason in refusal(neso().latest(["GB"]))


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        ({"regionid": 12, "data": steps(NOW, 4)}, "was asked about region 13 and answered about '12'"),
        ({"data": steps(NOW, 4)}, "answered about 'None'"),
        ({"regionid": 13, "data": None}, "without a list of values"),
        (steps(NOW, 4), "where a region should be"),
        ({"regionid": 13, "data": steps(NOW + 5 * HOUR, 4)}, "covers 2026-03-10T17:30:00Z to"),
    ],
)
def test_region_that_cannot_be_believed(api: Api, neso: Make, region: Any, reason: str) -> None:
    api.region = {"data": region}
    assert reason in refusal(neso(region_id=13).forecast(["GB"], NOW, NOW + HOUR))


def test_service_that_fails_for_a_moment_is_asked_again(api: Api, neso: Make) -> None:
    replies = [Reply({}, 503, {"Retry-After": "0"}), Reply({"data": [entry(NOW)]})]
    api.answer = lambda asked: replies.pop(0)  # type: ignore[method-assign]
    assert value(neso()).g_per_kwh == 217


def test_same_question_is_asked_once(api: Api, neso: Make) -> None:
    source = neso()
    for _ in range(3):
        source.latest(["GB"])
        source.forecast(["GB"], NOW, NOW + HOUR)
        source.forecast(["GB"], NOW + HOUR, NOW + 9 * HOUR)
    assert len(api.asked) == 2


def test_kept_answers_are_cached_then_stand_in_then_end(api: Api, neso: Make, cache: AnswerCache) -> None:
    value(neso(cache=cache))
    again = value(neso(cache=cache, as_of=NOW + timedelta(minutes=20)))
    assert len(api.asked) == 1
    assert again.provenance.kind is Kind.LATEST
    assert again.provenance.flags == {Flag.CACHED}
    api.now = Reply(b"<html>")
    stand_in = value(neso(cache=cache, as_of=NOW + 3 * HOUR))
    assert stand_in.provenance.flags == {Flag.CACHED, Flag.FALLBACK}
    assert "fetched 3.0 h ago, since now NESO: the answer is not JSON" in stand_in.provenance.detail
    assert "is not JSON" in refusal(neso(cache=cache, as_of=NOW + 6 * HOUR).latest(["GB"]))


def test_regions_are_kept_apart(api: Api, neso: Make, cache: AnswerCache) -> None:
    series(neso(cache=cache).forecast(["GB"], NOW, NOW + HOUR))
    series(neso(cache=cache, region_id=13).forecast(["GB"], NOW, NOW + HOUR))
    assert len(api.asked) == 2
