"""WattTime, API v3."""

import json
from base64 import b64encode
from typing import Any, ClassVar

from greenai_infra.intensity.model.settings import SignIn
from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.sources.live.watttime.source import WattTime

from ..draft import Draft
from ..wire import Request, Response
from ..world import HOUR_S, floor_s
from .base import SECRET, USER, Api, Opening, Window, moment_s

TOKEN = "eyJ.sekret-token.4711"
POUND_KG = 0.45359237


class WattTimeApi(Api):
    name = "watttime"
    places: ClassVar[dict[str, str]] = {"FR": "FR", "DE": "DE", "GB": "UK", "US-CAL-CISO": "CAISO_NORTH"}
    steps_s = (300, 900, 1800, 3600)
    meanings = ((Signal.MARGINAL, Basis.DIRECT),)
    says = frozenset({"place", "unit", "meaning", "step", "text times", "issue", "estimate"})
    keyed = True
    delay_s = 600

    def open(self, url: str, how: Opening) -> WattTime:
        return WattTime(SignIn(url, USER, SECRET), as_of=how.as_of, cache=how.cache, total_timeout_s=how.timeout_s)

    def aside(self, asked: Request) -> Response | None:
        if asked.path != "login":
            return None
        assert asked.headers["authorization"] == f"Basic {b64encode(f'{USER}:{SECRET}'.encode()).decode()}"
        return Response(json.dumps({"token": TOKEN}).encode())

    def read(self, asked: Request, now_s: float) -> Window:
        assert asked.headers["authorization"] == f"Bearer {TOKEN}"
        region = asked.params["region"]
        if asked.path == "v3/forecast":
            first_s = floor_s(now_s, 300)
            return Window("forecast", region, first_s, first_s + int(asked.params["horizon_hours"]) * HOUR_S)
        assert asked.path == "v3/historical"
        return Window("history", region, moment_s(asked.params["start"]), moment_s(asked.params["end"]) + 1)

    def render(self, draft: Draft) -> Any:
        meta: dict[str, Any] = {
            "data_point_period_seconds": draft.labels.get("step_s", draft.step_s),
            "region": draft.labels.get("place", draft.place),
            "warnings": draft.labels.get("warnings", []),
            "signal_type": draft.labels.get("meaning", "co2_moer"),
            "model": {"date": "2026-03-01", "type": draft.labels.get("model", "binned_regression")},
            "units": draft.labels.get("unit", "lbs_co2_per_mwh"),
        }
        if draft.kind == "forecast":
            meta |= {"generated_at": draft.text(draft.issued_s), "generated_at_period_seconds": 300}
        data = []
        for point in draft.points:
            written = point.written
            pounds = written / POUND_KG if written is point.g else written
            data.append({"point_time": draft.time(point), "value": pounds, **point.changes})
        return {"data": data, "meta": meta}
