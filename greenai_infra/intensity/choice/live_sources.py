"""The live sources there are: what each covers and needs, and how it is opened. Imports none of them before that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.catalog.signals import AVERAGE_DIRECT, AVERAGE_LIFECYCLE, MARGINAL_DIRECT
from greenai_infra.errors import InputError
from greenai_infra.intensity.model.settings import Access, SignIn
from greenai_infra.intensity.model.values import Basis, Signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenai_infra.intensity.model.settings import Settings
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.cache import AnswerCache


@dataclass(frozen=True, slots=True)
class Asking:
    """How a live source is asked: as of now, for values of one signal and basis, within a time for each question.

    `detail` is what follows the name after `--source`, as 13 in neso:13; mostly empty.
    """

    as_of: datetime
    signal: Signal
    basis: Basis
    settings: Settings
    cache: AnswerCache | None
    total_timeout_s: float | None = None
    detail: str = ""


class LiveSource(Struct, frozen=True):
    """One source as `greenai-infra sources` lists it.

    `needs` are the keys of the settings without which it can't be asked, `probe` is a zone to try it with, and `open`
    makes it from settings that are complete.
    """

    name: str
    covers: str
    key: str
    forecast: str
    licence: str
    meanings: tuple[tuple[Signal, Basis], ...]
    needs: tuple[str, ...]
    probe: str
    open: Callable[[Asking], IntensitySource]

    def missing(self, settings: Settings) -> str:
        """What has to be set before this source can be asked, "" if nothing; the first if all is. Never a value."""
        unset = [settings.where(self.name, key) for key in self.needs if settings.get(self.name, key) is None]
        if len(unset) == len(self.needs):
            unset = unset[:1]
        return f"{' and '.join(unset)} {'is' if len(unset) == 1 else 'are'} not set" if unset else ""

    def lacks(self, signal: Signal, basis: Basis) -> str:
        """Why this source has no values of that meaning, "" if it has."""
        if (signal, basis) in self.meanings or not self.meanings:
            return ""
        return f"it knows {self.meaning}, not {signal} {basis}"

    @property
    def meaning(self) -> str:
        """Signal and basis as people read them."""
        return " or ".join(f"{signal} {basis}" for signal, basis in self.meanings) or "as you state"


def _required(asking: Asking, source: str, key: str, default: str | None = None, *, keyed: bool) -> str:
    url = asking.settings.url(source, key, default, keyed=keyed)
    assert url is not None
    return url


def _token(asking: Asking, source: str, key: str) -> str:
    token = asking.settings.get(source, key)
    assert token is not None
    return token


def _electricity_maps(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.electricity_maps import ElectricityMaps

    name = "electricity-maps"
    url = _required(asking, name, "base_url", "https://api.electricitymaps.com/v4", keyed=True)
    access = Access(url, _token(asking, name, "token"))
    return ElectricityMaps(
        access, as_of=asking.as_of, basis=asking.basis, cache=asking.cache, total_timeout_s=asking.total_timeout_s
    )


def _watttime(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.watttime import WattTime

    name = "watttime"
    url = _required(asking, name, "base_url", "https://api.watttime.org", keyed=True)
    access = SignIn(url, _token(asking, name, "user"), _token(asking, name, "password"))
    return WattTime(access, as_of=asking.as_of, cache=asking.cache, total_timeout_s=asking.total_timeout_s)


def _carbon_aware_sdk(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.carbon_aware_sdk import CarbonAwareSdk

    name = "carbon-aware-sdk"
    stated = stated_meaning(asking.settings)
    if stated != (asking.signal, asking.basis):
        raise InputError(
            f"{name} is stated to answer {' '.join(stated)}, and was asked for {asking.signal} {asking.basis}; "
            f"correct {asking.settings.where(name, 'signal')} and {asking.settings.where(name, 'basis')}"
        )
    return CarbonAwareSdk(
        _required(asking, name, "url", keyed=False),
        locations=asking.settings.table(name, "locations"),
        signal=asking.signal,
        basis=asking.basis,
        as_of=asking.as_of,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


def stated_meaning(settings: Settings) -> tuple[Signal, Basis]:
    """What the user says a Carbon Aware SDK answers: its WebApi doesn't say. Raises InputError for other words."""
    name = "carbon-aware-sdk"
    signal, basis = settings.get(name, "signal") or "", settings.get(name, "basis") or ""
    for key, word, words in (("signal", signal, Signal), ("basis", basis, Basis)):
        if word not in list(words):
            raise InputError(f"{settings.where(name, key)} is '{word}'; it is {' or '.join(words)}")
    return Signal(signal), Basis(basis)


