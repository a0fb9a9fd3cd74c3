"""The Carbon Aware SDK's WebApi: what is asked, what is believed, how it is labelled. Against a local server.

The server holds every request, and the answers that are meant to be right, to the WebApi's contract.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from greenai_infra.clock import format_time
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live.carbon_aware_sdk.source import CarbonAwareSdk

from .carbon_aware_service import CONTRACT, CarbonAwareService, emission, emissions, forecasts, point, problem
from .service import HOUR, NOW, hour_of
from .web import Asked, Reply

SWEDEN = "SE-SE3"
LOCATIONS = {SWEDEN: "swedencentral", "FR": "FranceCentral", "US-CAL-CISO": "westus", "XX": "nowhere"}

Make = Callable[..., CarbonAwareSdk]


@pytest.fixture
def service() -> Iterator[CarbonAwareService]:
    service = CarbonAwareService()
    yield service
    service.close()
    assert service.problems == []


@pytest.fixture
def sdk(service: CarbonAwareService) -> Make:
    """A source that asks the local server, as of NOW."""

    def make(**options: Any) -> CarbonAwareSdk:
        stated = {"locations": LOCATIONS, "signal": Signal.AVERAGE, "basis": Basis.LIFECYCLE, "as_of": NOW}
        return CarbonAwareSdk(service.url, **{**stated, **options})

    return make


def value(source: CarbonAwareSdk, zone: str = SWEDEN) -> Intensity:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Intensity), answer
    return answer


def refusal(source: CarbonAwareSdk, zone: str = SWEDEN) -> str:
    answer = source.latest([zone])[zone]
    assert isinstance(answer, Unavailable), answer
    return answer.reason


def ahead(source: CarbonAwareSdk, hours: float = 6, zone: str = SWEDEN) -> Series | Unavailable:
    return source.forecast([zone], NOW, NOW + hours * HOUR)[zone]


def found(*entries: dict[str, Any]) -> Callable[[Asked], Reply]:
    return lambda asked: Reply(list(entries))


def test_newest_value_is_labelled_as_stated_and_never_live(sdk: Make) -> None:
    newest = value(sdk())
    said = newest.provenance
    assert newest.g_per_kwh == 220  # hour 12
    assert (said.signal, said.basis) == (Signal.AVERAGE, Basis.LIFECYCLE)
    assert said.observed_at == hour_of(NOW)
    assert (said.kind, said.flags) == (Kind.LATEST, frozenset())
    assert said.detail == "its WebApi does not say whether it is measured or estimated"
    assert value(sdk(signal=Signal.MARGINAL, basis=Basis.DIRECT)).provenance.signal is Signal.MARGINAL


def test_each_location_is_a_question_of_its_own(service: CarbonAwareService, sdk: Make) -> None:
    answers = sdk().latest([SWEDEN, "XX", "FR"])
    assert [type(answer) for answer in answers.values()] == [Intensity, Unavailable, Intensity]
    assert {asked.params["location"] for asked in service.asked} == {"swedencentral", "nowhere", "FranceCentral"}
    for asked in service.asked:
        assert asked.path == "/emissions/bylocations"
        assert asked.params["time"] == "2026-03-10T00:00:00Z"
        assert asked.params["toTime"] == "2026-03-10T12:30:00Z"


def test_unknown_location(sdk: Make) -> None:
    assert refusal(sdk(), "XX") == (
        "Carbon Aware SDK: it did not understand the question about 'nowhere', which may be no location of its own; "
        "the question was not understood (HTTP 400): Unknown Location: 'nowhere' not found"
    )


def test_zone_without_a_location(service: CarbonAwareService, sdk: Make) -> None:
    source = sdk(locations={SWEDEN: "swedencentral", "FR": "  "})
    for zone in ("FR", "DE"):
        reason = f"no location of the Carbon Aware SDK is set for {zone}: add it to locations of [carbon-aware-sdk]"
        assert reason in source.uncovered(zone)
        assert reason in refusal(source, zone)
    assert not source.uncovered(SWEDEN)
    assert not service.asked


def test_zones_of_one_location_share_a_question(service: CarbonAwareService, sdk: Make) -> None:
    answers = sdk(locations={"IN-WE": "westus", "IN-SO": "westus"}).latest(["IN-WE", "IN-SO"])
    assert [answer.zone for answer in answers.values()] == ["IN-WE", "IN-SO"]
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("zone", "location", "answered"),
    [
        (SWEDEN, "swedencentral", "SwedenCentral"),
        (SWEDEN, "swedencentral", "SE-SE3"),  # Electricity Maps' name of the zone
        ("US-CAL-CISO", "westus", "CAISO_NORTH"),  # WattTime's
        ("US-MIDA-PJM", "northcentralus", "PJM_DC"),
        ("US-MIDA-PJM", "northcentralus/PJM_CHICAGO", "PJM_CHICAGO"),
        ("US-MIDA-PJM", "northcentralus / PJM_CHICAGO", "northcentralus"),
    ],
)
def test_place_may_be_answered_under_its_other_names(
    service: CarbonAwareService, sdk: Make, zone: str, location: str, answered: str
) -> None:
    service.scripts["bylocations"] = lambda asked: emissions(asked, location=answered)
    assert value(sdk(locations={zone: location}), zone).g_per_kwh == 220
    assert service.asked[0].params["location"] == location.partition("/")[0].strip()


def test_another_place_is_refused_with_what_to_write(service: CarbonAwareService, sdk: Make) -> None:
    service.scripts["bylocations"] = lambda asked: emissions(asked, location="PJM_CHICAGO")
    assert refusal(sdk(locations={SWEDEN: "northcentralus/PJM"})) == (
        "Carbon Aware SDK: was asked about northcentralus and answered about 'PJM_CHICAGO'; if that is its name for "
        "the same place, set the location to 'northcentralus/PJM_CHICAGO'"
    )


def test_one_entry_about_another_place_spoils_the_answer(service: CarbonAwareService, sdk: Make) -> None:
    service.scripts["bylocations"] = found(emission("swedencentral", hour_of(NOW)), emission("eastus", hour_of(NOW)))
    assert "answered about 'eastus'" in refusal(sdk())


def test_recent_history_is_the_same_question_as_the_newest_value(service: CarbonAwareService, sdk: Make) -> None:
    source = sdk()
    value(source)
    past = source.history([SWEDEN], NOW - 10 * HOUR, NOW)[SWEDEN]
    assert isinstance(past, Series)
    assert len(service.asked) == 1
    assert (past.start, past.end) == (hour_of(NOW) - 10 * HOUR, hour_of(NOW) + HOUR)
    assert past.g_per_kwh.tolist() == [120, 130, 140, 150, 160, 170, 180, 190, 200, 210, 220]
    assert past.provenance.kind is Kind.HISTORY


def test_history_of_a_week_and_of_more_than_one_question_may_cover(service: CarbonAwareService, sdk: Make) -> None:
    source = sdk()
    week = source.history([SWEDEN], NOW - timedelta(days=7), NOW)[SWEDEN]
    assert isinstance(week, Series)
    assert week.start == hour_of(NOW) - timedelta(days=7)
    source.history([SWEDEN], NOW - timedelta(days=40), NOW)
    source.history([SWEDEN], NOW - timedelta(days=40), NOW - timedelta(days=20))
    assert [(asked.params["time"], asked.params["toTime"]) for asked in service.asked] == [
        ("2026-03-03T12:00:00Z", "2026-03-10T12:30:00Z"),
        ("2026-02-28T13:00:00Z", "2026-03-10T12:30:00Z"),
        ("2026-02-08T13:00:00Z", "2026-02-18T13:00:00Z"),
    ]


def test_climatology_from_its_history(sdk: Make) -> None:
    answer = Climatology(sdk(), NOW).forecast([SWEDEN], NOW, NOW + 2 * HOUR)[SWEDEN]
    assert isinstance(answer, Series)
    assert answer.g_per_kwh.tolist() == [220, 230, 240]


def test_whole_forecast_is_asked_for_without_window(service: CarbonAwareService, sdk: Make) -> None:
    answer = ahead(sdk(), 6)
    assert isinstance(answer, Series)
    (asked,) = service.asked
    assert asked.path == "/emissions/forecasts/current"
    assert asked.params == {"location": "swedencentral"}
    assert answer.g_per_kwh.tolist() == [220, 230, 240, 250, 260, 270, 280]
    assert answer.provenance.kind is Kind.FORECAST
    assert answer.provenance.observed_at == NOW - timedelta(minutes=4)


@pytest.mark.parametrize(
    ("duration", "step_s"), [("00:05:00", 300), ("00:15:00", 900), (30, 1800), ("0.01:00:00", 3600)]
)
def test_steps_of_every_known_length(service: CarbonAwareService, sdk: Make, duration: str | int, step_s: int) -> None:
    points = [
        point("swedencentral", hour_of(NOW) + timedelta(seconds=number * step_s), duration=duration)
        for number in range(100)
    ]
    service.scripts["current"] = lambda asked: forecasts(asked, forecastData=points)
    answer = ahead(sdk(), 2)
    assert isinstance(answer, Series)
    assert answer.edges_s[1] - answer.edges_s[0] == step_s
    assert answer.end >= NOW + 2 * HOUR


def test_forecast_of_an_older_version(service: CarbonAwareService, sdk: Make) -> None:
    def older(asked: Asked) -> Reply:
        reply = forecasts(asked)
        reply.body[0]["optimalDataPoint"] = reply.body[0].pop("optimalDataPoints")[0]
        return reply

    service.scripts["current"] = older
    assert isinstance(ahead(sdk()), Series)


def test_forecast_whose_points_name_the_region_of_the_data_source(service: CarbonAwareService, sdk: Make) -> None:
    points = [point(place, hour_of(NOW) + number * HOUR) for number, place in enumerate(["CAISO_NORTH", "", "westus"])]
    service.scripts["current"] = lambda asked: forecasts(asked, forecastData=points)
    answer = ahead(sdk(), 2, "US-CAL-CISO")
    assert isinstance(answer, Series)


@pytest.mark.parametrize(
    ("generated_at", "flags"),
    [(format_time(NOW - 7 * HOUR), {Flag.STALE}), ("0001-01-01T00:00:00+00:00", set()), (None, set())],
)
def test_age_of_a_forecast(service: CarbonAwareService, sdk: Make, generated_at: str | None, flags: set[Flag]) -> None:
    service.scripts["current"] = lambda asked: forecasts(asked, generatedAt=generated_at)
    answer = ahead(sdk(), zone="US-CAL-CISO")
    assert isinstance(answer, Series)
    assert answer.provenance.flags == flags


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            problem(400, "ArgumentException", "ForecastDataSource is not configured"),
            "its data source has no forecasts; name another as ForecastDataSource in its configuration",
        ),
        (problem(501, "NotImplementedException", "JSON has none"), "its data source has no forecasts"),
        (problem(500, "InternalServerError", ""), "the service failed (HTTP 500): InternalServerError"),
        (Reply(b"", 204), "there is no data for this question (HTTP 204)"),
        (Reply([]), "without a list of values ('forecasts')"),
        (Reply({}), "not a JSON array"),
    ],
)
def test_forecast_that_there_is_none_of(service: CarbonAwareService, sdk: Make, reply: Reply, reason: str) -> None:
    service.scripts["current"] = lambda asked: reply
    source = sdk()
    answer = ahead(source)
    assert isinstance(answer, Unavailable)
    assert reason in answer.reason
    assert value(source).g_per_kwh == 220


POINT = point("swedencentral", hour_of(NOW))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"location": "eastus"}, "was asked about swedencentral and answered about 'eastus'"),
        ({"location": ""}, "answered about ''"),
        ({"generatedAt": format_time(NOW + 3 * HOUR)}, "3.0 h ahead of now"),
        ({"generatedAt": "today"}, "'today' where a time should be"),
        ({"forecastData": None}, "without a list of values ('forecastData')"),
        ({"forecastData": []}, "without a list of values ('forecastData')"),
        ({"forecastData": [3]}, "'3' where a value should be"),
        ({"forecastData": [{**POINT, "location": "eastus"}]}, "answered about 'eastus'"),
        ({"forecastData": [{**POINT, "duration": 0}]}, "steps of 0 minutes"),
        ({"forecastData": [{**POINT, "duration": 480}]}, "steps of 480 minutes, which are not understood"),
        ({"forecastData": [{**POINT, "duration": "an hour"}]}, "'an hour' where a duration should be"),
        ({"forecastData": [{**POINT, "duration": None}]}, "does not say how long a value holds"),
        ({"forecastData": [POINT, {**POINT, "duration": 5}]}, "steps of 5 and 60 minutes side by side"),
        ({"forecastData": [{**POINT, "value": None}]}, "every value is null"),
        ({"forecastData": [{**POINT, "value": -1}]}, "is negative"),
        ({"forecastData": [{**POINT, "timestamp": "2026-03-10T12:07:00Z"}]}, "its times are not full hours"),
        ({"forecastData": [POINT, {**POINT, "value": 1}]}, "two values for 2026-03-10T12:00:00Z"),
        ({"forecastData": [{**POINT, "timestamp": format_time(NOW + 9 * HOUR)}]}, "its times are not full hours"),
        ({"forecastData": [{**POINT, "timestamp": format_time(hour_of(NOW) + 9 * HOUR)}]}, "covers 2026-03-10T21"),
    ],
)
def test_forecast_that_cannot_be_believed(
    service: CarbonAwareService, sdk: Make, changes: dict[str, Any], reason: str
) -> None:
    service.scripts["current"] = lambda asked: forecasts(asked, **changes)
    answer = ahead(sdk())
    assert isinstance(answer, Unavailable)
    assert reason in answer.reason


def test_forecasts_of_more_places_than_were_asked_for(service: CarbonAwareService, sdk: Make) -> None:
    service.scripts["current"] = lambda asked: Reply(forecasts(asked).body * 2)
    answer = ahead(sdk())
    assert isinstance(answer, Unavailable)
    assert "the forecast of one place and answered with 2" in answer.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"location": None}, "answered about 'None'"),
        ({"rating": "220"}, "'220' where a number should be"),
        ({"rating": True}, "'True' where a number should be"),
        ({"rating": None}, "every value is null"),
        ({"rating": -3.5}, "-3.5 g/kWh is negative"),
        ({"rating": 99999}, "more than any grid emits"),
        ({"rating": 10**400}, "absurd number"),
        ({"duration": "00:00:00"}, "steps of 0 minutes"),
        ({"duration": "08:00:00"}, "steps of 480 minutes, which are not understood"),
        ({"duration": "1.00:00:00"}, "steps of 1440 minutes"),
        ({"duration": "00:05:00.5"}, "where a duration should be"),
        ({"time": "2026-03-10T12:00:00"}, "has no time zone"),
        ({"time": None}, "'None' where a time should be"),
        ({"time": "0001-01-01T00:00:00+00:00"}, "where a time should be"),
        ({"time": format_time(NOW + 5 * HOUR)}, "5.0 h ahead of now"),
    ],
)
def test_value_that_cannot_be_believed(
    service: CarbonAwareService, sdk: Make, changes: dict[str, Any], reason: str
) -> None:
    service.scripts["bylocations"] = found({**emission("swedencentral", hour_of(NOW)), **changes})
    assert reason in refusal(sdk())


BODIES = {
    "html": (Reply(b"<html>Sign in to the proxy</html>"), "is not JSON"),
    "nan": (Reply(b'[{"rating": NaN}]'), "is not JSON"),
    "object": (Reply({"value": 1}), "not a JSON array"),
    "empty": (Reply([]), "without a list of values ('emissions')"),
    "contract of another field": (Reply([{"location": "swedencentral", "timestamp": "x", "value": 1}]), "where a time"),
    "204": (Reply(b"", 204), "there is no data for this question (HTTP 204)"),
    "oversized": (Reply([emission("swedencentral", hour_of(NOW))] * 10_001), "answered with 10,001 values"),
    "broken off": (Reply(b"[]", announced=900), "broke off"),
    "302": (Reply(b"", 302, {"Location": "http://127.0.0.1:9/"}), "HTTP 302"),
}


@pytest.mark.parametrize("case", BODIES)
def test_broken_answer_becomes_a_reason(service: CarbonAwareService, sdk: Make, case: str) -> None:
    answer, reason = BODIES[case]
    service.scripts["bylocations"] = lambda asked: answer
    assert reason in refusal(sdk())


def test_value_of_yesterday_is_stale(service: CarbonAwareService, sdk: Make) -> None:
    service.scripts["bylocations"] = found(emission("swedencentral", hour_of(NOW) - 7 * HOUR))
    said = value(sdk()).provenance
    assert said.kind is Kind.LATEST
    assert said.flags == {Flag.STALE}


def test_times_as_dotnet_writes_them(service: CarbonAwareService, sdk: Make) -> None:
    entry = emission("swedencentral", hour_of(NOW), time="2026-03-10T06:00:00.0000000-06:00")
    service.scripts["bylocations"] = found(entry)
    assert value(sdk()).provenance.observed_at == hour_of(NOW)


def test_all_locations_are_asked_at_once(service: CarbonAwareService, sdk: Make) -> None:
    together = threading.Barrier(60, timeout=60)

    def all_or_none(asked: Asked) -> Reply:
        together.wait()  # answers nothing before all sixty have asked
        return Reply([emission(asked.params["location"], hour_of(NOW))])

    service.scripts["bylocations"] = all_or_none
    zones = [f"Z-{number}" for number in range(60)]
    answers = sdk(locations={zone: f"place{zone}" for zone in zones}).latest(zones)
    assert all(isinstance(answer, Intensity) for answer in answers.values())


def test_valid_answer_is_reused(service: CarbonAwareService, sdk: Make, cache: AnswerCache) -> None:
    value(sdk(cache=cache))
    again = value(sdk(cache=cache, as_of=NOW + timedelta(minutes=20)))
    assert len(service.asked) == 1
    assert again.provenance.flags == {Flag.CACHED}
    assert again.provenance.detail.startswith("fetched 20 min ago; ")


def test_answers_are_kept_by_location_signal_and_basis(
    service: CarbonAwareService, sdk: Make, cache: AnswerCache
) -> None:
    value(sdk(cache=cache))
    value(sdk(cache=cache, locations={SWEDEN: "francecentral"}))
    value(sdk(cache=cache, signal=Signal.MARGINAL))
    value(sdk(cache=cache, basis=Basis.DIRECT))
    assert [asked.params["location"] for asked in service.asked] == [
        "swedencentral", "francecentral", "swedencentral", "swedencentral",
    ]  # fmt: skip


def test_own_answer_stands_in_for_a_failing_service(service: CarbonAwareService, sdk: Make, cache: AnswerCache) -> None:
    value(sdk(cache=cache))
    service.scripts["bylocations"] = lambda asked: Reply(b"<html>")
    stand_in = value(sdk(cache=cache, as_of=NOW + 5 * HOUR))
    assert stand_in.provenance.flags == {Flag.CACHED, Flag.FALLBACK}
    assert "since now Carbon Aware SDK: the answer is not JSON" in stand_in.provenance.detail
    assert "is not JSON" in refusal(sdk(cache=cache, as_of=NOW + 6 * HOUR))


def test_cached_answer_imports_no_web_client(service: CarbonAwareService, sdk: Make, cache: AnswerCache) -> None:
    value(sdk(cache=cache))
    program = f"""
