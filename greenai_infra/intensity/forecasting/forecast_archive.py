"""Forecasts as fetched, kept for some days: services don't serve their past forecasts.

A small JSON file per forecast, in the directory of answers. For each six hours the forecast that reaches farthest is
kept, as hourly means. File names describe their content, so that a directory listing answers most questions. Concurrent
writers are safe: each file appears whole, and a second file for the same hours is only a spare copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenai_infra.errors import InputError
from greenai_infra.files import write_all
from greenai_infra.intensity.forecasting.hindcasts import hourly_values
from greenai_infra.intensity.model.checks import implausible
from greenai_infra.intensity.model.values import Flag, Kind
from greenai_infra.intensity.service.cache import AnswerCache
from greenai_infra.intensity.sources.climatology import HOUR_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from greenai_infra.intensity.model.values import Provenance, Series

SLOT_S = 6 * HOUR_S
MAX_AGE_S = 8 * 24 * HOUR_S  # they are compared with the last seven days
MAX_HOURS = 14 * 24
MAX_FILES = 4000  # of about 1 kB each: 32 a zone in eight days
VERSION = 1
_NAME = re.compile(r"([0-9a-f]{32})-(\d{1,9})-(\d{1,4})\.json")

_log = logging.getLogger(__name__)


class PastForecast(NamedTuple):
    """Hourly means from `first_hour` on (Unix hours), g/kWh."""

    first_hour: int
    g_per_kwh: NDArray[np.float64]


class _File(NamedTuple):
    name: str
    slot: int
    hours: int


class ForecastArchive:
    """The forecasts in a directory, by default the user's. In a read-only directory, forecasts are dropped."""

    def __init__(self, directory: Path | None = None) -> None:
        self._given = directory
        self._writable = True

    @cached_property
    def directory(self) -> Path:
        """Where the files are; resolved when first needed."""
        if self._given:
            return self._given

        return AnswerCache.of_user().directory / "forecasts"

    def keep(self, forecasts: Iterable[Series]) -> None:
        """Keep forecasts that a service has answered; anything else, and made-up values, are passed over."""
        fitting = [one for one in forecasts if _may_be_kept(one.provenance)]
        if not fitting or not self._writable:
            return
        kept = self._listing()
        texts: dict[str, str] = {}
        replaced: list[str] = []
        for series in fitting:
            of = series.provenance
            first_hour = -int(-series.edges_s[0] // HOUR_S)
            hours = min(int(series.edges_s[-1] // HOUR_S) - first_hour, MAX_HOURS)
            slot = int(of.observed_at.timestamp() // SLOT_S)
            same = [one for one in kept.get(_digest(series), ()) if one.slot == slot]
            if hours < 1 or any(one.hours >= hours for one in same):
                continue
            values = hourly_values(series, first_hour, hours)
            texts[f"{_digest(series)}-{slot}-{hours}.json"] = json.dumps(
                {
                    "version": VERSION,
                    **_meaning(series),
                    "issued_s": of.observed_at.timestamp(),
                    "first_hour": first_hour,
                    "g_per_kwh": [None if np.isnan(value) else float(value) for value in values],
                }
            )
            replaced += [one.name for one in same]
        if texts:
            self._write(texts)
            newest = max(int(name.split("-")[1]) for name in texts)
            self._remove([*replaced, *_surplus(kept, newest)])

    def past(self, forecasts: Iterable[Series]) -> dict[str, list[PastForecast]]:
        """By zone what was forecast before by the same source, the oldest first."""
        kept = self._listing()
        found = {}
        for series in forecasts:
            best: dict[int, _File] = {}
            for one in kept.get(_digest(series), ()):
                if one.slot not in best or one.hours > best[one.slot].hours:
                    best[one.slot] = one
            read = [self._read(best[slot].name, series) for slot in sorted(best)]
            found[series.zone] = [one for one in read if one]
        return found

    def _listing(self) -> dict[str, list[_File]]:
        """The kept files by digest of what they are of."""
        found: dict[str, list[_File]] = {}
        try:
            names = os.listdir(self.directory)
        except OSError:
            return {}
        for name in names:
            if match := _NAME.fullmatch(name):
                found.setdefault(match[1], []).append(_File(name, int(match[2]), int(match[3])))
        return found

    def _read(self, name: str, series: Series) -> PastForecast | None:
        path = self.directory / name
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["version"] != VERSION:
                return None
            meaning = (series.provenance.signal, series.provenance.basis)
            values = [np.nan if g is None else float(g) for g in stored["g_per_kwh"]]
            problem = next(filter(None, (implausible(g, meaning) for g in values if not np.isnan(g))), "")
            if problem or not values or {key: stored[key] for key in _meaning(series)} != _meaning(series):
                raise ValueError(problem or "it is another one than its name says")
            return PastForecast(int(stored["first_hour"]), np.array(values))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            _log.warning("a broken file in the cache was discarded: %s (%s)", path, type(error).__name__)
            self._remove([name])
            return None

    def _write(self, texts: dict[str, str]) -> None:

        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_all({self.directory / name: text for name, text in texts.items()})
        except (OSError, InputError) as error:
            self._writable = False
            _log.warning("forecasts can't be kept in %s: %s", self.directory, getattr(error, "strerror", error))

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            with contextlib.suppress(OSError):
                (self.directory / name).unlink()


def _may_be_kept(of: Provenance) -> bool:
    return of.kind is Kind.FORECAST and of.service != "" and Flag.SANDBOX not in of.flags


def _surplus(kept: dict[str, list[_File]], newest_slot: int) -> list[str]:
    """The files that are too old, and the oldest of too many."""
    files = sorted((one.slot, one.name) for group in kept.values() for one in group)
    oldest = newest_slot - MAX_AGE_S // SLOT_S
    return [name for number, (slot, name) in enumerate(files) if slot < oldest or number < len(files) - MAX_FILES]


def _meaning(series: Series) -> dict[str, str]:
    of = series.provenance
    return {
        "service": of.service,
        "source": of.source,
        "signal": of.signal.value,
        "basis": of.basis.value,
        "zone": series.zone,
    }


def _digest(series: Series) -> str:
    return hashlib.sha256(json.dumps(list(_meaning(series).values())).encode()).hexdigest()[:32]
