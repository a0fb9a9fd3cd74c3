"""EIA, API v2: generation by fuel, such that the mix has the intensity wanted."""

from typing import Any, ClassVar

from greenai_infra.intensity.model.settings import Access
from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.sources.live.eia.source import Eia

from ..draft import SAME, Draft, Point
from ..wire import Request
from ..world import HOUR_S
from .base import SECRET, Api, Opening, Window, moment_s

GAS_G_PER_KWH = {Basis.DIRECT: 435.0, Basis.LIFECYCLE: 555.0}
NUCLEAR_G_PER_KWH = {Basis.DIRECT: 0.0, Basis.LIFECYCLE: 12.0}
"""As the README of the data and its sources state them."""

TOTAL_MWH = 10_000.0


class EiaApi(Api):
    name = "eia"
    places: ClassVar[dict[str, str]] = {"US-CAL-CISO": "CISO", "US-TEX-ERCO": "ERCO", "US-NW-BPAT": "BPAT"}
    kinds = ("latest", "history")
    meanings = ((Signal.AVERAGE, Basis.LIFECYCLE), (Signal.AVERAGE, Basis.DIRECT))
    says = frozenset({"place", "unit", "estimate"})
    keyed = True
    delay_s = HOUR_S

    def open(self, url: str, how: Opening) -> Eia:
        return Eia(
            Access(f"{url}/v2", SECRET),
            basis=how.basis,
            as_of=how.as_of,
            cache=how.cache,
            total_timeout_s=how.timeout_s,
        )

    def read(self, asked: Request, now_s: float) -> Window:
        assert asked.path == "v2/electricity/rto/fuel-type-data/data/"
        assert asked.params["api_key"] == SECRET
        first_s, last_s = (moment_s(f"{asked.params[key]}:00Z") for key in ("start", "end"))
        return Window("history", asked.params["facets[respondent][]"], first_s - HOUR_S, last_s)

    def render(self, draft: Draft) -> Any:
        """Gas and nuclear, and a battery that is left out. A period is the end of its hour."""
        rows = []
        for point in draft.points:
            end = draft.text(point.start_s + HOUR_S, "%Y-%m-%dT%H").removesuffix("Z")
            common = {
                "period": end if point.time is SAME else point.time,
                "respondent": draft.labels.get("place", draft.place),
                "respondent-name": "An authority",
                "value-units": draft.labels.get("unit", "megawatthours"),
            }
            for code, mwh in mix(draft.basis, point).items():
                rows.append({**common, "fueltype": draft.labels.get(code, code), "value": mwh, **point.changes})
        total = draft.labels.get("total", str(len(rows)))
        response = {"total": total, "dateFormat": 'YYYY-MM-DD"T"HH24', "frequency": "hourly", "data": rows}
        return {"response": {**response, **draft.labels.get("response", {})}, "request": {}, "apiVersion": "2.1.8"}


def mix(basis: Basis, point: Point) -> dict[str, Any]:
    """MWh by code, as text like EIA's. A value that is a fault stands in place of that of gas."""
    gas, nuclear = GAS_G_PER_KWH[basis], NUCLEAR_G_PER_KWH[basis]
    gas_mwh = TOTAL_MWH * (point.g - nuclear) / (gas - nuclear)
    written = point.written
    return {
        "BAT": "-120",
        "NG": f"{gas_mwh:.9f}" if written is point.g else written,
        "NUC": f"{TOTAL_MWH - gas_mwh:.9f}",
    }
