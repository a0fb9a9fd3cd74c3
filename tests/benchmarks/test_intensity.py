"""Asking sixty zones takes hardly longer than the slowest answer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Intensity
from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps
from tests.benchmarks.slow_service import ASKED, MOST, serving, slowest_answer_s

ZONES = [f"Z{number}" for number in range(ASKED)]
NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


def answer(target: str) -> Any:
    """A latest value of the zone that is asked for."""
    (zone,) = parse_qs(urlsplit(target).query)["zone"]
    return {"zone": zone, "carbonIntensity": 50, "datetime": "2026-03-10T12:00:00Z"}


@pytest.fixture
def url() -> Iterator[str]:
    with serving(answer) as address:
        yield f"{address}/v4"


def test_sixty_zones_take_at_most_a_quarter_longer_than_the_slowest(benchmark: Any, url: str) -> None:
    slowest: list[float] = []

    def opened() -> tuple[tuple[ElectricityMaps], dict[str, Any]]:
        slowest.append(slowest_answer_s(url))
        return (ElectricityMaps(Access(url, "token"), as_of=NOW),), {}  # no connection is open yet

    def ask(source: ElectricityMaps) -> None:
        answers = source.latest(ZONES)
        assert all(isinstance(answer, Intensity) for answer in answers.values()), answers

    benchmark.pedantic(ask, setup=opened, rounds=10, warmup_rounds=1)
    ratio = benchmark.stats.stats.min / min(slowest)  # the least disturbed round of each
    benchmark.extra_info["times the slowest answer"] = round(ratio, 3)
    assert ratio <= MOST
