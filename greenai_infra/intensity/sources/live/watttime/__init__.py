"""WattTime: marginal intensity of the regions that the account is licensed for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import MARGINAL_DIRECT
from greenai_infra.intensity.service.live_source import LiveSource, Setting

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking


def _open(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.model.settings import SignIn
    from greenai_infra.intensity.sources.live.watttime.source import WattTime

    url = SPEC.url(asking.settings, "https://api.watttime.org")
    access = SignIn(url, SPEC.text(asking.settings, "user"), SPEC.text(asking.settings, "password"))
    return WattTime(access, as_of=asking.as_of, cache=asking.cache, total_timeout_s=asking.total_timeout_s)


SPEC = LiveSource(
    name="watttime",
    covers="what the account is licensed for; a free account: CAISO_NORTH",
    key="user and password",
    forecast="up to 72 h",
    licence="WattTime's terms",
    rank=20,
    open=_open,
    meanings=(MARGINAL_DIRECT,),
    settings=(
        Setting("user", "WATTTIME_USER"),
        Setting("password", "WATTTIME_PASSWORD", secret=True),
        Setting("base_url", "WATTTIME_BASE_URL"),
    ),
    needs=("user", "password"),
    probe="US-CAL-CISO",
)
