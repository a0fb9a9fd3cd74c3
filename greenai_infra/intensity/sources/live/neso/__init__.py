"""NESO's Carbon Intensity API: Great Britain and its regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import AVERAGE_DIRECT
from greenai_infra.errors import InputError
from greenai_infra.intensity.service.live_source import LiveSource, Setting

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking


def _open(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.live.neso.source import Neso

    detail = asking.detail
    if detail and not (detail.isdecimal() and 1 <= int(detail) <= 17):
        raise InputError(f"'neso:{detail}': a region of Great Britain is a number from 1 to 17, as 13 for London")
    return Neso(
        SPEC.url(asking.settings, "https://api.carbonintensity.org.uk"),
        region_id=int(detail) if detail else None,
        as_of=asking.as_of,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


SPEC = LiveSource(
    name="neso",
    covers="Great Britain; neso:1 to neso:17 for a region of it",
    key="none",
    forecast="48 h",
    licence="CC BY 4.0",
    rank=40,
    open=_open,
    meanings=(AVERAGE_DIRECT,),
    settings=(Setting("base_url", "NESO_BASE_URL"),),
    probe="GB",
    public=True,
    takes_detail=True,
)
