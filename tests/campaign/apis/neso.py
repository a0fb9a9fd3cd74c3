"""NESO's Carbon Intensity API: Great Britain, and London as one of its regions."""

from typing import Any, ClassVar

from greenai_infra.intensity.model.values import Basis, Flag, Signal
from greenai_infra.intensity.sources.live.neso.source import Neso

from ..draft import Draft
from ..wire import Request
from ..world import HOUR_S, floor_s
from .base import Api, Opening, Window, moment_s

HALF_HOUR_S = 1800
LONDON = 13


class NesoApi(Api):
    name = "neso"
    places: ClassVar[dict[str, str]] = {"GB": "GB"}
    steps_s = (HALF_HOUR_S,)
    meanings = ((Signal.AVERAGE, Basis.DIRECT),)
    says = frozenset({"text times", "estimate"})

    def open(self, url: str, how: Opening) -> Neso:
        return Neso(url, as_of=how.as_of, cache=how.cache, total_timeout_s=how.timeout_s)

    def read(self, asked: Request, now_s: float) -> Window:
        parts = asked.path.split("/")
        if parts == ["intensity"]:
            this_s = floor_s(now_s, HALF_HOUR_S)
            return Window("latest", "GB", this_s, this_s + HALF_HOUR_S)
        first_s = moment_s(parts[1])
        if parts[2] == "fw48h":
            return Window("forecast", "GB", first_s, first_s + 48 * HOUR_S)
        return Window("history", "GB", first_s, moment_s(parts[2]))

    def render(self, draft: Draft) -> Any:
        entries = []
        for point in draft.points:
            ahead = draft.kind == "forecast"
            intensity = {
                "forecast": point.written if ahead else point.estimate,
                "actual": None if ahead else point.written,
                "index": "moderate",
            }
            entries.append(
                {
                    "from": draft.time(point, form="%Y-%m-%dT%H:%M"),
                    "to": draft.time(point, draft.labels.get("step_s", draft.step_s), form="%Y-%m-%dT%H:%M"),
                    "intensity": intensity,
                    **point.changes,
                }
            )
        return {"data": entries}


class NesoRegion(NesoApi):
    """Of a region there are forecasts only, so that its newest value is an estimate."""

    name = "neso:13"
    kinds = ("latest", "forecast")
    says = frozenset({"text times", "place"})
    may_be_live = False
    always = frozenset({Flag.ESTIMATED})

    def open(self, url: str, how: Opening) -> Neso:
        return Neso(url, region_id=LONDON, as_of=how.as_of, cache=how.cache, total_timeout_s=how.timeout_s)

    def read(self, asked: Request, now_s: float) -> Window:
        parts = asked.path.split("/")
        assert [*parts[:2], *parts[3:]] == ["regional", "intensity", "fw48h", "regionid", "13"]
        return Window("forecast", "GB", moment_s(parts[2]), moment_s(parts[2]) + 48 * HOUR_S)

    def render(self, draft: Draft) -> Any:
        entries = super().render(draft)["data"]
        for entry in entries:
            entry.get("intensity", {}).pop("actual", None)
        region = {"regionid": draft.labels.get("place", LONDON), "shortname": "London", "data": entries}
        return {"data": region}
