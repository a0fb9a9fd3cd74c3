"""Energy between two readings, and the pieces of it that are waste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from greenai_infra.monitoring.gpu.values import Sample

SLOWEST_COUNTER_S = 0.5
"""The driver renews its counter every 20 to 100 ms: over a shorter time an unchanged counter means nothing."""

Cause = Literal["idle_allocation", "input_bound", "small_batch", "throttled", "memory_bound"]
CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True)
class Interval:
    """The use of a GPU between two readings. `joules` is None without counter and power.

    Of a MIG instance it is the card's, times the instance's slices: an upper bound, not a measurement.
    """

    start_s: float
    end_s: float
    joules: float | None
    how: Literal["counter", "power", "share of the card", "unknown"]

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s

    @property
    def watts(self) -> float | None:
        return None if self.joules is None else self.joules / self.seconds


@dataclass(frozen=True)
class Piece:
    """Waste of a cause in an interval: lost seconds, and joules (None: the card's waiting power is unknown)."""

    cause: Cause
    interval: Interval
    seconds: float
    joules: float | None
    numbers: dict[str, float]
    reasons: tuple[str, ...] = ()


def interval_of(start_s: float, before: Sample, end_s: float, after: Sample, longest_s: float) -> Interval | None:
    """Energy by the counter's difference; where it is missing, stuck or has fallen (driver reload), by mean power.

    None if no time has passed. Power is not taken to hold over more than `longest_s` seconds.
    """
    seconds = end_s - start_s
    if seconds <= 0:
        return None
    if before.energy_j is not None and after.energy_j is not None:
        used = after.energy_j - before.energy_j
        stuck = used == 0 and seconds >= SLOWEST_COUNTER_S and bool(after.power_w)
        if used >= 0 and not stuck:
            return Interval(start_s, end_s, used, "counter")
    powers = [one.power_w for one in (before, after) if one.power_w is not None]
    if after.power_w is None or seconds > longest_s:
        return Interval(start_s, end_s, None, "unknown")
    return Interval(start_s, end_s, sum(powers) / len(powers) * seconds, "power")
