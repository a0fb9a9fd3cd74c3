"""What an intensity source answers: one value, a series of steps, or the reason why there is none.

Intensity values are means over their interval, not samples: a series is a step function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.clock import from_unix

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from numpy.typing import NDArray


class Signal(StrEnum):
    """Which plants an intensity speaks of: all that run, or those that answer to one kWh more."""

    AVERAGE = "average"
    MARGINAL = "marginal"


class Basis(StrEnum):
    """Which emissions of a plant count: its stack alone, or its whole life cycle."""

    LIFECYCLE = "lifecycle"
    DIRECT = "direct"


class Kind(StrEnum):
    """How a value came to be known. Only LIVE may be called live."""

    LIVE = "live"
    HISTORY = "history"
    FORECAST = "forecast"
    CLIMATOLOGY = "climatology"
    YEARLY_MEAN = "yearly mean"


class Flag(StrEnum):
    """What a reader must know before trusting a value."""

    ESTIMATED = "estimated"
    FALLBACK = "fallback"
    CACHED = "cached"
    SANDBOX = "sandbox"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where values come from: `source` names publisher and data set, `detail` the year, method or file.

    `observed_at` is the start of the interval that the newest underlying observation covers.
    """

    source: str
    signal: Signal
    basis: Basis
    kind: Kind
    observed_at: datetime
    flags: frozenset[Flag] = frozenset()
    detail: str = ""

    def age(self, now: datetime) -> timedelta:
        """Time since the observation; negative for what lies ahead."""
        return now - self.observed_at


@dataclass(frozen=True, slots=True)
class Intensity:
    """The intensity of one zone over one interval, in gCO2eq per kWh."""

    zone: str
    g_per_kwh: float
    provenance: Provenance


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Intensity of one zone as steps.

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


def constant(value: Intensity, start: datetime, end: datetime) -> Series:
    """One step that holds a single value over [start, end)."""
    edges = np.array([start.timestamp(), end.timestamp()])
    return Series(value.zone, edges, np.array([value.g_per_kwh]), value.provenance)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why a source has nothing for a zone, in words for a user. Never holds a key or token."""

    zone: str
    reason: str
    hint: str = field(default="")
