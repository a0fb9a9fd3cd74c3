"""Electricity Maps: what the key is licensed for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import AVERAGE_DIRECT, AVERAGE_LIFECYCLE
from greenai_infra.intensity.service.live_source import LiveSource, Setting

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking


def _open(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.model.settings import Access
    from greenai_infra.intensity.sources.live.electricity_maps.source import ElectricityMaps

    url = SPEC.url(asking.settings, "https://api.electricitymaps.com/v4")
    return ElectricityMaps(
        Access(url, SPEC.text(asking.settings, "token")),
        as_of=asking.as_of,
        basis=asking.basis,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


SPEC = LiveSource(
    name="electricity-maps",
    covers="what the key is licensed for; a free key: one zone, non-commercial",
    key="token",
    forecast="up to 72 h if licensed (life cycle only)",
    licence="Electricity Maps' terms",
    rank=10,
    open=_open,
    meanings=(AVERAGE_LIFECYCLE, AVERAGE_DIRECT),
    settings=(
        Setting("token", "ELECTRICITYMAPS_TOKEN", secret=True),
        Setting("base_url", "ELECTRICITYMAPS_BASE_URL"),
    ),
    needs=("token",),
    probe="FR",
)
