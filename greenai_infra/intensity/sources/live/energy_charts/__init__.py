"""Energy-Charts: European countries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import AVERAGE_LIFECYCLE
from greenai_infra.intensity.service.live_source import LiveSource, Setting

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking


def _open(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.live.energy_charts.source import EnergyCharts

    return EnergyCharts(
        SPEC.url(asking.settings, "https://api.energy-charts.info"),
        as_of=asking.as_of,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


SPEC = LiveSource(
    name="energy-charts",
    covers="countries of Europe that are one zone",
    key="none",
    forecast="the day ahead",
    licence="CC BY 4.0",
    rank=50,
    open=_open,
    meanings=(AVERAGE_LIFECYCLE,),
    settings=(Setting("base_url", "ENERGY_CHARTS_BASE_URL"),),
    probe="DE",
    public=True,
)
