"""`GreenTrainer`: measures what runs inside it, and says what that emitted.

    with GreenTrainer("digits", zone="DE") as trainer:
        for step in range(steps):
            ...
            trainer.check()          # ends the run where its carbon budget is used up
    trainer.report.emissions_kg

It is also a decorator, and `GreenTrainer(...).train(fn, *args)` runs one function. Nothing of it can make the training
fail: a sink or meter that does not work is counted and said in the report. What the user states wrongly is an
InputError before the training begins.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
import uuid
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import GreenAIError, InputError
from greenai_infra.files import write_all
from greenai_infra.ledger.entries import LedgerError
from greenai_infra.monitoring.metrics import HEARTBEAT_S
from greenai_infra.monitoring.run_report import (
    FILE_NAME,
    SCHEMA_VERSION,
    BudgetOfRun,
    Component,
    GridIntensity,
    Hardware,
    RunReport,
    as_csv,
    as_json,
)
from greenai_infra.numbers import significant
from greenai_infra.tracking.bands import energy_band
from greenai_infra.tracking.context import open_grid, output_folder, read_context
from greenai_infra.tracking.differences import differences
from greenai_infra.tracking.integral import Integral
from greenai_infra.tracking.limit import BUDGET_REACHED, CarbonBudgetReached, left_in_ledger
from greenai_infra.tracking.meter import LEAST_READING_S, CodecarbonMeter, Reading, Told
from greenai_infra.tracking.sinks.delivery import Delivery, Delta
from greenai_infra.tracking.sinks.of_environment import sinks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from greenai_infra.monitoring.run_report import Status
    from greenai_infra.tracking.meter import Meter
    from greenai_infra.tracking.sinks.delivery import Sink

__all__ = ["BUDGET_REACHED", "CarbonBudgetReached", "GreenTrainer"]

MEASURE_EVERY_S = 15.0
WARN_SHARE = 0.8
SILENT_AFTER = 4
"""Readings that may be missed, as on a machine that is very busy."""
READY_WITHIN_S = 60.0
CLOSE_WITHIN_S = 20.0
GRID_WITHIN_S = 20.0
START_UP = "start_up"

_running: set[int] = set()
"""The trackers of this process that run just now."""

P = ParamSpec("P")
T = TypeVar("T")


class GreenTrainer:
    """Tracks a run. It may be entered again while it runs (the outermost counts), and used again for another run."""

    def __init__(
        self,
        name: str | None = None,
        *,
        region: str | None = None,
        zone: str | None = None,
        pue: float | None = None,
        intensity: float | str | None = None,
        plan: str | os.PathLike[str] | None = None,
        team: str | None = None,
        project: str | None = None,
        run_id: str | None = None,
        report: str | os.PathLike[str] | None = "",
        max_emissions_kg: float | None = None,
        ledger: str | os.PathLike[str] | None = None,
        kind: str = "training",
        checkpoint: Callable[[], object] | None = None,
        prometheus_port: int | None = None,
        mlflow: str | None = None,
        sinks: Sequence[Sink] = (),
        summary: bool = True,
        measure_every_s: float = MEASURE_EVERY_S,
        meter: Callable[[], Meter] | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        """`intensity`: g/kWh, a file (`file:grid.csv`) or a source (`auto`, `embedded`, `neso`); `zone` its grid zone.

        `report` is the file, by default in the folder that the cloud keeps, else the current one; None writes none.
        Without `max_emissions_kg` a `ledger` (with team and project) limits the run to what is left of the budget; at
        the end the run is recorded there. `checkpoint` is called by `check` before it ends the run.
        """
        self._environment = os.environ if environment is None else environment
        self._clock, self._wall_s = clock, wall_s
        self._context, self._placement = read_context(
            self._environment, name=name, team=team, project=project, region=region, zone=zone, pue=pue,
            plan=Path(plan) if plan else None,
        )  # fmt: skip
        if max_emissions_kg is not None and not (isfinite(max_emissions_kg) and max_emissions_kg > 0):
            raise InputError(f"max_emissions_kg must be a number above 0, not {max_emissions_kg!r}")
        if not (isfinite(measure_every_s) and measure_every_s > 0):
            raise InputError(f"measure_every_s must be a number above 0, not {measure_every_s!r}")
        open_grid(intensity, self._context.zone, self._environment, self._placement, 0.0)  # what is wrong is said now
        self._intensity = intensity
        self._path = None if report is None else Path(report or output_folder(self._environment) / FILE_NAME)
        self._stated_id = run_id or self._environment.get("GREENAI_RUN_ID") or None
        self._max_kg, self._ledger, self._kind = max_emissions_kg, ledger, kind
        self._checkpoint, self._summary = checkpoint, summary
        self._prometheus_port, self._mlflow, self._own_sinks = prometheus_port, mlflow, tuple(sinks)
        self._new_meter = meter or (lambda: CodecarbonMeter(measure_every_s, clock))
        self._measure_every_s = measure_every_s
        self._depth = 0
        self._lock = threading.RLock()
        self.report: RunReport | None = None
        """Of the last run; None before the first has ended."""

    def __enter__(self) -> Self:
        with self._lock:
            if self._depth == 0:
                self._start()
            self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
        if kind is None:
            status: Status = "complete"
        else:
            status = "failed" if issubclass(kind, Exception) else "stopped"
            if isinstance(error, SystemExit) and not error.code:
                status = "complete"
        self._stop(status)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """As a decorator: each call is a run."""

        @functools.wraps(function)
        def tracked(*args: P.args, **kwargs: P.kwargs) -> T:
            with self:
                return function(*args, **kwargs)

        return tracked

    def train(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function, tracked, and return what it returns."""
        with self:
            return function(*args, **kwargs)

    @property
    def budget_reached(self) -> bool:
        """Whether the run has emitted all that it may."""
        return self._depth > 0 and self._reached

    def check(self) -> None:
        """For the training loop, as often as it likes. At 100 % of the budget it calls the checkpoint and ends the run.

        It raises CarbonBudgetReached, a SystemExit: a process that lets it through ends with the code BUDGET_REACHED.
        """
        if not self.budget_reached:
            return
        if self._checkpoint is not None:
            self._checkpoint()
        text = f"{self._limit_source}: the run has emitted its {significant(self._limit_kg)} kg CO2e and ends here"
        print(f"greenai-infra: {text}", file=sys.stderr)
        raise CarbonBudgetReached

    def _start(self) -> None:
        meter = self._new_meter()
        context = self._context
        start_wall_s = self._wall_s()
        self._grid = open_grid(self._intensity, context.zone, self._environment, self._placement, start_wall_s)
        self._limit_kg, self._limit_source = inf, ""
        self._notes: list[str] = []
        account = None
        if self._ledger is not None:
            from greenai_infra.ledger.carbon_budget import CarbonBudget

            account = CarbonBudget(ledger=self._ledger, team=context.team, project=context.project)
        self._run_id = self._stated_id or self._id_of_plan() or uuid.uuid4().hex[:16]
        if self._max_kg is not None:
            self._limit_kg, self._limit_source = self._max_kg, "max_emissions_kg"
        elif account is not None:
            try:
                self._limit_kg, self._limit_source = left_in_ledger(account, self._kind, self._run_id)
            except LedgerError as error:
                self._warn(f"the run has no limit, as the ledger can't be read: {error}")
        given, self._without = sinks_of(
            self._environment, context, self._run_id, account, self._kind, self._prometheus_port, self._mlflow
        )
        for one in self._without:
            self._warn(f"{one.name} is told nothing: {one.error}")
        self._deliveries = [Delivery(one) for one in (*given, *self._own_sinks)]
        self._integral = Integral()
        self._kwh: dict[str, float] = {}
        self._start_kwh = self._gap_s = self._measured_s = self._told_kwh = self._told_kg = 0.0
        self._gpu_percent: float | None = None
        self._base: Reading | None = None
        self._last: Reading | None = None
        self._ready_s: float | None = None
        self._end_s = inf
        self._warned = self._reached = False
        self._start_s, self._start_wall_s = self._clock(), start_wall_s
        self._told_s = self._start_s
        self._told = Told({})
        self._ending = threading.Event()
        self._ready = threading.Event()
        self._reading_lock = threading.Lock()
        if _running:
            self._notes.append(
                "another tracker runs in this process: each counts the whole machine, so add up one only"
            )
        _running.add(id(self))
        self._meter = meter
        threading.Thread(target=self._start_meter, name="greenai-meter", daemon=True).start()
        self._beats = threading.Thread(target=self._beat, name="greenai-beat", daemon=True)
        self._beats.start()

    def _warn(self, said: str) -> None:
        self._notes.append(said)
        print(f"greenai-infra: warning: {said}", file=sys.stderr)

    def _id_of_plan(self) -> str | None:
        """The plan's id, which settles its reservation; a slice of an interruptible job is a run of its own."""
        plan_id = self._context.planned.plan_id if self._context.planned else None
        slice_ = self._environment.get("GREENAI_SLICE", "")
        return f"{plan_id}-slice-{slice_}" if plan_id and slice_ else plan_id

    def _start_meter(self) -> None:
        try:
            self._meter.start(self._take)
            with self._reading_lock:
                self._ready_s = self._base.at_s if self._base else self._clock()
        except Exception as error:  # noqa: BLE001 - the training goes on, and the report says why nothing was measured
            self._notes.append(f"the meter did not start ({type(error).__name__}: {error}); no energy was measured")
        finally:
            self._ready.set()

    def _take(self, reading: Reading) -> None:
        """Add what was used since the last reading, up to the end of the run."""
        with self._reading_lock:
            if self._ready_s is None:
                self._base = reading  # of a meter that is still at its own work
            elif self._last is None:
                self._first(reading, self._base or Reading(self._ready_s, {}))
            else:
                self._add(self._last, reading)

    def _first(self, reading: Reading, base: Reading) -> None:
        """The first one also stands for the seconds before the meter was ready, at its mean power."""
        span_s = reading.at_s - base.at_s
        gap_s = min(base.at_s, self._end_s) - self._start_s
        if gap_s > 0 and span_s > 0:
            kwh = (sum(reading.kwh.values()) - sum(base.kwh.values())) / span_s * gap_s
            self._start_kwh, self._gap_s = kwh, gap_s
            self._integral.add(self._unix(self._start_s), self._unix(self._start_s + gap_s), kwh)
        self._add(base, reading)

    def _add(self, before: Reading, reading: Reading) -> None:
        self._last = reading
        span_s, end_s = reading.at_s - before.at_s, min(reading.at_s, self._end_s)
        if span_s <= 0 or end_s <= before.at_s:
            return
        share = (end_s - before.at_s) / span_s
        total = 0.0
        for part, kwh in reading.kwh.items():
            used = max(0.0, kwh - before.kwh.get(part, 0.0)) * share
            self._kwh[part] = self._kwh.get(part, 0.0) + used
            total += used
        self._measured_s += end_s - before.at_s
        self._gpu_percent = reading.gpu_percent
        self._integral.add(self._unix(before.at_s), self._unix(end_s), total)
        self._integral.settle(self._grid.mean)
        self._hold_against_budget()

    def _unix(self, at_s: float) -> float:
        """The wall clock is read once: one that is set back or forward meanwhile changes nothing."""
        return self._start_wall_s + (at_s - self._start_s)

    def _kg(self) -> float | None:
        g = self._integral.g
        return None if g is None else g * self._context.pue / 1000

    def _hold_against_budget(self) -> None:
        kg = self._integral.known_g * self._context.pue / 1000
        if kg >= WARN_SHARE * self._limit_kg and not self._warned:
            self._warned = True
            said = f"{100 * WARN_SHARE:g} % of {significant(self._limit_kg)} kg CO2e ({self._limit_source}) are emitted"
            self._warn(said)
        self._reached = self._reached or kg >= self._limit_kg

    def _beat(self) -> None:
        """Every minute: ask the grid, tell the sinks, keep the report of a run that may be killed."""
        while True:
            try:
                self._grid.refresh(self._unix(self._clock()))
                with self._reading_lock:
                    self._integral.settle(self._grid.mean)
                    self._hold_against_budget()
            except Exception as error:  # noqa: BLE001 - as for the meter
                self._notes.append(f"intensity: {type(error).__name__}: {error}")
            if self._ending.wait(HEARTBEAT_S):
                return
            if self._measures(self._clock()):
                self._tell(self._clock())
            self._write(self._report("running", self._clock()))

    def _measures(self, now_s: float) -> bool:
        """Whether the meter is at work. Where it is not, nothing is told: 0 kg would hide an unmeasured run."""
        if self._ready_s is None:
            return not self._ready.is_set()  # it is starting, or has failed
        since_s = now_s - (self._last.at_s if self._last else self._ready_s)
        if since_s <= SILENT_AFTER * self._measure_every_s + HEARTBEAT_S:
            return True
        said = "the meter fell silent; what was used since its last reading is not known"
        if said not in self._notes:
            self._warn(said)
        return False

    def _tell(self, at_s: float) -> None:
        with self._reading_lock:
            kwh, kg = self._integral.kwh, self._kg()
            delta_kg = None if kg is None else kg - self._told_kg
            delta = Delta(
                self._unix(self._told_s), self._unix(at_s), kwh - self._told_kwh, delta_kg, self._gpu_percent, kwh, kg
            )
            self._told_kwh, self._told_s = kwh, at_s
            self._told_kg = self._told_kg if kg is None else kg
        for one in self._deliveries:
            one.put(delta)

    def _stop(self, status: Status) -> None:
        self._end_s = end_s = self._clock()
        _running.discard(id(self))
        try:
            self._stop_meter(end_s)
            self._ending.set()
            self._beats.join(GRID_WITHIN_S)
            with self._reading_lock:
                self._integral.settle(self._grid.mean)
            if self._measured_s or self._start_kwh:
                self._tell(end_s)
            report = self._report(status, end_s)
            for one in self._deliveries:
                one.put(report)
            until_s = time.monotonic() + CLOSE_WITHIN_S
            for one in self._deliveries:
                one.close(max(0.1, until_s - time.monotonic()))
            self.report = self._report(status, end_s)
            written = self._write(self.report)
            if self._summary:
                self._print(self.report, written)
        except Exception as error:  # noqa: BLE001 - the run has ended as it has, whatever becomes of its report
            print(f"greenai-infra: no report: {type(error).__name__}: {error}", file=sys.stderr)

    def _stop_meter(self, end_s: float) -> None:
        if not self._ready.wait(READY_WITHIN_S):
            self._notes.append(f"the meter was not ready {READY_WITHIN_S:g} s after the run had ended")
            return
        if self._ready_s is None:
            return  # it did not start, which is said
        if self._last is None and end_s - self._ready_s < LEAST_READING_S:
            time.sleep(LEAST_READING_S)  # else there is no power to judge the run by
        try:
            self._meter.stop()
            self._told = self._meter.told()
        except Exception as error:  # noqa: BLE001
            self._notes.append(f"the meter did not stop ({type(error).__name__}: {error})")

    def _report(self, status: Status, end_s: float) -> RunReport:
        context = self._context
        with self._reading_lock:
            duration_s = max(0.0, end_s - self._start_s)
            known = self._measured_s > 0 or self._start_kwh > 0
            energy_kwh = self._integral.kwh if known else None
            kg = self._kg() if known else None
            g_per_kwh = self._integral.g / energy_kwh if energy_kwh and self._integral.g is not None else None
            if energy_kwh == 0:
                energy_kwh = kg = None
            parts = self._components()
            open_kwh, measured_s = self._integral.open_kwh, min(self._measured_s, duration_s)
        limited = isfinite(self._limit_kg)
        notes = [*self._notes, *self._told.notes, *self._grid.notes()]
        if energy_kwh is None:
            notes.append("no energy was measured, so that neither energy nor emissions are known")
        elif open_kwh > 0 and kg is None and self._grid.told()["how"] != "unknown":
            notes.append(f"no intensity is known for {significant(open_kwh)} of {significant(energy_kwh)} kWh")
        if limited and g_per_kwh is None:
            notes.append("the budget can't be held while the emissions are not known")
        if self._start_kwh:
            notes.append(
                f"the first {significant(self._gap_s)} s, while the meter was starting, are taken at the "
                "mean power of its first reading"
            )
        low, high = energy_band(parts) if energy_kwh is not None else (None, None)
        scale = kg / energy_kwh if kg is not None and energy_kwh else None
        hardware = Hardware(**self._told.hardware)
        planned = context.planned
        found = []
        if planned and energy_kwh and g_per_kwh:
            machine = f"{hardware.gpu_count} x {hardware.gpu}" if hardware.gpu else hardware.cpu
            found = differences(
                planned, hours=duration_s / 3600, energy_kwh=energy_kwh, pue=context.pue, g_per_kwh=g_per_kwh,
                region=context.region, hardware=machine,
            )  # fmt: skip
        return RunReport(
            schema_version=SCHEMA_VERSION,
            status=status,
            run_id=self._run_id,
            name=context.name,
            plan_id=planned.plan_id if planned else None,
            started_at=format_time(from_unix(self._start_wall_s)),
            ended_at=format_time(from_unix(self._unix(end_s))),
            duration_s=duration_s,
            measured_s=measured_s,
            region=context.region,
            energy_kwh=energy_kwh,
            energy_kwh_low=low,
            energy_kwh_high=high,
            pue=context.pue,
            pue_source=context.pue_source,
            intensity_g_per_kwh=g_per_kwh,
            intensity=GridIntensity(**self._grid.told()),
            emissions_kg=kg,
            emissions_kg_low=None if low is None or scale is None else low * scale,
            emissions_kg_high=None if high is None or scale is None else high * scale,
            components=parts if energy_kwh is not None else {},
            hardware=hardware,
            planned=planned,
            differences=found,
            budget=BudgetOfRun(limit_kg=self._limit_kg, source=self._limit_source, reached=self._reached)
            if limited
            else None,
            sinks=[*self._without, *(one.count() for one in self._deliveries)],
            notes=notes,
            tracker=", ".join(filter(None, [_own_name(), self._told.name])),
        )

    def _components(self) -> dict[str, Component]:
        parts = {}
        for part, kwh in self._kwh.items():
            how, by = self._told.how.get(part, ("estimated", "not told by the meter"))
            if kwh > 0:
                parts[part] = Component(energy_kwh=kwh, how=how, by=by)
        if self._start_kwh:
            by = "mean power of the first reading over the seconds before the meter was ready"
            parts[START_UP] = Component(energy_kwh=self._start_kwh, how="estimated", by=by)
        return parts

    def _write(self, report: RunReport) -> bool:
        if self._path is None:
            return False
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_all({self._path: as_json(report), self._path.with_suffix(".csv"): as_csv(report)})
        except (GreenAIError, OSError) as error:
            said = f"the report can't be written: {error}"
            if said not in self._notes:
                self._notes.append(said)
                print(f"greenai-infra: {said}", file=sys.stderr)
            return False
        return True

    def _print(self, report: RunReport, written: bool) -> None:
        from greenai_infra.tracking.summary import folded, summary_lines

        for line in summary_lines(report):
            print(folded(line))
        if written:
            print(f"  report: {self._path}")


def _own_name() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"greenai-infra {version('greenai-infra')}"
    except PackageNotFoundError:
        return "greenai-infra, not installed"
