"""A licensed forecast is measured by those that were kept, which asks a service for its history once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.intensity.choice import fallback
from tests.cli.grid import HOUR, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command


@pytest.fixture
def grid(greenai: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Grid]:
    grid = Grid()
    monkeypatch.setenv("ELECTRICITYMAPS_TOKEN", "sekret")
    monkeypatch.setenv("ELECTRICITYMAPS_BASE_URL", grid.service.url)
    monkeypatch.setenv("GREENAI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(fallback, "NOW_TOLERANCE", timedelta(days=30))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield grid
    grid.service.close()


def forecast(greenai: Command, grid: Grid, *options: object) -> dict[str, Any]:
    at = grid.now.replace(microsecond=0).isoformat()
    done = greenai("forecast", "SE-SE3", "--source", "electricity-maps", "--at", at, "--json", *options)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def keep(greenai: Command, grid: Grid, number: int) -> dict[str, Any]:
    """The last of so many forecasts, six hours apart."""
    found = {}
    for _ in range(number):
        grid.now += 6 * HOUR
        found = forecast(greenai, grid)
    return found


def test_forecasts_that_came_true_need_no_more_than_that(greenai: Command, grid: Grid) -> None:
    # Forecast is 20 at all times and so is what came. Those of 6, 12, ... hours ago can be held against a run of 4 h.
    grid.observed = 20.0
    first = keep(greenai, grid, 1)["forecast_error"]
    last = keep(greenai, grid, 9)["forecast_error"]

    assert (first["error_percent"], first["threshold_from"]) == (None, "default")
    assert first["not_measured"] == "0 past forecasts are kept to be held against what came; 8 are needed"
    assert (last["method"], last["error_percent"], last["hindcasts"]) == ("forecast", 0.0, 9)
    assert last["threshold_from"] == "measured"
    # Eight are there from the ninth call on: this one and the next ask for history, once each.
    assert grid.service.endpoints().count("past-range") == 2
    assert grid.service.endpoints().count("forecast") == 10


def test_a_history_that_is_not_licensed_leaves_ten_percent(greenai: Command, grid: Grid) -> None:
    error = keep(greenai, grid, 10)["forecast_error"]
    assert (error["error_percent"], error["wait_threshold_percent"]) == (None, 10)
    assert "there is no history: Electricity Maps" in error["not_measured"]
    assert "no licence for history" in error["not_measured"]


def test_age_and_flags_of_a_cached_answer_are_shown(greenai: Command, grid: Grid) -> None:
    forecast(greenai, grid)
    grid.now += timedelta(seconds=1)
    again = forecast(greenai, grid)
    assert (again["flags"], again["source"]) == (["cached"], "Electricity Maps")
    assert "fetched 0 min ago" in again["detail"]
    assert grid.service.endpoints() == ["forecast"]


def test_require_live_asks_afresh(greenai: Command, grid: Grid) -> None:
    forecast(greenai, grid)
    assert forecast(greenai, grid, "--require-live")["flags"] == []
    assert grid.service.endpoints() == ["forecast", "forecast"]
