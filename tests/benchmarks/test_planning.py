"""Window search and joint plan, against CATS and against numpy passes over the same array."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.offers import Offer
from greenai_infra.catalog.regions import Region
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.intensity.model.values import Basis, Kind, Provenance, Series, Signal
from greenai_infra.planning.candidates import Candidate
from greenai_infra.planning.placements import place_all
from greenai_infra.planning.run_parts import Run
from greenai_infra.planning.timing import Timing
from greenai_infra.planning.windows import StepGrid, best_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.benchmarks.conftest import Compare

START = datetime(2026, 1, 1, tzinfo=UTC)
PROVENANCE = Provenance("made up", Signal.AVERAGE, Basis.LIFECYCLE, Kind.FORECAST, START)
JOB_MINUTES = 437


def five_minute_year() -> NDArray[np.float64]:
    """A year of values with a daily and a yearly wave and noise, g/kWh."""
    steps = np.arange(365 * 24 * 12)
    noise = np.random.default_rng(7).normal(0, 15, steps.size)
    waves: NDArray[np.float64] = 120 * np.sin(steps / 288 * 2 * np.pi) + 60 * np.sin(steps / 105120 * 2 * np.pi)
    return 300 + waves + noise


def trapezoid_mean(values: NDArray[np.float64], start_s: float, duration_s: float) -> float:
    """Mean of a window over point samples joined by straight lines: CATS' definition."""
    at = np.arange(values.size) * 300.0
    inner = at[(at > start_s) & (at < start_s + duration_s)]
    moments = np.concatenate([[start_s], inner, [start_s + duration_s]])
    return float(np.trapezoid(np.interp(moments, at, values), moments) / duration_s)


def test_window_search_against_cats(compare: Compare) -> None:
    forecast = pytest.importorskip("cats.forecast", reason="climate-aware-task-scheduler is not installed")
    values = five_minute_year()
    points = [forecast.PointEstimate(float(v), START + timedelta(minutes=5 * i)) for i, v in enumerate(values)]
    # CATS joins point samples by lines; the same integral as steps: each interval holds the mean of its two ends.
    steps = (values[1:] + values[:-1]) / 2
    edges = np.arange(values.size, dtype=np.float64) * 300.0
    found: dict[str, float] = {}

    def ours() -> None:
        grid = StepGrid.build(edges, steps[None, :])
        starts, _ = best_windows(grid, JOB_MINUTES * 60, 0, edges[-1])
        found["ours"] = float(starts[0])

    def cats() -> None:
        best = min(forecast.WindowedForecast(points, JOB_MINUTES, START))
        found["cats"] = (best.start - START).total_seconds()

    compare("window search over a year of 5-minute points / CATS", ours, cats, 1 / 100, 1)
    ours_mean = trapezoid_mean(values, found["ours"], JOB_MINUTES * 60)
    assert ours_mean <= trapezoid_mean(values, found["cats"], JOB_MINUTES * 60) + 0.5


def region(number: int) -> Region:
    return Region("aws", f"made-up-{number}", "", "SE", 0, 0, f"Z{number}", "", 1.1, 2024, False, "", "")


def offer(number: int) -> Offer:
    return Offer("aws", "", f"x{number}", "H100", 8, 1, 1, 10.0 + number, None, START.date(), "", "")


def test_joint_plan_against_twenty_cumulative_sums(compare: Compare) -> None:
    values = np.random.default_rng(3).uniform(20, 700, (60, 8760))
    edges = START.timestamp() + np.arange(8761, dtype=np.float64) * 3600.0
    series = {f"Z{zone}": Series(f"Z{zone}", edges, row, PROVENANCE) for zone, row in enumerate(values)}
    regions = [region(zone) for zone in range(60)]
    chip = find_accelerator("H100")
    candidates = []
    for kind in range(20):
        run = Run(1, 8, Estimate.exact(3 + 7.37 * kind), Estimate.exact(8.0 - kind / 5), Estimate.exact(0.02), ())
        one = offer(kind)
        candidates += [Candidate(r, one, chip, run, 10.0 + kind, 0.0, 0.0, frozenset()) for r in regions]
    timing = Timing(float(edges[0]), float(edges[-1]), None, 0.1)

    def cumulative_sums() -> None:
        for _ in range(20):
            np.cumsum(values, axis=1)

    compare(
        "joint plan of 60 regions x 20 offers x 8,760 starts / 20 cumsums",
        lambda: min(place_all(candidates, series, timing)[0], key=lambda p: p.order),
        cumulative_sums,
        5.0,
        7,
    )
