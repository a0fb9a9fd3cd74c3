"""The use of a run so far, from the meter's readings: by component, by accelerator, and times intensity."""

from __future__ import annotations

import threading
from math import inf
from typing import TYPE_CHECKING

from greenai_infra.footprint.integral import Integral
from greenai_infra.monitoring.run_report import Component
from greenai_infra.tracking.meter import Reading

if TYPE_CHECKING:
    from greenai_infra.intensity.choice.elapsed import Grid
    from greenai_infra.tracking.meter import Told

START_UP, SILENT = "start_up", "silent"
LEAST_SILENT_S = 1.0


class Account:
    """kWh before PUE and g before PUE between the start of a run and `end_s`.

    Moments are of the run's monotonic clock (`at_s`), which has no date. `unix` turns them into Unix seconds with the
    wall clock at the begin of the run, so that changes of the wall clock during the run have no effect.
    """

    def __init__(self, start_s: float, start_wall_s: float) -> None:
        self.start_s, self.start_wall_s = start_s, start_wall_s
        self.end_s = inf
        self.lock = threading.RLock()
        self.integral = Integral()
        self.measured_s = self.start_kwh = self.gap_s = self.silent_kwh = self.silent_s = 0.0
        self.gpu_percent: float | None = None
        self.gpu_kwh: dict[str, float] = {}
        self.ready_s: float | None = None
        self._kwh: dict[str, float] = {}
        self._base: Reading | None = None
        self._last: Reading | None = None

    def unix(self, at_s: float) -> float:
        """Unix seconds of a moment."""
        return self.start_wall_s + (at_s - self.start_s)

    @property
    def known(self) -> bool:
        """Whether anything was measured."""
        return self.measured_s > 0 or self.start_kwh > 0

    @property
    def last_s(self) -> float | None:
        """Time of the meter's last reading; None before it is ready."""
        return self._last.at_s if self._last else self.ready_s

    def ready(self, at_s: float) -> None:
        """Records the start of the meter: from now on its readings count."""
        with self.lock:
            self.ready_s = self._base.at_s if self._base else at_s

    def take(self, reading: Reading) -> None:
        """Adds the use since the last reading, up to the end of the run."""
        with self.lock:
            if self.ready_s is None:
                self._base = reading  # the meter is still starting
            elif self._last is None:
                self._first(reading, self._base or Reading(self.ready_s, {}))
            else:
                self._add(self._last, reading)

    def close(self) -> None:
        """At the end: the time after the meter's last reading counts at its mean power."""
        with self.lock:
            silent_s = self.end_s - self._last.at_s if self._last else 0.0
            if silent_s < LEAST_SILENT_S or self.measured_s <= 0:
                return
            self.silent_s = silent_s
            self.silent_kwh = sum(self._kwh.values()) / self.measured_s * silent_s
            self.integral.add(self.unix(self.end_s - silent_s), self.unix(self.end_s), self.silent_kwh)

    def silent_parts(self, told: Told) -> list[str]:
        """Components of the machine with unknown energy, because their counter stands still."""
        read = [name for name, (how, _) in told.how.items() if how == "measured" and self.measured_s >= LEAST_SILENT_S]
        return [*told.unknown, *(name for name in read if not self._kwh.get(name))]

    def settle(self, grid: Grid, *, again: bool = False) -> None:
        """Gives each interval its intensity, where known by now; `again` also where it may have changed."""
        with self.lock:
            (self.integral.revise if again else self.integral.settle)(grid.mean, grid.is_final)

    def components(self, told: Told) -> dict[str, Component]:
        """kWh by component, each with the meter's method."""
        parts = {}
        for part, kwh in self._kwh.items():
            how, by = told.how.get(part, ("estimated", "not stated by the meter"))
            if kwh > 0:
                parts[part] = Component(energy_kwh=kwh, how=how, by=by)
        if self.start_kwh:
            by = "mean power of the first reading over the seconds before the meter was ready"
            parts[START_UP] = Component(energy_kwh=self.start_kwh, how="estimated", by=by)
        if self.silent_kwh:
            by = "mean power of the run over the seconds after the meter's last reading"
            parts[SILENT] = Component(energy_kwh=self.silent_kwh, how="estimated", by=by)
        return parts

    def _first(self, reading: Reading, base: Reading) -> None:
        """The first one also stands for the seconds before the meter was ready, at its mean power."""
        span_s = reading.at_s - base.at_s
        gap_s = min(base.at_s, self.end_s) - self.start_s
        if gap_s > 0 and span_s > 0:
            kwh = (sum(reading.kwh.values()) - sum(base.kwh.values())) / span_s * gap_s
            self.start_kwh, self.gap_s = kwh, gap_s
            self.integral.add(self.unix(self.start_s), self.unix(self.start_s + gap_s), kwh)
        self._add(base, reading)

    def _add(self, before: Reading, reading: Reading) -> None:
        self._last = reading
        span_s, end_s = reading.at_s - before.at_s, min(reading.at_s, self.end_s)
        if span_s <= 0 or end_s <= before.at_s:
            return
        share = (end_s - before.at_s) / span_s
        used = _used(before.kwh, reading.kwh, share)
        _add_to(self._kwh, used)
        _add_to(self.gpu_kwh, _used(before.gpu_kwh, reading.gpu_kwh, share))
        self.measured_s += end_s - before.at_s
        self.gpu_percent = reading.gpu_percent
        self.integral.add(self.unix(before.at_s), self.unix(end_s), sum(used.values()))


def _used(before: dict[str, float], now: dict[str, float], share: float) -> dict[str, float]:
    return {name: max(0.0, kwh - before.get(name, 0.0)) * share for name, kwh in now.items()}


def _add_to(sums: dict[str, float], used: dict[str, float]) -> None:
    for name, kwh in used.items():
        sums[name] = sums.get(name, 0.0) + kwh
