"""Which sources are usable, and whether they answer: each asked once, all at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import hours_between
from greenai_infra.errors import GreenAIError
from greenai_infra.intensity.model.values import Intensity, Unavailable
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.service.live import silence
from greenai_infra.intensity.service.live_source import Asking
from greenai_infra.intensity.sources.live import live_sources

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.intensity.model.settings import Settings
    from greenai_infra.intensity.service.live_source import LiveSource

READY, NOT_SET_UP, ANSWERS, FAILS = "ready", "not set up", "answers", "no answer"


@dataclass(frozen=True, slots=True)
class Status:
    """A source: `state` is READY, NOT_SET_UP, ANSWERS or FAILS; `detail` says what is missing or was answered."""

    name: str
    state: str
    values: str
    forecast: str
    covers: str
    key: str
    licence: str
    detail: str

    @property
    def failed(self) -> bool:
        """Whether it was asked in vain."""
        return self.state == FAILS

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


EMBEDDED = Status(
    name="embedded",
    state=READY,
    values="average lifecycle",
    forecast="none",
    covers="all regions, by yearly means",
    key="none",
    licence="ODbL 1.0",
    detail="",
)


def statuses(settings: Settings, as_of: datetime, *, check: bool) -> list[Status]:
    """Returns the state of every source; `check` asks each source that is set up about one zone, without the cache."""
    sources = live_sources().values()
    with ThreadPoolExecutor(max_workers=len(sources)) as pool:
        found = list(pool.map(lambda source: _status(source, settings, as_of, check), sources))
    return [EMBEDDED, *found]


def _status(source: LiveSource, settings: Settings, as_of: datetime, check: bool) -> Status:
    def of(state: str, detail: str) -> Status:
        return Status(
            source.name, state, source.meaning, source.forecast, source.covers, source.key, source.licence, detail
        )

    try:
        if missing := source.missing(settings):
            return of(NOT_SET_UP, missing)
        signal, basis = source.meanings_in(settings)[0]
        opened = source.open(Asking(as_of, signal, basis, settings, None))
        zone = source.probe or next(iter(settings.table(source.name, "locations")), "")
        if not zone:
            return of(NOT_SET_UP, f"no zone is given a location: [{source.name}] locations in {settings.file}")
    except GreenAIError as error:
        return of(NOT_SET_UP, str(error))
    if not check:
        return of(READY, silence(AnswerCache.of_user(), source.name, as_of))
    answer = opened.latest([zone])[zone]
    return of(FAILS, answer.reason) if isinstance(answer, Unavailable) else of(ANSWERS, _described(answer, as_of))


def _described(value: Intensity, as_of: datetime) -> str:
    provenance = value.provenance
    flags = f", {', '.join(sorted(provenance.flags))}" if provenance.flags else ""
    age_minutes = max(0.0, hours_between(provenance.observed_at, as_of) * 60)
    detail = f" ({provenance.detail})" if provenance.detail else ""
    return (
        f"{value.zone} {value.g_per_kwh:g} g/kWh, {provenance.signal} {provenance.basis}, "
        f"{provenance.kind}{flags}, {age_minutes:.0f} min old{detail}"
    )
