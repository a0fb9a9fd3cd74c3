"""What an intensity source answers: a value, a series of steps, or why the value is unknown.

Intensity values are means over their interval, not samples: a series is a step function.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.clock import from_unix

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from numpy.typing import NDArray

__all__ = [
    "Basis",
    "Flag",
    "Intensity",
    "Kind",
    "Provenance",
    "Series",
    "Signal",
    "Unavailable",
    "constant",
    "cut",
]


class Kind(StrEnum):
    """How a value came to be known. Only LIVE may be called live: measured, current, straight from its source.

    LATEST is the newest value that a live source has, with a flag that says why it isn't live.
    """

    LIVE = "live"
    LATEST = "latest"
    HISTORY = "history"
    FORECAST = "forecast"
    CLIMATOLOGY = "climatology"
    YEARLY_MEAN = "yearly mean"


class Flag(StrEnum):
    """What a reader must know before trusting a value."""

    DOUBTFUL = "doubtful"
    ESTIMATED = "estimated"
    FALLBACK = "fallback"
    CACHED = "cached"
    SANDBOX = "sandbox"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where values come from: `source` names publisher and data set, `detail` the year, method or file.

    `observed_at` is the start of the interval that the newest underlying observation covers. `service` is the requested
    address, empty without a request; it tells two services of the same publisher apart. `left_out` says which of the
    source's steps are treated as gaps, and why; empty without gaps.
    """

    source: str
    signal: Signal
    basis: Basis
    kind: Kind
    observed_at: datetime
    flags: frozenset[Flag] = frozenset()
    detail: str = ""
    service: str = field(default="", compare=False)
    left_out: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.kind is Kind.LIVE and self.flags:
            raise ValueError(f"{self.source}: a value that is {', '.join(sorted(self.flags))} can't be called live")

    def age(self, now: datetime) -> timedelta:
        """Time since the observation; negative for what lies ahead."""
        return now - self.observed_at

    @property
    def doubtful(self) -> bool:
        """Whether the values must not decide anything."""
        return Flag.DOUBTFUL in self.flags

    def flagged(self, *flags: Flag, detail: str = "") -> Provenance:
        """The same with more flags, and so no longer live; `detail` is added to what is there."""
        kind = Kind.LATEST if flags and self.kind is Kind.LIVE else self.kind
        details = "; ".join(text for text in (self.detail, detail) if text)
        return replace(self, kind=kind, flags=self.flags.union(flags), detail=details)


@dataclass(frozen=True, slots=True)
class Intensity:
    """The intensity of a zone over an interval, in gCO2eq per kWh."""

    zone: str
    g_per_kwh: float
    provenance: Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Intensity of a zone as steps.

    `edges_s` has shape (n + 1,): Unix seconds, strictly increasing. `g_per_kwh` has shape (n,): the mean over each
    step, NaN where the source has a gap.
    """

    zone: str
    edges_s: NDArray[np.float64]
    g_per_kwh: NDArray[np.float64]
    provenance: Provenance

    def __post_init__(self) -> None:
        if self.edges_s.shape != (self.g_per_kwh.size + 1,) or self.g_per_kwh.size == 0:
            raise ValueError(f"{self.zone}: {self.edges_s.size} edges do not bound {self.g_per_kwh.size} steps")
        if not np.all(np.diff(self.edges_s) > 0):
            raise ValueError(f"{self.zone}: step edges must increase")

    @property
    def start(self) -> datetime:
        """Start of the first step, UTC."""
        return from_unix(float(self.edges_s[0]))

    @property
    def end(self) -> datetime:
        """End of the last step, UTC."""
        return from_unix(float(self.edges_s[-1]))

    def mean(self, start: datetime, end: datetime) -> float:
        """Time-weighted mean over [start, end), in g/kWh; NaN if part of it is not covered."""
        start_s, end_s = start.timestamp(), end.timestamp()
        if start_s < self.edges_s[0] or end_s > self.edges_s[-1] or end_s <= start_s:
            return float("nan")
        overlap = np.clip(np.minimum(self.edges_s[1:], end_s) - np.maximum(self.edges_s[:-1], start_s), 0, None)
        used = overlap > 0
        return float(np.dot(overlap[used], self.g_per_kwh[used]) / overlap.sum())


def cut(series: Series, start: datetime, end: datetime) -> Series | None:
    """Returns the whole steps that overlap [start, end), or None without any."""
    first = int(np.searchsorted(series.edges_s, start.timestamp(), side="right")) - 1
    last = int(np.searchsorted(series.edges_s, end.timestamp(), side="left"))
    first, last = max(first, 0), min(last, series.g_per_kwh.size)
    if first >= last:
        return None
    return replace(series, edges_s=series.edges_s[first : last + 1], g_per_kwh=series.g_per_kwh[first:last])


def constant(value: Intensity, start: datetime, end: datetime) -> Series:
    """Returns a series with a single step over [start, end)."""
    edges = np.array([start.timestamp(), end.timestamp()])
    return Series(value.zone, edges, np.array([value.g_per_kwh]), value.provenance)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why a source has no data for a zone, in words for a user. Never holds a key or token."""

    zone: str
    reason: str
    hint: str = field(default="")
