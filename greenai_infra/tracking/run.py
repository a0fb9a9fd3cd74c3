"""A tracked run: the thread that starts the meter, the beat of every minute, and the end.

Tracking never makes the training fail: failures are noted in the report.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from typing import TYPE_CHECKING

from msgspec.structs import replace

from greenai_infra.contracts.metrics import HEARTBEAT_S
from greenai_infra.tracking.account import Account
from greenai_infra.tracking.assembly import assemble, print_report, write_report
from greenai_infra.tracking.context import open_grid
from greenai_infra.tracking.limit import Limit, known_kind, left_in_ledger
from greenai_infra.tracking.meter import LEAST_READING_S, Told, host_id
from greenai_infra.tracking.node_sum import as_node, summed, totals
from greenai_infra.tracking.nodes import Nodes
from greenai_infra.tracking.sinks.of_environment import sinks_of
from greenai_infra.tracking.telling import Telling

if TYPE_CHECKING:
    from greenai_infra.ledger.carbon_budget import CarbonBudget
    from greenai_infra.monitoring.run_report import RunReport, SinkCount, Status
    from greenai_infra.tracking.exchange import Exchange
    from greenai_infra.tracking.meter import Reading
    from greenai_infra.tracking.ranks import Ranks
    from greenai_infra.tracking.settings import Settings
    from greenai_infra.tracking.sinks.delivery import Sink

SILENT_AFTER = 4
"""Readings that may be missed, for example on a very busy machine."""
READY_WITHIN_S = 60.0
CLOSE_WITHIN_S = 20.0
GRID_WITHIN_S = 20.0
FIND_STORE_EVERY_S = 0.1

_running: set[int] = set()
"""The current runs of this process."""


class Run:
    """The run of a measuring process. Node 0 also adds up the nodes, enforces the budget and reports to the sinks."""

    def __init__(self, settings: Settings, ranks: Ranks, exchange: Exchange | None) -> None:
        self._set, self._context, self._ranks = settings, settings.context, ranks
        self._clock = settings.clock
        self.meter = settings.meter()
        start_wall_s = settings.wall_s()
        self._grid = open_grid(
            settings.intensity, self._context.zone, settings.environment, settings.placement, start_wall_s
        )
        self.notes: list[str] = []
        self.run_id = settings.id_of_run() or uuid.uuid4().hex[:16]
        self._ledger = self._open_ledger() if ranks.leads else None
        stated = settings.max_kg if ranks.leads else None
        self.limit = Limit() if stated is None else Limit(stated, "max_emissions_kg")
        self._telling = Telling(*(self._open_sinks() if ranks.leads else ([], [])), start_wall_s)
        self._nodes = Nodes(ranks, exchange) if exchange is not None else None
        self._others_kg = 0.0
        self.path = settings.path
        if self.path is not None and not ranks.leads:
            self.path = self.path.with_stem(f"{self.path.stem}.node-{ranks.node}")
        self._told = Told({})
        self._ending, self.meter_started = threading.Event(), threading.Event()
        if _running:
            self.notes.append(
                "another tracker runs in this process: both count the whole machine, so use only one of their reports"
            )
        _running.add(id(self))
        self.account = Account(self._clock(), start_wall_s)
        threading.Thread(target=self._start_meter, name="greenai-meter", daemon=True).start()
        self._beats = threading.Thread(target=self._beat, name="greenai-beat", daemon=True)
        self._beats.start()

    def _open_ledger(self) -> CarbonBudget | None:
        if self._set.ledger is None:
            return None
        from greenai_infra.ledger.carbon_budget import CarbonBudget

        known_kind(self._set.kind)
        return CarbonBudget(ledger=self._set.ledger, team=self._context.team, project=self._context.project)

    def _ask_ledger(self) -> None:
        """Limits the run to what the ledger leaves, unless the user has stated a limit. The ledger may be remote."""
        if self._ledger is None or self.limit.stated:
            return
        try:
            self.limit = Limit(*left_in_ledger(self._ledger, self._set.kind, self.run_id))
        except Exception as error:  # noqa: BLE001 - as for the meter
            self._warn(f"the run has no limit, because the ledger can't be read: {error}")

    def _open_sinks(self) -> tuple[list[SinkCount], list[Sink]]:
        of = self._set
        given, without = sinks_of(
            of.environment, self._context, self.run_id, self._ledger, of.kind, of.prometheus_port, of.mlflow
        )
        for one in without:
            self._warn(f"{one.name} gets no values: {one.error}")
        return without, [*given, *of.sinks]

    def _warn(self, said: str) -> None:
        self.notes.append(said)
        print(f"greenai-infra: warning: {said}", file=sys.stderr)

    def _start_meter(self) -> None:
        try:
            self.meter.start(self._take)
            self.account.ready(self._clock())
        except Exception as error:  # noqa: BLE001 - the training goes on, and the report says why nothing was measured
            self.notes.append(f"the meter did not start ({type(error).__name__}: {error}); no energy was measured")
        finally:
            self.meter_started.set()

    def _take(self, reading: Reading) -> None:
        self.account.take(reading)
        self._settle()

    def _beat(self) -> None:
        """Every minute: asks the grid, reports to node 0 or the sinks, saves the report in case the run is killed.

        The first report only records the run's existence, so that even a run killed within a minute leaves a trace.
        """
        self._write(self._report("running", self._clock()))
        if self._nodes is not None:
            self._nodes.begin()
        self._ask_ledger()
        self._ask_grid()
        while not self._wait():
            self._ask_grid()
            now_s = self._clock()
            self._ask_meter()
            own = self._report("running", now_s)
            total = self._with_others(own)
            if self._measures(now_s):
                self._tell(total, now_s)
            self._write(total)
            if self._nodes is not None and not self._ranks.leads:
                self._nodes.send(own)
        self._ask_grid(last=True)

    def _ask_grid(self, *, last: bool = False) -> None:
        try:
            self._grid.refresh(self.account.unix(self._clock()), last=last)
            self._settle(again=True)
        except Exception as error:  # noqa: BLE001 - as for the meter
            self.notes.append(f"intensity: {type(error).__name__}: {error}")

    def _wait(self) -> bool:
        """Waits for the next beat or the end. Meanwhile looks for torch's store: a short run may have it briefly."""
        if self._nodes is None or self._ranks.nodes == 1:
            return self._ending.wait(HEARTBEAT_S)
        until_s = time.monotonic() + HEARTBEAT_S
        while (left_s := until_s - time.monotonic()) > 0:
            if self._ending.wait(left_s if self._nodes.connected else min(FIND_STORE_EVERY_S, left_s)):
                return True
            self._nodes.look()
        return False

    def _ask_meter(self) -> None:
        """The meter's description, also for the report of a run that is killed."""
        if self.account.ready_s is not None:
            try:
                self._told = self.meter.told()
            except Exception:  # noqa: BLE001 - it may be in the midst of a reading
                return

    def _settle(self, *, again: bool = False) -> None:
        with self.account.lock:
            self.account.settle(self._grid, again=again)
            self.limit.hold(self.account.integral.known_g * self._context.pue / 1000 + self._others_kg, self._warn)

    def _measures(self, now_s: float) -> bool:
        """Whether the meter works. If not, nothing is reported: 0 kg would hide an unmeasured run."""
        last_s = self.account.last_s
        if last_s is None:
            return not self.meter_started.is_set()  # it is starting, or has failed
        if now_s - last_s <= SILENT_AFTER * self._set.measure_every_s + HEARTBEAT_S:
            return True
        said = "the meter fell silent; the use since its last reading is unknown"
        if said not in self.notes:
            self._warn(said)
        return False

    def _with_others(self, own: RunReport, *, last: bool = False) -> RunReport:
        """Node 0: the sum of the nodes that have reported."""
        if self._nodes is None or not self._ranks.leads or self._ranks.nodes == 1:
            return own
        others = self._nodes.gather_last() if last else self._nodes.gathered()
        total = summed(own, others, self._ranks.nodes)
        self._others_kg = max(0.0, (totals(total.nodes)[1] or 0.0) - (own.emissions_kg or 0.0))
        return total

    def _tell(self, report: RunReport, at_s: float) -> None:
        if report.nodes:
            kwh, kg = totals(report.nodes)
        else:
            with self.account.lock:
                g = self.account.integral.g
                kwh, kg = self.account.integral.kwh, None if g is None else g * self._context.pue / 1000
        self._telling.tell(kwh, kg, self.account.unix(at_s), self.account.gpu_percent)

    def stop(self, status: Status) -> RunReport | None:
        """Ends the run; returns the report, None if it could not be made."""
        self.account.end_s = end_s = self._clock()
        _running.discard(id(self))
        try:
            return self._stop(status, end_s)
        except Exception as error:  # noqa: BLE001 - the run has ended as it has, whatever becomes of its report
            print(f"greenai-infra: no report: {type(error).__name__}: {error}", file=sys.stderr)
            return None

    def _stop(self, status: Status, end_s: float) -> RunReport:
        self._stop_meter(end_s)
        self._ending.set()
        self._beats.join(GRID_WITHIN_S)
        self.account.close()
        if self._beats.is_alive():
            self._grid.give_up()
        self._settle(again=True)
        own = self._report(status, end_s)
        if self._nodes is not None and not self._ranks.leads:
            self._nodes.send_last(own)
            self._write(own)
            return own
        if self._ranks.nodes > 1:
            self._write(self._with_others(own))  # in case there is no time for more
        report = self._with_others(own, last=True)
        if self.account.known or report.nodes:
            self._tell(report, end_s)
        self._telling.finish(report, CLOSE_WITHIN_S)
        if self._nodes is not None:
            self._nodes.end()
        report = replace(report, sinks=self._telling.counts())
        written = self._write(report)
        if self._set.summary:
            print_report(report, self.path if written else None)
        return report

    def _stop_meter(self, end_s: float) -> None:
        if not self.meter_started.wait(READY_WITHIN_S):
            self.notes.append(f"the meter was not ready {READY_WITHIN_S:g} s after the run had ended")
            return
        ready_s = self.account.ready_s
        if ready_s is None:
            return  # it did not start, which the notes say
        if self.account.last_s == ready_s and end_s - ready_s < LEAST_READING_S:
            time.sleep(LEAST_READING_S)  # a shorter time gives no power for the run
        stopping = threading.Thread(target=self._end_meter, name="greenai-meter-end", daemon=True)
        stopping.start()
        stopping.join(CLOSE_WITHIN_S)
        if stopping.is_alive():
            self.notes.append(f"the meter did not stop within {CLOSE_WITHIN_S:g} s")

    def _end_meter(self) -> None:
        try:
            self.meter.stop()
            self._told = self.meter.told()
        except Exception as error:  # noqa: BLE001
            self.notes.append(f"the meter did not stop ({type(error).__name__}: {error})")

    def _report(self, status: Status, end_s: float) -> RunReport:
        report = assemble(
            self.account, context=self._context, grid=self._grid, limit=self.limit, told=self._told,
            run_id=self.run_id, status=status, end_s=end_s, sinks=self._telling.counts(), notes=self.notes,
        )  # fmt: skip
        if self._ranks.nodes == 1:
            return report
        return as_node(report, self._ranks.node, self._told.host or host_id(), self.account.gpu_kwh)

    def _write(self, report: RunReport) -> bool:
        if self.path is None:
            return False
        said = write_report(self.path, report)
        if said and said not in self.notes:
            self.notes.append(said)
            print(f"greenai-infra: {said}", file=sys.stderr)
        return not said
