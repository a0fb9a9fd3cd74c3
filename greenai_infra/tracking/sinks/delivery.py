"""Delivers values to a sink in a separate thread: counts failures, keeps undelivered deltas for the next try."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenai_infra.monitoring.run_report import SinkCount

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport

LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Delta:
    """The change since the last value: kWh before PUE, kg with PUE (None while the intensity is unknown)."""

    start_s: float
    end_s: float
    energy_kwh: float
    emissions_kg: float | None
    gpu_percent: float | None = None
    total_kwh: float = 0.0
    total_kg: float | None = None

    def after(self, lost: Delta) -> Delta:
        """This delta plus an earlier delta that did not arrive."""
        known = [kg for kg in (lost.emissions_kg, self.emissions_kg) if kg is not None]
        kg = sum(known) if known else None
        return Delta(
            lost.start_s, self.end_s, self.energy_kwh + lost.energy_kwh, kg, self.gpu_percent, self.total_kwh,
            self.total_kg,
        )  # fmt: skip


class Sink(Protocol):
    """Takes deltas at least every `metrics.HEARTBEAT_S`, also of 0, and the report at the end. May raise or hang."""

    name: str

    def beat(self, delta: Delta) -> None:
        """Takes the change since the last successful call."""
        ...

    def finish(self, report: RunReport) -> None:
        """Takes the report at the end of the run, and closes."""
        ...


class Delivery:
    """A sink and its thread."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.sent = self.failed = 0
        self.error = ""
        self._lost: Delta | None = None
        self._queue: queue.SimpleQueue[Delta | RunReport | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=f"greenai-{sink.name}", daemon=True)
        self._thread.start()

    def put(self, what: Delta | RunReport) -> None:
        """Hands over a value and returns at once."""
        self._queue.put(what)

    def close(self, within_s: float) -> None:
        """Waits for the handed-over values, at most `within_s`."""
        self._queue.put(None)
        self._thread.join(within_s)
        if self._thread.is_alive():
            self.failed += 1
            self.error = f"did not finish within {within_s:g} s"

    def count(self) -> SinkCount:
        """Counts of deliveries and failures so far."""
        return SinkCount(name=self.sink.name, sent=self.sent, failed=self.failed, error=self.error)

    def _work(self) -> None:
        while (what := self._queue.get()) is not None:
            try:
                if isinstance(what, Delta):
                    self._beat(what)
                else:
                    if self._lost is not None:
                        lost, self._lost = self._lost, None
                        self.sink.beat(lost)
                    self.sink.finish(what)
                self.sent += 1
            except BaseException as error:  # noqa: BLE001 - whatever a sink does, the run goes on
                self.failed += 1
                text = " ".join(str(error).split())
                self.error = f"{type(error).__name__}: {text}"[:LONGEST_ERROR]

    def _beat(self, delta: Delta) -> None:
        whole = delta.after(self._lost) if self._lost else delta
        self._lost = whole
        self.sink.beat(whole)
        self._lost = None
