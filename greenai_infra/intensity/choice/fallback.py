"""The order in which `--source auto` asks the sources, by their ranks.

The first tier that covers every candidate zone in the requested signal and basis answers for all zones. After the tiers
come cached answers less than six hours old, then, for average life cycle values, the embedded yearly means.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from greenai_infra.catalog.signals import AVERAGE_LIFECYCLE
from greenai_infra.clock import format_time
from greenai_infra.errors import DataUnavailable, InputError
from greenai_infra.intensity.choice.tiers import Tiers
from greenai_infra.intensity.choice.user_settings import read_settings
from greenai_infra.intensity.sources.embedded import EmbeddedYear
from greenai_infra.intensity.sources.live import PUBLIC, live_sources

if TYPE_CHECKING:
    from greenai_infra.catalog.signals import Basis, Signal
    from greenai_infra.intensity.choice.union import RegionalSource
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.live_source import Asking

AUTO = "auto"

TIER_TIMEOUT_S = 12.0  # per kind of question and tier, so that a hanging service does not keep the user waiting
NOW_TOLERANCE = timedelta(minutes=5)


def order() -> dict[str, tuple[str, ...]]:
    """The sources of each tier, best first. A tier's sources are asked together, each about the zones it covers."""
    specs = live_sources().values()
    public = tuple(spec.name for spec in specs if spec.public)
    return {**{spec.name: (spec.name,) for spec in specs if not spec.public}, PUBLIC: public}


def automatic(asking: Asking) -> Tiers:
    """All tiers that can be asked. `notes` name the others. Raises DataUnavailable without any tier."""
    tiers: list[IntensitySource] = []
    left = []
    for name in order():
        if why_not := _why_not(name, asking):
            left.append(f"{name} ({why_not})")
        else:
            tiers.append(open_tier(name, asking))
    notes = [f"not asked: {', '.join(left)}"] if left else []
    last = EmbeddedYear(asking.as_of) if (asking.signal, asking.basis) == AVERAGE_LIFECYCLE else None
    if not tiers and last is None:
        raise DataUnavailable(
            f"no source of {asking.signal} {asking.basis} intensity can be asked: {'; '.join(notes)}. "
            "`greenai-infra sources` says what each needs"
        )
    return Tiers(AUTO, tiers, notes, last=last)


def has_contract(signal: Signal, basis: Basis) -> bool:
    """Whether a source that needs a contract is set up for such values, so that `auto` asks it."""
    settings = read_settings()
    return any(
        not spec.public and not spec.missing(settings) and (signal, basis) in spec.meanings_in(settings)
        for spec in live_sources().values()
    )


def open_tier(name: str, asking: Asking) -> IntensitySource:
    """The source, or the union of the sources, of a tier."""
    if name != PUBLIC:
        return live_sources()[name].open(asking)
    from greenai_infra.intensity.choice.union import Union

    parts, absent = [], []
    for source in _sources_of(name):
        if reason := missing_or_lacking(source, asking):
            absent.append(f"{source}: {reason}")
        else:
            parts.append(cast("RegionalSource", live_sources()[source].open(asking)))
    return Union(name, parts, asking.as_of, absent)


def missing_or_lacking(source: str, asking: Asking) -> str:
    """Returns why a source can't be asked: a missing setting, or another signal or basis; "" if it can be asked."""
    entry = live_sources()[source]
    return entry.missing(asking.settings) or entry.lacks(asking.signal, asking.basis)


def _why_not(tier: str, asking: Asking) -> str:
    reasons = [missing_or_lacking(source, asking) for source in _sources_of(tier)]
    if "" not in reasons:
        return "; ".join(dict.fromkeys(reasons))
    if not is_now(asking.as_of):
        return f"it answers about now, not {format_time(asking.as_of)}"
    return ""


def _sources_of(tier: str) -> tuple[str, ...]:
    return order()[tier]


def is_now(moment: datetime) -> bool:
    """Whether a live source can be asked about it."""
    return abs(moment - datetime.now(UTC)) <= NOW_TOLERANCE


def refuse_another_time(name: str, as_of: datetime) -> None:
    """Raises InputError if a live source is asked about a time other than now."""
    if not is_now(as_of):
        raise InputError(
            f"{name} answers about now, not {format_time(as_of)}; leave out --at, or choose embedded or file:PATH"
        )
