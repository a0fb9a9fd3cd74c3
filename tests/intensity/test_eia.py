"""EIA: from generation by fuel to an intensity, hour by hour, worked out by hand. Against a local server."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from greenai_infra.catalog.fuels import eia_respondents, fuel_factors
from greenai_infra.intensity.model.fuel_mix import intensity_g_per_kwh, usual
from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.live.eia import answers as eia_answers
from greenai_infra.intensity.sources.live.eia.source import Eia

from .service import HOUR, NOW, hour_of
from .web import Asked, Reply, WebService

ZONE = "US-CAL-CISO"
KEY = "eia+key/0123456789"  # with letters that an address escapes
FACTORS = {"gas": 500.0, "solar": 40.0, "coal": 1000.0}
GENERATION = {"NG": 6000, "SUN": 2000, "NUC": 2000}
DIRECT, LIFECYCLE = 261.0, 345.0
"""GENERATION by hand: 0.6 x 435 + 0 + 0 direct; 0.6 x 555 + 0.2 x 48 + 0.2 x 12 = 333 + 9.6 + 2.4 life cycle."""

Mix = dict[str, Any]


def row(end: datetime, code: str, mwh: object, **changes: Any) -> dict[str, Any]:
    return {
        "period": end.strftime("%Y-%m-%dT%H"),
        "respondent": "CISO",
        "respondent-name": "California Independent System Operator",
        "fueltype": code,
        "type-name": code,
        "value": mwh,
        "value-units": "megawatthours",
        **changes,
    }


def answer(rows: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    response = {"total": str(len(rows)), "dateFormat": 'YYYY-MM-DD"T"HH24', "frequency": "hourly", "data": rows}
    return {"response": {**response, **changes}, "request": {}, "apiVersion": "2.1.8"}


def respondents_in(asked: Asked) -> list[str]:
    return [value for key, value in asked.pairs if key == "facets[respondent][]"]


class Api(WebService):
    """Answers with `mix` for every hour asked for, that of `special` for an hour END, of `own` for a respondent."""

    def __init__(self) -> None:
        super().__init__({}, prefix="/v2")
        self.mix: Mix = {code: str(mwh) for code, mwh in GENERATION.items()}
        self.special: dict[datetime, Mix] = {}
        self.own: dict[str, Mix] = {}
        self.reply: Callable[[Asked], Reply] | None = None

    def answer(self, asked: Asked) -> Reply:
        return self.reply(asked) if self.reply else self.page(asked)

    def page(self, asked: Asked) -> Reply:
        assert asked.path == "/v2/electricity/rto/fuel-type-data/data/"
        assert asked.params["api_key"] == KEY
        rows = self.rows(asked)
        offset, length = int(asked.params.get("offset", "0")), int(asked.params["length"])
        return Reply(answer(rows[offset : offset + length], total=str(len(rows))))

    def rows(self, asked: Asked) -> list[dict[str, Any]]:
        start, end = (datetime.fromisoformat(f"{asked.params[key]}:00Z") for key in ("start", "end"))
        ends = [start + number * HOUR for number in range(int((end - start) / HOUR) + 1)]
        return [
            row(end, code, mwh, respondent=respondent)
            for respondent in respondents_in(asked)
            for end in ends
            for code, mwh in (self.own.get(respondent) or self.special.get(end, self.mix)).items()
        ]


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    yield api
    api.close()


@pytest.fixture
def eia(api: Api) -> Callable[..., Eia]:
    return lambda **options: Eia(Access(api.url, KEY), **{"as_of": NOW, "basis": Basis.DIRECT, **options})


Make = Callable[..., Eia]
LAST = hour_of(NOW)  # 12:00, the end of the newest hour that is over


def value(source: Eia, zone: str = ZONE) -> Intensity:
    found = source.latest([zone])[zone]
    assert isinstance(found, Intensity), found
    return found


def series(answers: dict[str, Series | Unavailable]) -> Series:
    found = answers[ZONE]
    assert isinstance(found, Series), found
    return found


def refusal(answers: dict[str, Any], zone: str = ZONE) -> str:
    found = answers[zone]
    assert isinstance(found, Unavailable), found
    assert KEY not in found.reason
    return found.reason


@pytest.mark.parametrize(("basis", "g_per_kwh"), [(Basis.DIRECT, DIRECT), (Basis.LIFECYCLE, LIFECYCLE)])
def test_intensity_is_that_of_the_mix(eia: Make, basis: Basis, g_per_kwh: float) -> None:
    newest = value(eia(basis=basis))
    provenance = newest.provenance
    assert newest.g_per_kwh == pytest.approx(g_per_kwh)
    assert (provenance.signal, provenance.basis, provenance.kind) == (Signal.AVERAGE, basis, Kind.LIVE)
    assert provenance.source == "EIA generation x fuel factors"
    assert provenance.detail == "imports and storage left out, small negative output as zero"


def test_period_is_the_end_of_its_hour(api: Api, eia: Make) -> None:
    api.special[LAST] = {**GENERATION, "NG": 1000}  # 0.2 x 435 = 87
    source = eia()
    newest = value(source)
    past = series(source.history([ZONE], NOW - 3 * HOUR, NOW))
    assert newest.provenance.observed_at == LAST - HOUR  # the period 12:00 is 11:00 to 12:00
    assert newest.g_per_kwh == pytest.approx(87)
    assert past.mean(LAST - HOUR, LAST) == pytest.approx(87)
    assert past.mean(LAST - 2 * HOUR, LAST - HOUR) == pytest.approx(DIRECT)


def test_question_names_respondent_and_hours(api: Api, eia: Make) -> None:
    eia().latest([ZONE])
    (asked,) = api.asked
    assert asked.params == {
        "api_key": KEY,
        "frequency": "hourly",
        "data[0]": "value",
        "facets[respondent][]": "CISO",
        "start": "2026-03-09T07",  # 30 hours: the first ends at 07:00
        "end": "2026-03-10T12",
        "length": "5000",
    }


def test_question_whose_answer_may_go_on_names_order_and_page(api: Api, eia: Make) -> None:
    eia().history([ZONE], NOW - timedelta(days=30), NOW)
    (asked,) = api.asked
    order = {key: asked.params[key] for key in asked.params if key.startswith(("sort", "offset"))}
    assert order == {
        "sort[0][column]": "period",
        "sort[0][direction]": "asc",
        "sort[1][column]": "fueltype",
        "sort[1][direction]": "asc",
        "offset": "0",
    }


def test_zones_are_asked_by_their_respondents(api: Api, eia: Make) -> None:
    zones = ["US-NW-BPAT", "US-MIDA-PJM", "US-TEX-ERCO", "US-CAR-SCEG"]
    answers = eia().latest(zones)
    assert all(isinstance(found, Intensity) for found in answers.values())
    asked = {asked.params["facets[respondent][]"] for asked in api.asked}
    assert asked == {"BPAT", "PJM", "ERCO", "SCEG"}


@pytest.mark.parametrize("zone", ["US-HI", "US-AK", "US", "CA-ON", "DE"])
def test_zone_without_balancing_authority_is_refused_without_a_question(api: Api, eia: Make, zone: str) -> None:
    source = eia()
    assert source.uncovered(zone) == f"EIA has no balancing authority for {zone}"
    for answers in (
        source.latest([zone]),
        source.history([zone], NOW - HOUR, NOW),
        source.forecast([zone], NOW, NOW + HOUR),
    ):
        assert refusal(answers, zone) == source.uncovered(zone)
    assert not api.asked


def test_there_is_no_forecast_but_a_climatology(api: Api, eia: Make) -> None:
    source = eia()
    assert refusal(source.forecast([ZONE], NOW, NOW + HOUR)) == "EIA forecasts no generation by fuel"
    assert not api.asked
    by_hour = series(Climatology(source, NOW).forecast([ZONE], NOW, NOW + HOUR))
    assert by_hour.g_per_kwh.tolist() == [pytest.approx(DIRECT)] * 2


def test_history_of_a_week_and_of_more_than_a_month(api: Api, eia: Make) -> None:
    past = series(eia().history([ZONE], NOW - timedelta(days=7), NOW))
    assert (past.start, past.end) == (LAST - 168 * HOUR, LAST)
    eia().history([ZONE], NOW - timedelta(days=90), NOW)
    assert api.asked[0].params["start"] == "2026-03-03T13"
    assert api.asked[1].params["start"] == "2026-02-08T13"


def test_pages_are_put_together(api: Api, eia: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenai_infra.intensity.sources.live.eia.source.PAGE_ROWS", 40)
    monkeypatch.setattr(eia_answers, "PAGE_ROWS", 40)
    past = series(eia().history([ZONE], NOW - 20 * HOUR, NOW))
    assert sorted(asked.params["offset"] for asked in api.asked) == ["0", "40", "80"]  # 90 rows
    assert past.g_per_kwh.tolist() == [pytest.approx(DIRECT)] * 20


def test_page_that_fails_fails_the_zone(api: Api, eia: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenai_infra.intensity.sources.live.eia.source.PAGE_ROWS", 40)
    monkeypatch.setattr(eia_answers, "PAGE_ROWS", 40)
    api.reply = lambda asked: Reply({}, 404) if asked.params["offset"] == "40" else api.page(asked)
    assert "HTTP 404" in refusal(eia().history([ZONE], NOW - 20 * HOUR, NOW))


def test_all_pages_share_the_time_of_one_question(api: Api, eia: Make) -> None:
    api.reply = lambda asked: Reply(answer([row(LAST, "NG", 1)], total="9000"), delay_s=0.4)
    # With a time of its own each page would come in time.
    assert "no complete answer" in refusal(eia(total_timeout_s=0.5).latest([ZONE]))


def test_too_many_rows_are_refused_not_cut(api: Api, eia: Make) -> None:
    api.reply = lambda asked: Reply(answer([row(LAST, "NG", 1)], total="90000"))
    assert "answered with 4 of 90,000 rows" in refusal(eia().latest([ZONE]))


def test_hour_that_lacks_a_usual_fuel_does_not_count(api: Api, eia: Make) -> None:
    without_gas = {"SUN": "2000", "NUC": "2000"}
    api.special = {LAST: without_gas, LAST - HOUR: {**without_gas, "NG": None}}
    newest = value(eia())
    assert newest.g_per_kwh == pytest.approx(DIRECT)
    assert newest.provenance.observed_at == LAST - 3 * HOUR
    past = series(eia().history([ZONE], LAST - 4 * HOUR, LAST))
    assert [str(round(g)) if g == g else "gap" for g in past.g_per_kwh] == ["261", "261", "gap", "gap"]


def test_fuel_without_a_value_in_any_hour_is_not_taken_for_none(api: Api, eia: Make) -> None:
    api.mix = {**GENERATION, "NG": None}
    assert "lists NG without a value in any hour" in refusal(eia().latest([ZONE]))


def test_hour_that_is_not_over_does_not_count(api: Api, eia: Make) -> None:
    rows = [row(LAST + n * HOUR, code, mwh) for n in (0, 1) for code, mwh in GENERATION.items()]
    api.reply = lambda asked: Reply(answer(rows))
    assert value(eia()).provenance.observed_at == LAST - HOUR


def test_authority_that_reports_a_day_late_is_stale(api: Api, eia: Make) -> None:
    api.reply = lambda asked: Reply(answer([row(LAST - 24 * HOUR, code, mwh) for code, mwh in GENERATION.items()]))
    newest = value(eia())
    assert newest.provenance.flags == {Flag.STALE}
    assert newest.provenance.kind is Kind.LATEST


@pytest.mark.parametrize(
    ("more", "g_per_kwh"),
    [
        ({"BAT": 3000, "PS": 500, "OES": 1, "UES": 7}, DIRECT),  # discharge: counted when it was generated
        ({"BAT": -9000, "PS": "-500", "UES": -7}, DIRECT),  # charge
        ({"SNB": 2000, "WNB": 2000, "WND": 2000, "SUN": 0, "GEO": 0}, 186.428571),  # 6000 x 435 / 14000
        ({"WAT": -300}, DIRECT),  # up to 5 % of 10,000
        ({"OTH": 1000, "UNK": 500}, 301.956522),  # (6000 x 435 + 1500 x 575) / 11500
        ({"COL": 0, "OIL": 40}, 264.262948),  # (6000 x 435 + 40 x 1080) / 10040
        ({"XYZ": 0, "ABC": None}, DIRECT),  # a code that is not known, without generation
    ],
)
def test_which_fuels_count(api: Api, eia: Make, more: Mix, g_per_kwh: float) -> None:
    api.mix = {**GENERATION, **more}
    newest = value(eia())
    assert newest.g_per_kwh == pytest.approx(g_per_kwh)
    assert newest.provenance.kind is Kind.LIVE


def test_large_negative_output_makes_a_gap(api: Api, eia: Make) -> None:
    api.special = {LAST: {**GENERATION, "SUN": -600}}
    assert value(eia()).provenance.observed_at == LAST - 2 * HOUR


def test_mix_that_is_mostly_other_is_an_estimate(api: Api, eia: Make) -> None:
    api.mix = {"NG": 6000, "OTH": 4000}
    newest = value(eia())
    assert newest.g_per_kwh == pytest.approx(491)  # 0.6 x 435 + 0.4 x 575
    assert newest.provenance.flags == {Flag.ESTIMATED}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"respondent": "PJM"}, "was asked about CISO and answered about 'PJM'"),
        ({"respondent": None}, "answered about 'None'"),
        ({"value-units": "thousand megawatthours"}, "answered in 'thousand megawatthours'"),
        ({"value-units": None}, "answered in 'None'"),
        ({"fueltype": "FUS"}, "6000 MWh of 'FUS', a fuel that is not known here"),
        ({"fueltype": None}, "'None' where a fuel should be"),
        ({"fueltype": ["NG"]}, "where a fuel should be"),
        ({"fueltype": "NUC"}, "two values of NUC for 2026-03-10T12"),
        ({"value": "many"}, "'many' where a number should be"),
        ({"value": "NaN"}, "'NaN' where a number should be"),
        ({"value": "1e400"}, "'1e400' where a number should be"),
        ({"value": 10**400}, "absurd number"),
        ({"value": True}, "'True' where a number should be"),
        ({"value": [1]}, "'[1]' where a number should be"),
        ({"value": 5e6}, "5e+06 MWh in an hour"),
        ({"period": "2026-03-10T12-08"}, "'2026-03-10T12-08' where an hour should be"),  # local time
        ({"period": "2026-03-10"}, "'2026-03-10' where an hour should be"),
        ({"period": "2026-13-10T12"}, "where a time should be"),
        ({"period": None}, "'None' where an hour should be"),
        ({"period": "2026-03-10T16"}, "2.5 h ahead of now"),
    ],
)
def test_row_that_cannot_be_believed(api: Api, eia: Make, changes: dict[str, Any], reason: str) -> None:
    rows = [row(LAST, code, mwh) for code, mwh in GENERATION.items()]
    rows[0] |= changes
    api.reply = lambda asked: Reply(answer(rows))
    assert reason in refusal(eia().latest([ZONE]))


ROWS = [row(LAST, code, mwh) for code, mwh in GENERATION.items()]
BROKEN = {
    "no response": (Reply({"error": "something"}), "without a 'response'"),
    "no data": (Reply({"response": {"total": "0"}}), "without a list of values ('data')"),
    "empty": (Reply(answer([])), "without a list of values"),
    "no total": (Reply(answer(ROWS, total=None)), "'None' where the number of rows should be"),
    "other total": (Reply(answer(ROWS, total=5)), "answered with 3 of 5 rows"),
    "local hours": (Reply(answer(ROWS, frequency="local-hourly")), "answered with 'local-hourly'"),
    "only storage": (Reply(answer([row(LAST, "BAT", 5)])), "every value is null"),
    "nothing generated": (Reply(answer([row(LAST, "NG", "0")])), "every value is null"),
    "html": (Reply(b"<html>Sign in</html>"), "is not JSON"),
    "nan": (Reply(b'{"response": {"total": NaN}}'), "is not JSON"),
    "list": (Reply([1]), "not a JSON object"),
    "oversized": (Reply(b" " * 6_000_000), "larger than 5 MB"),
    "403": (
        Reply({"error": {"code": "API_KEY_INVALID", "message": f"invalid api_key {KEY}"}}, 403),
        "(HTTP 403): invalid api_key ***",
    ),
    "404": (Reply({"error": "no such route", "code": 404}, 404), "(HTTP 404): no such route"),
    "429": (Reply({"error": {"code": "OVER_RATE_LIMIT"}}, 429, {"Retry-After": "3600"}), "HTTP 429, to be tried again"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_answer_becomes_a_reason(api: Api, eia: Make, case: str) -> None:
    reply, reason = BROKEN[case]
    api.reply = lambda asked: reply
    assert reason in refusal(eia().latest([ZONE]))


MANY = dict(sorted(eia_respondents().items(), key=lambda one: one[0] != "US-MIDA-PJM")[:12])


def test_one_bad_zone_does_not_spoil_the_others(api: Api, eia: Make) -> None:
    api.reply = lambda asked: Reply({}, 404) if asked.params["facets[respondent][]"] == "PJM" else api.page(asked)
    answers = eia().latest(["US-TEX-ERCO", "US-MIDA-PJM", "US-HI", ZONE])
    assert [type(one) for one in answers.values()] == [Intensity, Unavailable, Unavailable, Intensity]


def test_many_zones_share_questions(api: Api, eia: Make) -> None:
    api.own = {name: {"NG": number, "NUC": 100 - number} for number, name in enumerate(MANY.values(), 1)}
    answers = eia().latest(list(MANY))
    asked = [respondents_in(one) for one in api.asked]
    assert sorted(len(one) for one in asked) == [2, 5, 5]  # 30 hours of 5 x 32 codes are below 5,000 rows
    assert sorted(name for one in asked for name in one) == sorted(MANY.values())
    for number, zone in enumerate(MANY, 1):
        found = answers[zone]
        assert isinstance(found, Intensity), found
        assert found.g_per_kwh == pytest.approx(4.35 * number)  # of gas, and nuclear has none
        assert found.provenance.kind is Kind.LIVE


def test_zone_that_a_shared_answer_leaves_out_is_asked_alone(api: Api, eia: Make) -> None:
    """As by a service that understands one respondent only."""

    def first_only(asked: Asked) -> Reply:
        return Reply(answer([one for one in api.rows(asked) if one["respondent"] == respondents_in(asked)[0]]))

    api.reply = first_only
    answers = eia().latest(list(MANY))
    assert {type(one) for one in answers.values()} == {Intensity}
    assert sorted(len(respondents_in(one)) for one in api.asked) == [1] * 9 + [2, 5, 5]


def test_bad_rows_of_one_zone_leave_the_others_of_a_shared_answer(api: Api, eia: Make) -> None:
    api.own = {"PJM": {"NG": "many"}}
    answers = eia().latest(list(MANY))
    assert "'many' where a number should be" in refusal(answers, "US-MIDA-PJM")
    assert sum(isinstance(one, Intensity) for one in answers.values()) == len(MANY) - 1
    assert len(api.asked) == 3


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda rows: answer([*rows, row(LAST, "NG", 1, respondent="XX")]), "asked about PJM and answered about 'XX'"),
        (lambda rows: answer(rows, total=7), "of 7 rows"),
    ],
)
def test_shared_answer_that_cannot_be_believed_is_asked_for_zone_by_zone(
    api: Api, eia: Make, spoil: Callable[[list[Any]], Any], reason: str
) -> None:
    def reply(asked: Asked) -> Reply:
        return Reply((spoil if "PJM" in respondents_in(asked) else answer)(api.rows(asked)))

    api.reply = reply
    answers = eia().latest(list(MANY))
    assert reason in refusal(answers, "US-MIDA-PJM")
    assert sum(isinstance(one, Intensity) for one in answers.values()) == len(MANY) - 1


def test_refusal_of_a_shared_question_is_not_asked_for_again(api: Api, eia: Make) -> None:
    api.reply = lambda asked: Reply({"error": "no such key"}, 403)
    answers = eia().latest(list(MANY))
    assert all("(HTTP 403): no such key" in refusal(answers, zone) for zone in MANY)
    assert len(api.asked) == 3


def test_same_question_is_asked_once(api: Api, eia: Make) -> None:
    source = eia()
    for _ in range(3):
        source.latest([ZONE])
        source.history([ZONE], NOW - 20 * HOUR, NOW)
        source.history([ZONE], NOW - 10 * HOUR, NOW)
    assert len(api.asked) == 2


def test_kept_answers_are_cached_then_stand_in_then_end(api: Api, eia: Make, cache: AnswerCache) -> None:
    value(eia(cache=cache))
    again = value(eia(cache=cache, as_of=NOW + timedelta(minutes=20)))
    assert len(api.asked) == 1
    assert again.provenance.flags == {Flag.CACHED}
    assert again.provenance.detail.startswith("fetched 20 min ago; imports and storage left out")
    api.reply = lambda asked: Reply(b"<html>")
    stand_in = value(eia(cache=cache, as_of=NOW + 4 * HOUR))
    assert stand_in.provenance.flags == {Flag.CACHED, Flag.FALLBACK}
    assert "is not JSON" in refusal(eia(cache=cache, as_of=NOW + 6 * HOUR).latest([ZONE]))


def test_bases_are_kept_apart(api: Api, eia: Make, cache: AnswerCache) -> None:
    assert value(eia(cache=cache)).g_per_kwh == pytest.approx(DIRECT)
    assert value(eia(cache=cache, basis=Basis.LIFECYCLE)).g_per_kwh == pytest.approx(LIFECYCLE)


def test_key_reaches_no_log_reason_cache_or_representation(
    api: Api, eia: Make, cache: AnswerCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = eia(cache=cache)
    value(source)
    api.reply = lambda asked: Reply({"error": f"bad {KEY}"}, 403)
    refused = source.latest(["US-MIDA-PJM"])
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*.json")).decode()
    assert "261" in kept
    assert "fuel-type-data" in caplog.text
    for text in (caplog.text, str(refused), repr(source), repr(vars(source)), kept):
        assert KEY not in text
        assert "eia%2Bkey%2F0123456789" not in text


def test_intensity_of_a_mix() -> None:
    assert intensity_g_per_kwh({"gas": 3.0, "solar": 1.0}, FACTORS) == 385  # 0.75 x 500 + 0.25 x 40
    assert intensity_g_per_kwh({"gas": 1.0, "solar": -0.05}, FACTORS) == 500
    assert intensity_g_per_kwh({"gas": 1.0, "solar": -0.06}, FACTORS) is None
    assert intensity_g_per_kwh({"gas": 0.0, "coal": 0.0}, FACTORS) is None
    with pytest.raises(KeyError):
        intensity_g_per_kwh({"fusion": 1.0}, FACTORS)


def test_what_more_than_half_of_the_hours_report_is_usual() -> None:
    assert usual([{"NG", "SUN"}, {"NG"}, {"NG", "SUN"}]) == {"NG", "SUN"}
    assert usual([{"NG", "SUN"}, {"NG"}]) == {"NG"}
    assert usual([]) == frozenset()


def test_every_code_has_a_factor_of_each_basis() -> None:
    for basis in Basis:
        assert set(eia_answers.FUELS.values()) == set(fuel_factors(basis))
    assert not set(eia_answers.FUELS) & eia_answers.STORAGE
    assert eia_respondents()[ZONE] == "CISO"