def _neso(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.neso import Neso

    detail = asking.detail
    if detail and not (detail.isdecimal() and 1 <= int(detail) <= 17):
        raise InputError(f"'neso:{detail}': a region of Great Britain is a number from 1 to 17, as 13 for London")
    return Neso(
        _required(asking, "neso", "base_url", "https://api.carbonintensity.org.uk", keyed=False),
        region_id=int(detail) if detail else None,
        as_of=asking.as_of,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


def _energy_charts(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.energy_charts import EnergyCharts

    return EnergyCharts(
        _required(asking, "energy-charts", "base_url", "https://api.energy-charts.info", keyed=False),
        as_of=asking.as_of,
        cache=asking.cache,
        total_timeout_s=asking.total_timeout_s,
    )


def _eia(asking: Asking) -> IntensitySource:
    from greenai_infra.intensity.sources.eia import Eia

    access = Access(
        _required(asking, "eia", "base_url", "https://api.eia.gov/v2", keyed=True), _token(asking, "eia", "api_key")
    )
    return Eia(
        access, basis=asking.basis, as_of=asking.as_of, cache=asking.cache, total_timeout_s=asking.total_timeout_s
    )


LIVE_SOURCES = (
    LiveSource(
        name="electricity-maps",
        covers="what the key is licensed for; a free key: one zone, non-commercial",
        key="token",
        forecast="up to 72 h if licensed (life cycle only)",
        licence="Electricity Maps' terms",
        meanings=(AVERAGE_LIFECYCLE, AVERAGE_DIRECT),
        needs=("token",),
        probe="FR",
        open=_electricity_maps,
    ),
    LiveSource(
        name="watttime",
        covers="what the account is licensed for; a free account: CAISO_NORTH",
        key="user and password",
        forecast="up to 72 h",
        licence="WattTime's terms",
        meanings=(MARGINAL_DIRECT,),
        needs=("user", "password"),
        probe="US-CAL-CISO",
        open=_watttime,
    ),
    LiveSource(
        name="carbon-aware-sdk",
        covers="the locations that you name for zones",
        key="none: the URL of your own WebApi",
        forecast="if its data source has one",
        licence="that of its data source",
        meanings=(),
        needs=("url", "signal", "basis"),
        probe="",
        open=_carbon_aware_sdk,
    ),
    LiveSource(
        name="neso",
        covers="Great Britain; neso:1 to neso:17 for a region of it",
        key="none",
        forecast="48 h",
        licence="CC BY 4.0",
        meanings=(AVERAGE_DIRECT,),
        needs=(),
        probe="GB",
        open=_neso,
    ),
    LiveSource(
        name="energy-charts",
        covers="countries of Europe that are one zone",
        key="none",
        forecast="the day ahead",
        licence="CC BY 4.0",
        meanings=(AVERAGE_LIFECYCLE,),
        needs=(),
        probe="DE",
        open=_energy_charts,
    ),
    LiveSource(
        name="eia",
        covers="balancing authorities of the United States, by fuel mix, imports left out",
        key="free key",
        forecast="none",
        licence="public domain",
        meanings=(AVERAGE_LIFECYCLE, AVERAGE_DIRECT),
        needs=("api_key",),
        probe="US-CAL-CISO",
        open=_eia,
    ),
)
BY_NAME = {one.name: one for one in LIVE_SOURCES}
PUBLIC = "public"
"""After `--source`: the sources that need no contract, asked together."""


def is_live(name: str) -> bool:
    """Whether a source of that name, as after `--source`, asks a service."""
    first = name.removeprefix("climatology:").partition(":")[0]
    return first in BY_NAME or first == PUBLIC
