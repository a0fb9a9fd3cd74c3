"""Which of a GPU's energy is waste, and why: each part of each interval goes to one cause at most.

For an interval with mean power P, let u be the share of time in which a kernel ran, f the SM clock over its maximum,
and w the smaller of P and the power at which the GPU waits with work allocated. Of the interval's time

    1 - u                    nothing ran:                input_bound, or small_batch where kernels leave the chip empty
    u (1 - f)                lost to lower clocks:       throttled, where heat or power holds the clocks down
    u f (1 - fill)           the chip was not filled:    memory_bound or small_batch, where their rules hold

and the rest is work. The parts add up to at most the interval, and as each is charged with w, to at most its energy.
`fill` is SM activity over u (counters of Hopper and newer; for memory_bound that of the busiest pipe), else estimated
from power: (P - w) / (u (limit - w)). What runs at all costs power too, which a better use would need as well: so this
counts the energy of waiting, and is a lower bound. An interval in which nothing ran is charged whole, as measured:
it is idle_allocation if the pause is long, else input_bound. Utilisation alone says none of this: at 30 % of time a GPU
does not waste 70 % of its energy, as it draws less while it waits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from greenai_infra.catalog.idle_power import idle_power
from greenai_infra.monitoring.gpu.intervals import SLOWEST_COUNTER_S, Interval, Piece
from greenai_infra.monitoring.gpu.thresholds import chip_of, threshold
from greenai_infra.monitoring.gpu.values import SLOWDOWNS, Host, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.monitoring.gpu.intervals import Cause


@dataclass
class GpuWaste:
    """Follows one GPU or MIG instance. Times in seconds, energy in joules at the GPU, before PUE."""

    name: str
    share: float | None = 1.0
    """Share of the card's slices; None: unknown, and so is the instance's energy."""
    stated_w: float | None = None
    observed_s: float = 0.0
    joules: float = 0.0
    joules_by_power: float = 0.0
    unknown_s: float = 0.0
    """Time with unknown energy."""
    known_activity_s: float = 0.0
    busy_s: float = 0.0
    free_s: float = 0.0
    """Time with nothing allocated and nothing run: not waste of a workload."""
    _lowest_w: float | None = None
    _worked: bool = False
    _idling: bool = False
    _pause: list[tuple[Interval, Sample, Host]] = field(default_factory=list)
    _window: deque[tuple[Interval, float]] = field(default_factory=deque)

    def waiting_power(self) -> tuple[float | None, str]:
        """Watts while it waits with work allocated, and by whom: stated, measured here, or listed for the chip."""
        if self.stated_w is not None:
            return self.stated_w * (self.share or 1.0), "stated"
        if self._lowest_w is not None:
            return self._lowest_w, "measured here, the lowest with memory allocated and nothing running"
        chip = chip_of(self.name)
        if chip is None:
            return None, f"the idle power of '{self.name}' is unknown: state it with --idle-watts"
        found = idle_power(chip)
        return found.watts * (self.share or 1.0), f"{chip.name}: {found.source}"

    @property
    def mean_activity(self) -> float | None:
        """Mean activity over the time for which it is known."""
        return self.busy_s / self.known_activity_s if self.known_activity_s else None

    def add(self, interval: Interval, sample: Sample, host: Host, longest_s: float) -> list[Piece]:
        """Takes an interval that ends with this reading; returns the pieces it decides, also of earlier intervals."""
        self.observed_s += interval.seconds
        if interval.joules is None:
            self.unknown_s += interval.seconds
        else:
            self.joules += interval.joules
            self.joules_by_power += interval.joules if interval.how == "power" else 0.0
        activity = _running(sample)
        if activity is None or interval.seconds > longest_s:
            return self._end_pause(after_work=False)
        self.known_activity_s += interval.seconds
        self.busy_s += interval.seconds * (sample.activity or 0.0)
        self._look(interval, activity)
        if activity > threshold("idle_activity"):
            self._idling = False
            pieces = [*self._end_pause(after_work=True), *self._split(interval, sample, host, activity)]
            self._worked = True
            return pieces
        if not allocated(sample):
            self.free_s += interval.seconds
            return self._end_pause(after_work=False)
        if interval.watts and interval.how != "share of the card" and interval.seconds >= SLOWEST_COUNTER_S:
            self._lowest_w = min(self._lowest_w or interval.watts, interval.watts)
        self._pause.append((interval, sample, host))
        if not self._idling and sum(one.seconds for one, _, _ in self._pause) < threshold("idle_allocation_s"):
            return []
        self._idling = True
        return self._resolve("idle_allocation")

    def finish(self) -> list[Piece]:
        """At the end: a GPU that never worked was idle; a short pause after work stays undecided."""
        return [] if self._worked else self._resolve("idle_allocation")

    def _end_pause(self, after_work: bool) -> list[Piece]:
        if not after_work:
            return self.finish()
        return self._resolve("input_bound") if self._mean() < threshold("target_activity") else self._resolve(None)

    def _resolve(self, cause: Cause | None) -> list[Piece]:
        pause, self._pause = self._pause, []
        return [self._whole(cause, *one) for one in pause] if cause else []

    def _whole(self, cause: Cause, interval: Interval, sample: Sample, host: Host) -> Piece:
        joules = interval.joules
        if interval.how == "share of the card":
            waiting_w, _ = self._waiting(interval)
            joules = None if waiting_w is None else waiting_w * interval.seconds
        return Piece(cause, interval, interval.seconds, joules, self._numbers(interval, sample, host))

    def _split(self, interval: Interval, sample: Sample, host: Host, running: float) -> list[Piece]:
        waiting_w, _ = self._waiting(interval)
        slow = [one for one in sample.throttle_reasons or () if one in SLOWDOWNS]
        clock = 1.0
        if slow and sample.sm_clock_hz and sample.sm_clock_max_hz:
            clock = min(1.0, sample.sm_clock_hz / sample.sm_clock_max_hz)
        fill, filled = self._fill(interval, sample, running, waiting_w, bool(slow))
        numbers = self._numbers(interval, sample, host) | {"running": running, "clock_share": clock}
        if fill is not None:
            numbers["fill"] = fill
        parts: list[tuple[Cause, float]] = []
        if self._mean() < threshold("target_activity"):
            parts.append((self._of_gap(sample, host, fill), 1 - running))
        parts.append(("throttled", running * (1 - clock)))
        if fill is not None and filled is not None:
            parts.append((filled, running * clock * (1 - fill)))
        found = []
        for cause, part in parts:
            seconds = part * interval.seconds
            joules = None if waiting_w is None else waiting_w * seconds
            if part > 0:
                found.append(Piece(cause, interval, seconds, joules, numbers, tuple(slow * (cause == "throttled"))))
        return found

    def _fill(
        self, interval: Interval, sample: Sample, running: float, waiting_w: float | None, slow: bool
    ) -> tuple[float | None, Cause | None]:
        """How full the chip was while it ran, and the cause if that was too little."""
        low, target = threshold("fill_low"), threshold("target_activity")
        counted = sample.sm_active_ratio is not None
        memory = sample.dram_active_ratio if counted else sample.memory_utilization_ratio
        by_memory = memory is not None and memory / running >= threshold("memory_high")
        if sample.sm_active_ratio is None:
            fill, least = self._fill_by_power(interval, sample, running, waiting_w, slow), target if by_memory else low
        else:
            fill, least = min(1.0, sample.sm_active_ratio / running), low
            pipes = sample.pipe_active_ratio
            if pipes is not None and by_memory:
                fill = min(fill, pipes / running)
            elif pipes is not None and sample.sm_occupancy_ratio is not None:
                most = max(pipes, sample.sm_occupancy_ratio) / running
                fill = min(fill, most) if most < threshold("occupancy_low") else fill
        if fill is None or fill >= least:
            return fill, None
        return fill, "memory_bound" if by_memory else "small_batch"

    def _fill_by_power(
        self, interval: Interval, sample: Sample, running: float, waiting_w: float | None, slow: bool
    ) -> float | None:
        if slow or waiting_w is None or interval.watts is None or sample.power_limit_w is None or sample.mig:
            return None
        room_w = running * (sample.power_limit_w - waiting_w)
        return min(1.0, max(0.0, interval.watts - waiting_w) / room_w) if room_w > 0 else None

    def _of_gap(self, sample: Sample, host: Host, fill: float | None) -> Cause:
        waits = [one for one in (host.cpu_waiting_ratio, host.io_waiting_ratio) if one is not None]
        used = _used(sample)
        empty = fill is not None and fill < threshold("fill_low") and used is not None
        fed = self.swings() < 3 and max(waits, default=0.0) < threshold("host_waiting")
        return "small_batch" if empty and fed and (used or 0.0) < threshold("small_memory") else "input_bound"

    def _waiting(self, interval: Interval) -> tuple[float | None, str]:
        watts, source = self.waiting_power()
        if watts is None or interval.watts is None or self.share is None:
            return None, source
        return min(watts, interval.watts), source

    def _look(self, interval: Interval, activity: float) -> None:
        self._window.append((interval, activity))
        while self._window[0][0].end_s < interval.end_s - threshold("window_s"):
            self._window.popleft()

    def _mean(self) -> float:
        seconds = sum(one.seconds for one, _ in self._window)
        return sum(one.seconds * activity for one, activity in self._window) / seconds

    def swings(self) -> int:
        """How often the activity has changed between low and high within the window: 3 make a sawtooth."""
        return swings([activity for _, activity in self._window])

    def _numbers(self, interval: Interval, sample: Sample, host: Host) -> dict[str, float]:
        waiting_w, _ = self._waiting(interval)
        found = {
            "utilization": sample.utilization_ratio, "sm_active": sample.sm_active_ratio,
            "occupancy": sample.sm_occupancy_ratio, "pipes": sample.pipe_active_ratio,
            "dram_active": sample.dram_active_ratio, "memory_utilization": sample.memory_utilization_ratio,
            "memory_used": _used(sample), "power_w": interval.watts, "waiting_w": waiting_w,
            "temperature_celsius": sample.temperature_celsius, "swings": float(self.swings()),
            "host_cpu_waiting": host.cpu_waiting_ratio, "host_io_waiting": host.io_waiting_ratio,
        }  # fmt: skip
        return {name: value for name, value in found.items() if value is not None}


def allocated(sample: Sample) -> bool:
    """Whether the GPU is held: by a process, else (processes are invisible in a container) by used memory."""
    if sample.processes:
        return True
    return (sample.memory_used_bytes or 0.0) >= threshold("allocated_memory_bytes")


def swings(activities: Sequence[float]) -> int:
    """Changes between below 40 % and above 60 % of the highest activity."""
    top = max(activities, default=0.0)
    low, high = threshold("swing_low") * top, threshold("swing_high") * top
    states = [one > high for one in activities if one > high or one < low]
    return sum(first != second for first, second in pairwise(states))


def _running(sample: Sample) -> float | None:
    """Share of time in which something ran."""
    known = [one for one in (sample.utilization_ratio, sample.sm_active_ratio) if one is not None]
    return min(1.0, max(known)) if known else None


def _used(sample: Sample) -> float | None:
    if sample.memory_used_bytes is None or not sample.memory_total_bytes:
        return None
    return sample.memory_used_bytes / sample.memory_total_bytes


def below_target(mean_activity: float) -> float:
    """The source document's waste ratio, (80 % - mean) / 80 %: a share of time, not of energy."""
    target = threshold("target_activity")
    return max(0.0, (target - mean_activity) / target)
