"""The WebApi of a Carbon Aware SDK that the user runs; it does not say what its values mean, so the settings do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.intensity.service.live_source import LiveSource, Setting

if TYPE_CHECKING:
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking


def _open(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.live.carbon_aware_sdk.source import CarbonAwareSdk

    settings, name = asking.settings, SPEC.name
    (stated,) = SPEC.meanings_in(settings)
    if stated != (asking.signal, asking.basis):
        raise InputError(
            f"{name} is stated to answer {' '.join(stated)}, and was asked for {asking.signal} {asking.basis}; "
            f"correct {settings.where(name, 'signal')} and {settings.where(name, 'basis')}"
        )
    return CarbonAwareSdk(
        SPEC.url(settings, key="url"),
        locations=settings.table(name, "locations"),
        signal=asking.signal,
        basis=asking.basis,
        as_of=asking.as_of,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


SPEC = LiveSource(
    name="carbon-aware-sdk",
    covers="the locations that you name for zones",
    key="none: the URL of your own WebApi",
    forecast="if its data source has one",
    licence="that of its data source",
    rank=30,
    open=_open,
    settings=(
        Setting("url", "CARBON_AWARE_SDK_URL"),
        Setting("signal", "CARBON_AWARE_SDK_SIGNAL"),
        Setting("basis", "CARBON_AWARE_SDK_BASIS"),
    ),
    needs=("url", "signal", "basis"),
    tables=("locations",),
)
