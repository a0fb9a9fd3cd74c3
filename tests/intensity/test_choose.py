"""From `--source` to a source: names, settings, and what each can't do."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.choose import open_source
from greenai_infra.intensity.choice.user_settings import read_settings
from greenai_infra.intensity.forecasting.predict import predict
from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Basis, Flag, Intensity, Kind, Series, Signal
from greenai_infra.intensity.sources.declaration import FileKind
from greenai_infra.web.address import checked_url

from .service import TOKEN, Reply, Service, entry, latest

PAST = datetime(2026, 1, 8, 12, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    monkeypatch.setenv("ELECTRICITYMAPS_TOKEN", TOKEN)
    monkeypatch.setenv("ELECTRICITYMAPS_BASE_URL", service.url)
    hour = now().replace(minute=0, second=0, microsecond=0)
    service.scripts["latest"] = lambda asked: latest(asked, **entry(hour))
    for refused in ("forecast", "past-range", "history"):
        service.scripts[refused] = lambda asked: Reply({}, 403)


@pytest.fixture
def trace(tmp_path: Path) -> str:
    begin = PAST - timedelta(days=7)
    lines = [f"FR,{(begin + timedelta(hours=hour)).isoformat()},{hour % 24 + 1}\n" for hour in range(24 * 8)]
    path = tmp_path / "trace.csv"
    path.write_text("# signal: average\n# basis: lifecycle\nzone,datetime,g_per_kwh\n" + "".join(lines))
    return str(path)


@pytest.mark.parametrize(
    "name", ["watttme", "eia:3", "file:", "file", "climatology:embedded", "climatology:", "EMBEDDED"]
)
def test_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(InputError, match=r"is not a source of intensity; there is auto, embedded, file:PATH, .*"):
        open_source(name, as_of=now())


def test_without_a_token_the_embedded_year_answers_and_says_why() -> None:
    source = open_source(None, as_of=now())
    value = source.latest(["AU-NSW"])["AU-NSW"]
    assert isinstance(value, Intensity)
    assert value.provenance.kind is Kind.YEARLY_MEAN
    assert Flag.FALLBACK not in value.provenance.flags
    notes = predict(source, ["AU-NSW"], now(), now() + timedelta(hours=1)).notes
    assert notes[0] == (
        "not asked: electricity-maps (ELECTRICITYMAPS_TOKEN is not set), watttime (WATTTIME_USER is not set), "
        "carbon-aware-sdk (CARBON_AWARE_SDK_URL is not set)"
    )


@pytest.mark.usefixtures("token")
def test_with_a_token_the_live_source_answers() -> None:
    value = open_source("auto", as_of=now()).latest(["FR"])["FR"]
    assert isinstance(value, Intensity)
    assert value.provenance.source == "Electricity Maps"


@pytest.mark.usefixtures("token")
def test_one_uncovered_zone_sends_all_to_the_embedded_year(service: Service) -> None:
    answer = service.scripts["latest"]
    service.scripts["latest"] = lambda asked: Reply({}, 403) if asked.params["zone"] == "DE" else answer(asked)
    answers, notes, *_ = predict(open_source(None, as_of=now()), ["FR", "DE"], now(), now() + timedelta(hours=3))
    for series in answers.values():
        assert isinstance(series, Series)
        assert series.provenance.kind is Kind.YEARLY_MEAN
        assert series.provenance.flags == {Flag.FALLBACK}
    assert any(note.startswith("electricity-maps was left: no answer for 1 of 2 zones (DE:") for note in notes)


@pytest.mark.usefixtures("token")
def test_forced_source_has_no_fallback(service: Service) -> None:
    service.scripts["latest"] = lambda asked: Reply({}, 403)
    source = open_source("electricity-maps", as_of=now())
    assert not isinstance(source.latest(["FR"])["FR"], Intensity)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("as_of", [PAST, now() + timedelta(days=1)])
@pytest.mark.parametrize("name", ["electricity-maps", "climatology:electricity-maps"])
def test_live_source_is_not_asked_about_another_time(service: Service, name: str, as_of: datetime) -> None:
    with pytest.raises(InputError, match="answers about now, not"):
        open_source(name, as_of=as_of)
    assert not service.asked


@pytest.mark.usefixtures("token")
def test_auto_as_of_the_past_leaves_the_live_source(service: Service) -> None:
    source = open_source(None, as_of=PAST)
    assert isinstance(source.latest(["FR"])["FR"], Intensity)
    assert not service.asked
    assert "answers about now, not 2026-01-08T12:00:00Z" in predict(source, ["FR"], PAST, PAST + timedelta(1)).notes[0]


def test_live_source_without_a_token_names_the_variable() -> None:
    with pytest.raises(InputError, match="ELECTRICITYMAPS_TOKEN is not set"):
        open_source("electricity-maps", as_of=now())


def test_embedded_has_one_signal_and_basis() -> None:
    with pytest.raises(InputError, match="average, not marginal"):
        open_source("embedded", as_of=now(), signal=Signal.MARGINAL)
    with pytest.raises(InputError, match="by Google region, not by grid zone"):
        open_source("embedded", as_of=now(), basis=Basis.DIRECT)


def test_history_file_predicts_by_its_climatology(trace: str) -> None:
    source = open_source(f"file:{trace}", as_of=PAST)
    answer = predict(source, ["FR"], PAST, PAST + timedelta(hours=24)).answers["FR"]
    forced = open_source(f"climatology:file:{trace}", as_of=PAST).forecast(["FR"], PAST, PAST + timedelta(hours=24))
    assert isinstance(answer, Series)
    assert isinstance(forced["FR"], Series)
    # The trace begins at noon: its row n holds the hour (12 + n) mod 24 and says n mod 24 + 1: noon 1, ..., 11:00 24.
    assert answer.g_per_kwh.tolist() == forced["FR"].g_per_kwh.tolist() == [float(n + 1) for n in range(24)]


def test_file_declared_a_forecast_is_used_as_one(trace: str) -> None:
    source = open_source(f"file:{trace}", as_of=PAST, file_kind=FileKind.FORECAST)
    answer = predict(source, ["FR"], PAST, PAST + timedelta(hours=6)).answers["FR"]
    assert isinstance(answer, Series)
    assert answer.provenance.kind is Kind.FORECAST


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://api.example.org/v4", "over https only"),
        ("ftp://127.0.0.1/v4", "not a plain https:// address"),
        ("https://user:pass@example.org", "leave these out"),
        ("api.example.org", "not a plain https:// address"),
        ("https://example.org/?token=1", "not a plain https:// address"),
        ("http://127.0.0.1.example.org", "over https only"),
        ("http://[::1", "not a URL"),
    ],
)
def test_unsafe_address_is_refused(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        checked_url(url, "SETTING")


@pytest.mark.parametrize("url", ["https://api.example.org/v4", "http://localhost:8080/v4", "http://[::1]:80/v4"])
def test_safe_address_is_taken(url: str) -> None:
    assert checked_url(url + "/", "SETTING") == url


def test_token_with_a_line_break_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTRICITYMAPS_TOKEN", "abc\ndef")
    with pytest.raises(InputError) as caught:
        read_settings().get("electricity-maps", "token")
    assert "abc" not in str(caught.value)
    assert "abc" not in repr(Access("https://x", "abc"))


def test_embedded_needs_no_http_library() -> None:
    code = (
        "import sys; from datetime import UTC, datetime; from greenai_infra.intensity.choice.choose import open_source;"
        "open_source(None, as_of=datetime.now(UTC)).latest(['AU-NSW']);"
        "print({'requests', 'urllib3', 'rich'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
