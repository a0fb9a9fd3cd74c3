"""From what a user writes after `--source` to a source. Imports only what that source needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from greenai_infra.clock import format_time
from greenai_infra.errors import InputError
from greenai_infra.intensity.climatology import Climatology
from greenai_infra.intensity.embedded import EmbeddedYear
from greenai_infra.intensity.predict import Prediction, predict
from greenai_infra.intensity.settings import ELECTRICITY_MAPS_TOKEN, electricity_maps_access
from greenai_infra.intensity.tiers import Tiers
from greenai_infra.intensity.values import Basis, Signal

if TYPE_CHECKING:
    from greenai_infra.intensity.declaration import FileKind
    from greenai_infra.intensity.source import IntensitySource

__all__ = ["AUTO", "EMBEDDED", "NAMES", "Prediction", "open_source", "predict"]

AUTO = "auto"
EMBEDDED = "embedded"
ELECTRICITY_MAPS = "electricity-maps"
NAMES = (
    AUTO,
    EMBEDDED,
    "file:PATH",
    ELECTRICITY_MAPS,
    "climatology:file:PATH",
    f"climatology:{ELECTRICITY_MAPS}",
)
NOW_TOLERANCE = timedelta(minutes=5)


def open_source(
    spec: str | None,
    *,
    as_of: datetime,
    signal: Signal | None = None,
    basis: Basis | None = None,
    file_kind: FileKind | None = None,
) -> IntensitySource:
    """The source of that name (see NAMES), asked as of `as_of`; None means `auto`.

    `auto` is Electricity Maps if a token is set, else the embedded yearly means; and these for all zones if
    Electricity Maps does not answer for every one. A source that is named gets no such fallback.
    Raises InputError for an unknown name, a signal or basis that the source does not have, a live source asked about
    another time than now, a missing token, or a file that can't be used.
    """
    name = (spec or AUTO).strip()
    if name == AUTO:
        return _automatic(as_of, signal, basis)
    if name == EMBEDDED:
        return _embedded(as_of, signal, basis)
    if name == ELECTRICITY_MAPS:
        return _electricity_maps(as_of, signal, basis)
    kind, _, rest = name.partition(":")
    if kind == "file" and rest:
        from greenai_infra.intensity.file import FileSource

        return FileSource(rest, as_of=as_of, signal=signal, basis=basis, kind=file_kind)
    if kind == "climatology" and (rest == ELECTRICITY_MAPS or rest.startswith("file:")):
        inner = open_source(rest, as_of=as_of, signal=signal, basis=basis, file_kind=file_kind)
        return Climatology(inner, as_of)
    raise InputError(f"'{name}' is not a source of intensity; there is {', '.join(NAMES)}")


def _automatic(as_of: datetime, signal: Signal | None, basis: Basis | None) -> IntensitySource:
    notes = []
    if electricity_maps_access() is None:
        notes.append(f"{ELECTRICITY_MAPS} was not asked: {ELECTRICITY_MAPS_TOKEN} is not set")
    elif not _is_now(as_of):
        notes.append(f"{ELECTRICITY_MAPS} was not asked: it answers about now, not {format_time(as_of)}")
    elif basis is Basis.DIRECT:
        return _electricity_maps(as_of, signal, basis)
    else:
        return Tiers(AUTO, [_electricity_maps(as_of, signal, basis), _embedded(as_of, signal, basis)])
    return Tiers(AUTO, [_embedded(as_of, signal, basis)], notes)


def _embedded(as_of: datetime, signal: Signal | None, basis: Basis | None) -> IntensitySource:
    if signal is Signal.MARGINAL:
        raise InputError("the embedded yearly means are average, not marginal; choose another --source")
    if basis is Basis.DIRECT:
        raise InputError(
            "the embedded direct figures are by Google region, not by grid zone: `greenai-infra regions --basis "
            "direct` ranks these; else choose another --source"
        )
    return EmbeddedYear(as_of)


def _electricity_maps(as_of: datetime, signal: Signal | None, basis: Basis | None) -> IntensitySource:
    if signal is Signal.MARGINAL:
        raise InputError(f"{ELECTRICITY_MAPS} is asked for average intensity, not marginal; choose another --source")
    if not _is_now(as_of):
        raise InputError(
            f"{ELECTRICITY_MAPS} answers about now, not {format_time(as_of)}; leave out --at, or choose embedded "
            "or file:PATH"
        )
    access = electricity_maps_access()
    if access is None:
        raise InputError(f"{ELECTRICITY_MAPS} needs a token: set {ELECTRICITY_MAPS_TOKEN}")
    from greenai_infra.intensity.cache import AnswerCache
    from greenai_infra.intensity.electricity_maps import ElectricityMaps

    return ElectricityMaps(access, as_of=as_of, basis=basis or Basis.LIFECYCLE, cache=AnswerCache.of_user())


def _is_now(as_of: datetime) -> bool:
    return abs(as_of - datetime.now(UTC)) <= NOW_TOLERANCE
