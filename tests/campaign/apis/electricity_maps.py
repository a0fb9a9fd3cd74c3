"""Electricity Maps, API v4."""

from typing import Any, ClassVar

from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps

from ..draft import Draft, Point
from ..wire import TIMEOUT_S, Request, Response
from ..world import DAY_S, HOUR_S, floor_s
from .base import SECRET, Api, Opening, Window, moment_s


class ElectricityMapsApi(Api):
    name = "electricity-maps"
    places: ClassVar[dict[str, str]] = {zone: zone for zone in ("FR", "DE", "GB", "US-CAL-CISO")}
    meanings = ((Signal.AVERAGE, Basis.LIFECYCLE), (Signal.AVERAGE, Basis.DIRECT))
    says = frozenset({"place", "unit", "meaning", "text times", "issue", "estimate", "sandbox"})
    keyed = True

    def open(self, url: str, how: Opening) -> ElectricityMaps:
        access = Access(f"{url}/v4", SECRET)
        return ElectricityMaps(access, as_of=how.as_of, basis=how.basis, cache=how.cache, total_timeout_s=how.timeout_s)

    def aside(self, asked: Request) -> Response | None:
        """What the token covers, which is asked for after a refusal."""
        return Response(b"{}", delay_s=0.9 * TIMEOUT_S) if asked.path == "v4/zones" else None

    def read(self, asked: Request, now_s: float) -> Window:
        assert asked.headers["auth-token"] == SECRET
        assert asked.params["disableCallerLookup"] == "true"
        hour_s, zone = floor_s(now_s, HOUR_S), asked.params["zone"]
        kind = asked.path.removeprefix("v4/carbon-intensity/")
        if kind == "latest":
            return Window("latest", zone, hour_s, hour_s + HOUR_S)
        if kind == "forecast":
            return Window("forecast", zone, hour_s, hour_s + int(asked.params["horizonHours"]) * HOUR_S)
        if kind == "history":
            return Window("history", zone, hour_s - DAY_S, hour_s)
        return Window("history", zone, moment_s(asked.params["start"]), moment_s(asked.params["end"]))

    def render(self, draft: Draft) -> Any:
        frame: dict[str, Any] = {"zone": draft.labels.get("place", draft.place)}
        if "unit" in draft.labels:
            frame["unit"] = draft.labels["unit"]
        if "sandbox" in draft.labels:
            frame["_disclaimer"] = draft.labels["sandbox"]
        entries = [self._entry(draft, point) for point in draft.points]
        if draft.kind == "forecast":
            return {**frame, "updatedAt": draft.text(draft.issued_s), "forecast": entries}
        if draft.kind == "latest" and len(entries) == 1:
            return {**frame, **entries[0]}
        return {**frame, "history": entries}

    def _entry(self, draft: Draft, point: Point) -> dict[str, Any]:
        entry = {
            "carbonIntensity": point.written,
            "datetime": draft.time(point, form="%Y-%m-%dT%H:%M:%S.000"),
        }
        if draft.kind != "forecast":
            entry |= {
                "updatedAt": draft.text(draft.now_s),
                "emissionFactorType": draft.labels.get("meaning", draft.basis.value),
                "isEstimated": False,
                "estimationMethod": None,
            }
        return {**entry, **point.changes}
