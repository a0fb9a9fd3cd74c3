"""EIA: balancing authorities of the United States, by their fuel mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import AVERAGE_DIRECT, AVERAGE_LIFECYCLE
from greenai_infra.intensity.service.live_source import LiveSource, Setting

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking


def _open(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.model.settings import Access
    from greenai_infra.intensity.sources.live.eia.source import Eia

    access = Access(SPEC.url(asking.settings, "https://api.eia.gov/v2"), SPEC.text(asking.settings, "api_key"))
    return Eia(
        access, basis=asking.basis, as_of=asking.as_of, cache=asking.cache, total_timeout_s=asking.total_timeout_s
    )


SPEC = LiveSource(
    name="eia",
    covers="balancing authorities of the United States, by fuel mix, imports left out",
    key="free key",
    forecast="none",
    licence="public domain",
    rank=60,
    open=_open,
    meanings=(AVERAGE_LIFECYCLE, AVERAGE_DIRECT),
    settings=(Setting("api_key", "EIA_API_KEY", secret=True), Setting("base_url", "EIA_BASE_URL")),
    needs=("api_key",),
    probe="US-CAL-CISO",
    public=True,
)
