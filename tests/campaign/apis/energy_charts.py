"""Energy-Charts: parallel lists that do not say which country they are about."""

from typing import Any, ClassVar

from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.sources.live.energy_charts.source import EnergyCharts

from ..draft import SAME, Draft
from ..wire import Request
from ..world import DAY_S, HOUR_S, floor_s
from .base import Api, Opening, Window, moment_s

QUARTER_S = 900


class EnergyChartsApi(Api):
    name = "energy-charts"
    places: ClassVar[dict[str, str]] = {"FR": "fr", "DE": "de"}
    steps_s = (QUARTER_S, 1800, HOUR_S)
    meanings = ((Signal.AVERAGE, Basis.LIFECYCLE),)
    says = frozenset[str]()
    delay_s = HOUR_S

    def open(self, url: str, how: Opening) -> EnergyCharts:
        return EnergyCharts(url, as_of=how.as_of, cache=how.cache, total_timeout_s=how.timeout_s)

    def read(self, asked: Request, now_s: float) -> Window:
        assert asked.path == "co2eq"
        place = asked.params["country"]
        if "start" not in asked.params:
            first_s = floor_s(now_s, QUARTER_S) - HOUR_S
            return Window("forecast", place, first_s, first_s + DAY_S)
        return Window("history", place, moment_s(asked.params["start"]), moment_s(asked.params["end"]))

    def render(self, draft: Draft) -> Any:
        """Around the points are others that only the other list has a value for."""
        ahead = draft.kind == "forecast"
        first_s = min((one.start_s for one in draft.points), default=0.0)
        around = draft.at(first_s - draft.step_s * number for number in (2, 1)) if ahead and draft.points else []
        times = [one.start_s if one.time is SAME else one.time for one in draft.points]
        measured = [None if ahead else one.written for one in draft.points]
        expected = [one.written if ahead else one.estimate for one in draft.points]
        return {
            "unix_seconds": [*(one.start_s for one in around), *times],
            "co2eq": [*(one.g for one in around), *measured],
            "co2eq_forecast": [*(None for _ in around), *expected],
            "deprecated": False,
        }
