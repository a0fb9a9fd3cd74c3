"""`sources`: what is set up, what answers, and that keys are never shown."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.live import live_sources
from tests.cli.in_process import run_here

from .service import TOKEN, Reply, Service, entry, hour_of, latest

README = Path(__file__).parents[2] / "greenai_infra/intensity/README.md"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_here(*arguments)


def states(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in json.loads(done.stdout)}


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    monkeypatch.setenv("ELECTRICITYMAPS_TOKEN", TOKEN)
    monkeypatch.setenv("ELECTRICITYMAPS_BASE_URL", service.url)
    now = entry(hour_of(datetime.now(UTC)), carbonIntensity=150)  # not far off the yearly mean of any region
    service.scripts["latest"] = lambda asked: latest(asked, **now)


def test_list_says_what_is_missing_and_asks_nobody() -> None:
    done = run("sources", "--json")
    assert done.returncode == 0
    assert states(done) == {
        "embedded": "ready",
        "electricity-maps": "not set up",
        "watttime": "not set up",
        "carbon-aware-sdk": "not set up",
        "neso": "ready",
        "energy-charts": "ready",
        "eia": "not set up",
    }
    details = {one["name"]: one["detail"] for one in json.loads(done.stdout)}
    assert details["eia"] == "EIA_API_KEY is not set"


@pytest.mark.usefixtures("token")
def test_check_asks_each_once_and_tells_who_fails(service: Service) -> None:
    done = run("sources", "--check", "--json")
    assert done.returncode == 1  # nobody listens where NESO and Energy-Charts are expected
    found = states(done)
    assert (found["electricity-maps"], found["neso"]) == ("answers", "no answer")
    assert service.endpoints() == ["latest"]
    assert "FR " in done.stdout
    assert "average lifecycle, live" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.usefixtures("token")
def test_refused_key_is_told_and_not_shown(service: Service) -> None:
    service.scripts["latest"] = lambda asked: Reply({"error": f"bad token {TOKEN}"}, 401)
    done = run("sources", "--check")
    assert done.returncode == 1
    assert "the token was refused" in " ".join(done.stdout.split())
    assert TOKEN not in done.stdout + done.stderr


def test_unusable_setting_is_one_line_of_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARBON_AWARE_SDK_URL", "http://sdk:8080")
    monkeypatch.setenv("CARBON_AWARE_SDK_SIGNAL", "sometimes")
    monkeypatch.setenv("CARBON_AWARE_SDK_BASIS", "direct")
    done = run("sources")
    assert done.returncode == 0
    assert "CARBON_AWARE_SDK_SIGNAL is 'sometimes'; it is average or marginal" in done.stdout


@pytest.mark.parametrize(("mode", "told"), [(0o644, True), (0o600, False)])
def test_settings_file_that_others_can_read_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, told: bool
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[eia]\napi_key = "k"\n')
    file.chmod(mode)
    monkeypatch.setenv("GREENAI_CONFIG", str(file))
    assert (f"other users can read the keys in it: chmod 600 {file}" in run("sources").stdout) is told


def test_lines_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, run("sources").stdout.splitlines()[:-1])) <= 80


@pytest.mark.usefixtures("token")
def test_cache_is_cleared(service: Service) -> None:
    run("regions", "--source", "electricity-maps")
    kept = list(AnswerCache.of_user().directory.glob("*.json"))

    done = run("sources", "--clear-cache")

    assert len(kept) > 40
    assert f"removed {len(kept)} answers" in done.stdout
    assert not list(AnswerCache.of_user().directory.glob("*.json"))


@pytest.mark.usefixtures("token")
def test_warm_cache_asks_nobody_and_is_no_live_answer(service: Service) -> None:
    first = run("regions", "--source", "electricity-maps", "--json")
    asked = len(service.asked)
    second = run("regions", "--source", "electricity-maps", "--json")

    assert {one["kind"] for one in json.loads(first.stdout)} == {"live"}
    assert {one["kind"] for one in json.loads(second.stdout)} == {"latest"}
    assert {flag for one in json.loads(second.stdout) for flag in one["flags"]} == {"cached"}
    assert len(service.asked) == asked
    assert run("regions", "--source", "electricity-maps", "--require-live").returncode == 0  # asks afresh


@pytest.mark.usefixtures("token")
def test_require_live_refuses_a_fallback(service: Service) -> None:
    service.scripts["latest"] = lambda asked: Reply({}, 503)
    done = run("regions", "--require-live")
    assert done.returncode == 1
    assert done.stderr.startswith("error: --require-live: the answer comes from embedded, not from a service")
    assert "electricity-maps was left" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("source", live_sources().values(), ids=lambda one: str(one.name))
def test_readme_has_a_row_for_every_source(source: object) -> None:
    name = getattr(source, "name")  # noqa: B009 - typed as object for the parameter's id
    assert f"| `{name}`" in README.read_text(encoding="utf-8")


def test_every_source_has_a_meaning_or_is_told_one() -> None:
    for source in live_sources().values():
        assert all(isinstance(signal, Signal) and isinstance(basis, Basis) for signal, basis in source.meanings)
        assert source.meanings or "signal" in source.needs
