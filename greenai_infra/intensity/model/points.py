"""What a live source read from an answer: means with their start, before they become a value or a series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from greenai_infra.clock import LATEST_YEAR
from greenai_infra.intensity.model.checks import MAX_G_PER_KWH, implausible
from greenai_infra.intensity.model.values import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_S = 3600
STEPS_S = (300, 900, 1800, HOUR_S)
MAX_SPAN_S = 366 * 24 * HOUR_S
ERA_S = (0.0, (LATEST_YEAR - 1970) * 365 * 24.0 * HOUR_S)
"""Unix seconds that a time may be."""


@dataclass(frozen=True, slots=True)
class Points:
    """Means over `step_s` seconds: `starts_s` in Unix seconds, strictly increasing; `g_per_kwh` None in a gap.

    `issued_s` is when a forecast was made, None if unknown or not a forecast. `left_out` says which steps of the
    answer are taken as gaps, and why.
    """

    starts_s: tuple[float, ...]
    g_per_kwh: tuple[float | None, ...]
    flags: frozenset[Flag]
    issued_s: float | None = None
    step_s: int = HOUR_S
    left_out: str = ""

    @classmethod
    def of(
        cls,
        values: dict[float, float | None],
        flags: frozenset[Flag] = frozenset(),
        issued_s: float | None = None,
        step_s: int = HOUR_S,
        left_out: str = "",
    ) -> Points:
        """Points in order of time. Raises ValueError without points, or if a point or the step is implausible."""
        if not values:
            raise ValueError("the answer holds no values")
        if step_s not in STEPS_S:
            raise ValueError(f"steps of {step_s / 60:g} minutes are not understood")
        for value in values.values():
            if value is not None and not 0 <= value <= MAX_G_PER_KWH and (problem := implausible(value)):
                raise ValueError(problem)
        if not all(ERA_S[0] <= time_s < ERA_S[1] for time_s in (*values, issued_s or 0.0)):
            raise ValueError("it holds a time of another era")
        starts = sorted(values)
        return cls(tuple(starts), tuple(values[start] for start in starts), flags, issued_s, step_s, left_out)

    @property
    def newest(self) -> tuple[float, float] | None:
        """Start and value of the last point that has a value."""
        known = [(start, g) for start, g in zip(self.starts_s, self.g_per_kwh, strict=True) if g is not None]
        return known[-1] if known else None

    def steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Edges (n + 1,) and values (n,), step by step, NaN in gaps. Raises ValueError for a time off the step."""
        if any(start % self.step_s for start in self.starts_s):
            what = "hours" if self.step_s == HOUR_S else f"steps of {self.step_s / 60:g} minutes"
            raise ValueError(f"its times are not full {what}")
        if self.starts_s[-1] - self.starts_s[0] > MAX_SPAN_S:
            raise ValueError("its times lie years apart")
        numbers = np.array(self.starts_s) // self.step_s
        index = (numbers - numbers[0]).astype(np.int64)
        values = np.full(int(index[-1]) + 1, np.nan)
        values[index] = [np.nan if g is None else g for g in self.g_per_kwh]
        return (numbers[0] + np.arange(values.size + 1)) * self.step_s, values

    def flagged(self, *flags: Flag) -> Points:
        """The same with more flags."""
        return replace(self, flags=self.flags.union(flags))

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "points": [list(point) for point in zip(self.starts_s, self.g_per_kwh, strict=True)],
            "flags": sorted(self.flags),
            "issued_s": self.issued_s,
            "step_s": self.step_s,
            "left_out": self.left_out,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Points:
        """Back from `to_json`, with the same checks as an answer. Raises ValueError, KeyError or TypeError."""
        values = {float(start): None if g is None else float(g) for start, g in stored["points"]}
        issued = stored["issued_s"]
        flags = frozenset(Flag(flag) for flag in stored["flags"])
        issued_s = None if issued is None else float(issued)
        return cls.of(values, flags, issued_s, stored["step_s"], str(stored.get("left_out", "")))
