"""A meter, a clock and a sink that do what a test says."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from greenai_infra.tracking.meter import Reading, Told
from greenai_infra.tracking.trainer import GreenTrainer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenai_infra.monitoring.run_report import RunReport
    from greenai_infra.tracking.sinks.delivery import Delta

NOON = 1_798_718_400.0  # 2026-12-31T12:00:00Z


class Bench:
    """A clock that stands still until it is put on, and a meter whose readings are given by hand."""

    def __init__(self) -> None:
        self.at_s = 100.0  # of a clock that knows no date
        self.wall = NOON
        self.gate = threading.Event()
        self.gate.set()
        self.ready_after_s = 0.0
        self.kwh = {"cpu": 0.0, "ram": 0.0}
        self.told_now = Told(
            {"cpu": ("measured", "counter"), "ram": ("estimated", "watts a module")}, {"cpu": "Abacus"}
        )
        self.gpus: dict[str, float] = {}
        self._give: Callable[[Reading], None]
        self.stops = 0

    def clock(self) -> float:
        return self.at_s

    def start(self, on_reading: Callable[[Reading], None]) -> None:
        self.gate.wait(10)
        self.at_s += self.ready_after_s
        self._give = on_reading

    def stop(self) -> None:
        self.stops += 1

    def told(self) -> Told:
        return self.told_now

    def use(
        self, seconds: float, cpu_kwh: float, ram_kwh: float = 0.0, gpus: Mapping[str, float] | None = None
    ) -> None:
        """So much later the meter has counted so much more; `gpus` in kWh by UUID."""
        self.at_s += seconds
        self.kwh = {**self.kwh, "cpu": self.kwh["cpu"] + cpu_kwh, "ram": self.kwh["ram"] + ram_kwh}
        for uuid, kwh in (gpus or {}).items():
            self.gpus[uuid] = self.gpus.get(uuid, 0.0) + kwh
            self.kwh["gpu"] = sum(self.gpus.values())
        self._give(Reading(self.at_s, dict(self.kwh), gpu_kwh=dict(self.gpus)))

    def trainer(self, **given: Any) -> GreenTrainer:
        given = {"environment": {}, "report": None, "summary": False, "intensity": 500.0, **given}
        return GreenTrainer(
            given.pop("name", "abacus"), meter=lambda: self, clock=self.clock, wall_s=lambda: self.wall, **given
        )


class Remembering:
    """A sink that keeps what it gets; it fails as often as it is told to."""

    name = "remembering"

    def __init__(self, fails: int = 0) -> None:
        self.fails, self.deltas, self.reports = fails, list[Any](), list[Any]()
        self.got = threading.Event()

    def beat(self, delta: Delta) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("no route")
        self.deltas.append(delta)
        self.got.set()

    def finish(self, report: RunReport) -> None:
        self.reports.append(report)


def ready(trainer: GreenTrainer) -> None:
    """Wait until the meter has started."""
    assert trainer._run is not None
    assert trainer._run.meter_started.wait(10)


def grid_file(folder: Path) -> Path:
    """400 g/kWh from noon to one, 100 from one to three."""
    file = folder / "grid.csv"
    rows = ["DE,2026-12-31T12:00:00Z,400", "DE,2026-12-31T13:00:00Z,100", "DE,2026-12-31T14:00:00Z,100"]
    file.write_text("\n".join(["# signal: average", "# basis: lifecycle", "zone,datetime,g_per_kwh", *rows]) + "\n")
    return file
