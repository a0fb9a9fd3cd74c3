"""A new intensity source is one file: the commands, `auto`, the settings file and the messages know it by its SPEC."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenai_infra.intensity.sources.live import live_sources
from tests.cli.in_process import run_here
from tests.intensity.web import Asked, Reply, WebService

from .conftest import Add

TOKEN = "toy-sekret-77"
G_PER_KWH = {"DE": 333, "SE-SE3": 22, "FR": 44}
TOY = '''
    """`toy`: three countries, newest value only."""

    from greenai_infra.catalog.signals import AVERAGE_LIFECYCLE
    from greenai_infra.intensity.model.questions import Question
    from greenai_infra.intensity.model.reading import points_of, time_s
    from greenai_infra.intensity.model.values import Unavailable
    from greenai_infra.intensity.service.coverage import ask_covered
    from greenai_infra.intensity.service.http import Client
    from greenai_infra.intensity.service.live import LiveAnswers, Publisher
    from greenai_infra.intensity.service.live_source import LiveSource, Setting


    class Toy:
        name = "toy"

        def __init__(self, url, token, asking):
            self.as_of = asking.as_of
            self._client = Client(url, headers={"Authorization": token}, total_timeout_s=asking.total_timeout_s)
            self._answers = LiveAnswers(Publisher(self.name, "Toy Grid", url, *AVERAGE_LIFECYCLE), self.as_of, None)

        def uncovered(self, zone):
            return "" if zone in ("DE", "SE-SE3", "FR") else f"Toy Grid does not cover {zone}"

        def latest(self, zones):
            def fetch(some):
                answers = self._client.fetch_all([Question("now", {"zone": zone}, read=read) for zone in some])
                return dict(zip(some, answers))

            answers = ask_covered(zones, self.uncovered, lambda some: self._answers.ask(some, "latest", fetch))
            return {zone: self._answers.value(zone, answer) for zone, answer in answers.items()}

        def history(self, zones, start, end):
            return {zone: Unavailable(zone, "Toy Grid keeps nothing") for zone in zones}

        forecast = history


    def read(answer):
        return points_of([(time_s(answer["from"]), answer["grams"])], 3600, AVERAGE_LIFECYCLE)


    SPEC = LiveSource(
        name="toy",
        covers="three countries",
        key="a toy key",
        forecast="none",
        licence="CC0",
        rank=5,
        open=lambda asking: Toy(SPEC.url(asking.settings), SPEC.text(asking.settings, "token"), asking),
        meanings=(AVERAGE_LIFECYCLE,),
        settings=(Setting("base_url", "TOY_URL"), Setting("token", "TOY_TOKEN", secret=True)),
        needs=("base_url", "token"),
        probe="DE",
    )
    '''


def answer(asked: Asked) -> Reply:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return Reply({"from": hour.isoformat(), "grams": G_PER_KWH[asked.params["zone"]]})


@pytest.fixture
def service(add: Add, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebService]:
    add("greenai_infra.intensity.sources.live", "toy", TOY, live_sources)
    monkeypatch.setenv("GREENAI_CACHE_DIR", str(tmp_path / "cache"))
    for spec in live_sources().values():
        for setting in spec.settings:
            monkeypatch.delenv(setting.variable, raising=False)
    for name in ("NESO_BASE_URL", "ENERGY_CHARTS_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    toy = WebService({"now": answer})
    config = tmp_path / "config.toml"
    config.write_text(f'[toy]\nbase_url = "{toy.url}"\ntoken = "{TOKEN}"\n')
    monkeypatch.setenv("GREENAI_CONFIG", str(config))
    yield toy
    toy.close()


def test_regions_are_ranked_by_a_new_source(service: WebService) -> None:
    done = run_here("regions", "--provider", "aws", "--source", "toy", "--json")
    assert done.returncode == 0, done.stderr
    found = [(one["region"], one["g_per_kwh"], one["source"]) for one in json.loads(done.stdout)]
    assert found == [
        ("eu-north-1", 22, "Toy Grid"),
        ("eu-west-3", 44, "Toy Grid"),
        ("eu-central-1", 333, "Toy Grid"),
    ]
    assert {one.headers["Authorization"] for one in service.asked} == {TOKEN}


@pytest.mark.usefixtures("service")
def test_auto_asks_it_by_its_rank() -> None:
    from greenai_infra.intensity.choice.fallback import order

    assert list(order())[:2] == ["toy", "electricity-maps"]


@pytest.mark.usefixtures("service")
def test_sources_lists_and_tries_it_without_its_key() -> None:
    done = run_here("sources", "--check")
    assert "toy               answers" in done.stdout
    assert "DE 333 g/kWh" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_what_it_needs_and_where_it_is_misspelt_is_said(service: WebService, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Path(os.environ["GREENAI_CONFIG"])
    config.write_text("[toy]\ntokem = 'x'\n")
    assert "[toy] has no key 'tokem'; did you mean 'token'?" in run_here("regions", "--source", "toy").stderr
    config.write_text(f"[toy]\nbase_url = '{service.url}'\n")
    assert "toy can't be asked: TOY_TOKEN is not set" in run_here("regions", "--source", "toy").stderr
    assert "toy, " in run_here("regions", "--source", "toi").stderr
    monkeypatch.setenv("TOY_URL", "http://toy.example.org")
    monkeypatch.setenv("TOY_TOKEN", TOKEN)
    assert "TOY_URL is http://toy.example.org: a key is sent over https only" in (
        run_here("regions", "--source", "toy").stderr
    )
