"""What a live source read from one answer: hourly means with their start, before they become a value or a series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from greenai_infra.intensity.checks import implausible
from greenai_infra.intensity.values import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_S = 3600
MAX_SPAN_HOURS = 366 * 24


@dataclass(frozen=True, slots=True)
class Points:
    """Means of an hour: `starts_s` in Unix seconds, strictly increasing; `g_per_kwh` None where the source has none.

    `issued_s` is when a forecast was made, None if not known or not a forecast.
    """

    starts_s: tuple[float, ...]
    g_per_kwh: tuple[float | None, ...]
    flags: frozenset[Flag]
    issued_s: float | None = None

    @classmethod
    def of(cls, values: dict[float, float | None], flags: frozenset[Flag], issued_s: float | None = None) -> Points:
        """Points in order of time. Raises ValueError if there are none, or one is implausible."""
        if not values:
            raise ValueError("the answer holds no values")
        for value in values.values():
            if value is not None and (problem := implausible(value)):
                raise ValueError(problem)
        starts = sorted(values)
        return cls(tuple(starts), tuple(values[start] for start in starts), flags, issued_s)

    @property
    def newest(self) -> tuple[float, float] | None:
        """Start and value of the last point that has a value."""
        known = [(start, g) for start, g in zip(self.starts_s, self.g_per_kwh, strict=True) if g is not None]
        return known[-1] if known else None

    def steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Edges (n + 1,) and values (n,), hour by hour, NaN in gaps. Raises ValueError for a time off the hour."""
        if any(start % HOUR_S for start in self.starts_s):
            raise ValueError("its times are not full hours")
        hours = np.array(self.starts_s) // HOUR_S
        if hours[-1] - hours[0] > MAX_SPAN_HOURS:
            raise ValueError("its times lie years apart")
        index = (hours - hours[0]).astype(np.int64)
        values = np.full(int(index[-1]) + 1, np.nan)
        values[index] = [np.nan if g is None else g for g in self.g_per_kwh]
        return (hours[0] + np.arange(values.size + 1)) * HOUR_S, values

    def flagged(self, *flags: Flag) -> Points:
        """The same with more flags."""
        return replace(self, flags=self.flags.union(flags))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "points": [list(point) for point in zip(self.starts_s, self.g_per_kwh, strict=True)],
            "flags": sorted(self.flags),
            "issued_s": self.issued_s,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Points:
        """Back from `to_json`, with the same checks as an answer. Raises ValueError, KeyError or TypeError."""
        values = {float(start): None if g is None else float(g) for start, g in stored["points"]}
        issued = stored["issued_s"]
        flags = frozenset(Flag(flag) for flag in stored["flags"])
        return cls.of(values, flags, None if issued is None else float(issued))
