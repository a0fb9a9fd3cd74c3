"""A run at the intensity of a live source, asked as it goes: sums by hand, from what is published of each half hour."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.tracking import run as run_module
from tests.intensity.web import Asked, Reply, WebService

from .fakes import Bench, ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.monitoring.run_report import RunReport

HALF_S = 1800.0
NEWEST = 500


class Neso(WebService):
    """The newest half hour is at 500 g/kWh; the one n half hours after `start_s` had 100 n + 100, once it is public."""

    def __init__(self) -> None:
        super().__init__({})
        self.start_s = (time.time() // HALF_S - 4) * HALF_S
        self.public = self.past_asked = 0

    def answer(self, asked: Asked) -> Reply:
        parts = asked.path.strip("/").split("/")
        if len(parts) == 1:
            return Reply({"data": [self.entry(time.time() // HALF_S * HALF_S, NEWEST)]})
        self.past_asked += 1
        first, last = (datetime.fromisoformat(part).timestamp() for part in parts[1:])
        steps = [first + HALF_S * number for number in range(int((last - first) / HALF_S))]
        return Reply({"data": [self.entry(start_s, self.value(start_s)) for start_s in steps]})

    def value(self, start_s: float) -> int | None:
        number = round((start_s - self.start_s) / HALF_S)
        return 100 * number + 100 if number < self.public else None

    def entry(self, start_s: float, value: int | None) -> dict[str, Any]:
        start = datetime.fromtimestamp(start_s, UTC)
        times = [f"{moment:%Y-%m-%dT%H:%MZ}" for moment in (start, start + timedelta(seconds=HALF_S))]
        return {"from": times[0], "to": times[1], "intensity": {"forecast": 999, "actual": value, "index": "low"}}


@pytest.fixture
def neso(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neso]:
    monkeypatch.setattr(run_module, "HEARTBEAT_S", 0.01)
    service = Neso()
    monkeypatch.setenv("NESO_BASE_URL", service.url)
    yield service
    service.close()


def asked_again(service: Neso, times: int) -> None:
    """Wait until the source has been asked for its past so often."""
    for _ in range(1000):
        if service.past_asked >= times:
            return
        threading.Event().wait(0.01)
    raise AssertionError("the source was not asked")


def run(service: Neso, public: tuple[int, int, int]) -> RunReport:
    """Two hours from the start of a half hour, 0.3 kWh in the first 20 minutes, then 1.2 and 0.8 kWh in 50 each."""
    bench = Bench()
    bench.wall = service.start_s
    with bench.trainer(zone="GB", intensity="neso", pue=1.2) as trainer:
        ready(trainer)
        for number, (seconds, kwh) in enumerate(((1200, 0.3), (3000, 1.2), (3000, 0.8))):
            service.public = public[number]
            bench.use(seconds, kwh)
            asked_again(service, number + 1)
    assert trainer.report is not None
    return trainer.report


def test_each_half_hour_counts_at_its_own_intensity_published_later(neso: Neso) -> None:
    report = run(neso, (0, 1, 4))
    # 0.3 kWh at 100; 1.2 kWh over 10 min at 100, 30 at 200, 10 at 300; 0.8 kWh over 20 min at 300, 30 at 400
    grams = 0.3 * 100 + 1.2 * (10 * 100 + 30 * 200 + 10 * 300) / 50 + 0.8 * (20 * 300 + 30 * 400) / 50
    assert report.emissions_kg == pytest.approx(grams * 1.2 / 1000, rel=1e-6)
    assert not any("newest intensity" in note for note in report.notes)


def test_what_is_not_published_at_the_end_counts_at_the_newest_value_and_is_said(neso: Neso) -> None:
    report = run(neso, (0, 1, 2))
    grams = 0.3 * 100 + 1.2 * (10 * 100 + 30 * 200 + 10 * NEWEST) / 50 + 0.8 * NEWEST
    assert report.emissions_kg == pytest.approx(grams * 1.2 / 1000, rel=1e-6)
    assert any("2.00 of 2.30 kWh count at the newest intensity" in note for note in report.notes)