import sys
from pathlib import Path
from greenai_infra.clock import parse_time
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.live.carbon_aware_sdk.source import CarbonAwareSdk
from greenai_infra.intensity.model.values import Basis, Signal
source = CarbonAwareSdk({service.url!r}, locations={LOCATIONS!r}, signal=Signal.AVERAGE, basis=Basis.LIFECYCLE,
                        as_of=parse_time("2026-03-10T12:31:00Z"), cache=AnswerCache(Path({str(cache.directory)!r})))
print(source.latest([{SWEDEN!r}])[{SWEDEN!r}].g_per_kwh, "urllib3" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["220.0", "False"]


def test_contract_has_the_fields_that_are_read() -> None:
    assert {"location", "time", "rating", "duration"} <= CONTRACT.properties("EmissionsData")
    assert {"location", "generatedAt", "forecastData"} <= CONTRACT.properties("EmissionsForecastDTO")
    assert {"location", "timestamp", "value", "duration"} <= CONTRACT.properties("EmissionsDataDTO")


@pytest.mark.parametrize(
    ("path", "pairs", "problem_words"),
    [
        ("/emissions/bylocation", [("location", "a"), ("location", "b")], "given 2 times"),
        ("/emissions/bylocations", [("locations", "a")], "locations is not a parameter"),
        ("/emissions/bylocations", [("location", "a"), ("time", "2026-03-10T12:00:00")], "is not a 'date-time'"),
        ("/emissions/forecasts/current", [("location", "a"), ("windowSize", "ten")], "is not of type 'integer'"),
        ("/emissions/elsewhere", [], "is not in the contract"),
    ],
)
def test_contract_notices_what_is_wrong(path: str, pairs: list[tuple[str, str]], problem_words: str) -> None:
    assert problem_words in " ".join(CONTRACT.request_problems(Asked("", dict(pairs), {}, path, pairs)))
