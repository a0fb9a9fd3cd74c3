"""From what a user writes after `--source` to a source. Imports only what that source needs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.intensity.choice import fallback
from greenai_infra.intensity.choice.fallback import AUTO
from greenai_infra.intensity.choice.user_settings import read_settings
from greenai_infra.intensity.model.values import Basis, Signal
from greenai_infra.intensity.service.live_source import Asking
from greenai_infra.intensity.sources.climatology import Climatology
from greenai_infra.intensity.sources.declaration import FileKind
from greenai_infra.intensity.sources.embedded import EmbeddedYear
from greenai_infra.intensity.sources.live import PUBLIC, is_live, live_sources

if TYPE_CHECKING:
    from datetime import datetime

    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.intensity.service.cache import AnswerCache

EMBEDDED = "embedded"


def names() -> list[str]:
    """What a user may write after `--source`."""
    return [AUTO, EMBEDDED, "file:PATH", *live_sources(), PUBLIC, "climatology:SOURCE"]


def open_source(
    spec: str | None,
    *,
    as_of: datetime,
    signal: Signal | str | None = None,
    basis: Basis | str | None = None,
    file_kind: FileKind | str | None = None,
    use_cache: bool = True,
) -> IntensitySource:
    """Opens the named source (see `names`), asked as of `as_of`; None means `auto`, the order in `fallback`.

    Signal, basis and kind of file may be given by their values.
    A named source never falls back to another source. Without `use_cache` services are asked afresh.
    Raises InputError for an unknown name, a signal or basis that the source lacks, a live source asked about a time
    other than now, a missing or invalid setting, or an invalid file.
    """
    signal = Signal(signal) if signal else None
    basis = Basis(basis) if basis else None
    file_kind = FileKind(file_kind) if file_kind else None
    name = (spec or AUTO).strip()
    kind, _, rest = name.partition(":")
    if name == AUTO:
        asking = _asking(as_of, signal, basis, use_cache)
        return fallback.automatic(replace(asking, total_timeout_s=fallback.TIER_TIMEOUT_S))
    if name == EMBEDDED:
        return _embedded(as_of, signal, basis)
    if names_file(name) and (rest or kind != "file"):
        from greenai_infra.intensity.sources.file import FileSource

        return FileSource(rest if kind == "file" else name, as_of=as_of, signal=signal, basis=basis, kind=file_kind)
    if kind == "climatology" and (names_file(rest) or is_live(rest)):
        inner = open_source(rest, as_of=as_of, signal=signal, basis=basis, file_kind=file_kind, use_cache=use_cache)
        return Climatology(inner, as_of)
    if is_live(name) and (not rest or _takes_detail(kind)):
        fallback.refuse_another_time(name, as_of)
        return _live(kind, replace(_asking(as_of, signal, basis, use_cache), detail=rest), signal, basis)
    raise InputError(f"'{name}' is not a source of intensity; there is {', '.join(names())}")


def names_file(spec: str) -> bool:
    """Whether a source is a file: `file:PATH`, or a path that no other source has for a name."""
    kind = spec.partition(":")[0]
    if kind == "file":
        return True
    if spec in names() or kind in ("climatology", *live_sources()) or not spec:
        return False
    return spec.casefold().endswith(".csv") or "/" in spec or os.sep in spec or Path(spec).exists()


def _takes_detail(kind: str) -> bool:
    return kind != PUBLIC and live_sources()[kind].takes_detail


def _asking(as_of: datetime, signal: Signal | None, basis: Basis | None, use_cache: bool) -> Asking:
    signal = signal or Signal.AVERAGE
    if basis is None:
        basis = Basis.DIRECT if signal is Signal.MARGINAL else Basis.LIFECYCLE
    return Asking(as_of, signal, basis, read_settings(), _cache() if use_cache else None)


def _cache() -> AnswerCache:
    from greenai_infra.intensity.service.cache import AnswerCache

    return AnswerCache.of_user()


def _live(kind: str, asking: Asking, signal: Signal | None, basis: Basis | None) -> IntensitySource:
    """Opens a named live source. The default signal and basis are those that the source offers."""
    if kind == PUBLIC:
        return fallback.open_tier(PUBLIC, asking)
    entry = live_sources()[kind]
    if missing := entry.missing(asking.settings):
        raise InputError(f"{kind} can't be asked: {missing}; `greenai-infra sources` says what each source needs")
    meanings = entry.meanings_in(asking.settings)
    fitting = [one for one in meanings if signal in (None, one[0]) and basis in (None, one[1])]
    if not fitting:
        asked = " ".join(filter(None, (signal, basis)))
        known = " or ".join(" ".join(one) for one in meanings)
        raise InputError(f"{kind} is asked for {known} intensity, not {asked}; choose another --source")
    signal, basis = fitting[0]
    return entry.open(replace(asking, signal=signal, basis=basis))


def _embedded(as_of: datetime, signal: Signal | None, basis: Basis | None) -> IntensitySource:
    if signal is Signal.MARGINAL:
        raise InputError("the embedded yearly means are average, not marginal; choose another --source")
    if basis is Basis.DIRECT:
        raise InputError(
            "the embedded direct figures are by Google region, not by grid zone: `greenai-infra regions --basis "
            "direct` ranks these; else choose another --source"
        )
    return EmbeddedYear(as_of)
