"""The WebApi of the Carbon Aware SDK."""

from typing import Any, ClassVar

from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.sources.live.carbon_aware_sdk.source import CarbonAwareSdk

from ..draft import Draft
from ..wire import Request
from ..world import DAY_S, HOUR_S, floor_s
from .base import Api, Opening, Window, moment_s

SECOND_NAME = {"westus": "CAISO_NORTH"}
LOCATIONS = {"FR": "francecentral", "DE": "germanywestcentral", "GB": "uksouth", "US-CAL-CISO": "westus/CAISO_NORTH"}
"""As a user sets them; Los Angeles' grid is answered under its second name."""


class CarbonAware(Api):
    name = "carbon-aware-sdk"
    places: ClassVar[dict[str, str]] = {zone: text.partition("/")[0] for zone, text in LOCATIONS.items()}
    steps_s = (3600, 300, 900, 1800)
    meanings = (
        (Signal.AVERAGE, Basis.LIFECYCLE),
        (Signal.AVERAGE, Basis.DIRECT),
        (Signal.MARGINAL, Basis.DIRECT),
    )
    says = frozenset({"place", "step", "text times", "issue"})
    may_be_live = False

    def open(self, url: str, how: Opening) -> CarbonAwareSdk:
        return CarbonAwareSdk(
            url,
            locations=LOCATIONS,
            signal=how.signal,
            basis=how.basis,
            as_of=how.as_of,
            cache=how.cache,
            total_timeout_s=how.timeout_s,
        )

    def read(self, asked: Request, now_s: float) -> Window:
        place = asked.params["location"]
        if asked.path == "emissions/forecasts/current":
            hour_s = floor_s(now_s, HOUR_S)
            return Window("forecast", place, hour_s, hour_s + DAY_S)
        assert asked.path == "emissions/bylocations"
        return Window("history", place, moment_s(asked.params["time"]), moment_s(asked.params["toTime"]) + 1)

    def render(self, draft: Draft) -> Any:
        place = draft.labels.get("place", SECOND_NAME.get(draft.place, draft.place))
        step_s = draft.labels.get("step_s", draft.step_s)
        if draft.kind != "forecast":
            span = f"{step_s // HOUR_S:02}:{step_s % HOUR_S // 60:02}:{step_s % 60:02}"
            return [
                {"location": place, "time": draft.time(one), "rating": one.written, "duration": span, **one.changes}
                for one in draft.points
            ]
        points = [
            {
                "location": place,
                "timestamp": draft.time(one),
                "duration": step_s / 60 if step_s % 60 else step_s // 60,
                "value": one.written,
                **one.changes,
            }
            for one in draft.points
        ]
        return [
            {
                "generatedAt": draft.text(draft.issued_s),
                "requestedAt": draft.text(draft.now_s),
                "location": place,
                "windowSize": 60,
                "optimalDataPoints": [dict(one) for one in points[:1]],
                "forecastData": points,
            }
        ]
