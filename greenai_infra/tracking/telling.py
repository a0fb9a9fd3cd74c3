"""Reports to the sinks of a run: changes since the last report, and the final report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from greenai_infra.tracking.sinks.delivery import Delivery, Delta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.monitoring.run_report import RunReport, SinkCount
    from greenai_infra.tracking.sinks.delivery import Sink


class Telling:
    """All sinks of a run. `without` are sinks that could not be set up."""

    def __init__(self, without: Sequence[SinkCount], sinks: Sequence[Sink], start_unix: float) -> None:
        self._without = list(without)
        self._deliveries = [Delivery(one) for one in sinks]
        self._end_unix, self._kwh, self._kg = start_unix, 0.0, 0.0

    def tell(self, kwh: float, kg: float | None, end_unix: float, gpu_percent: float | None) -> None:
        """Reports the change from the totals so far: kWh before PUE, kg with PUE. If a total fell, because the
        published intensity of an hour is lower than assumed, later changes make up for it."""
        more_kg = None if kg is None else max(0.0, kg - self._kg)
        delta = Delta(self._end_unix, end_unix, max(0.0, kwh - self._kwh), more_kg, gpu_percent, kwh, kg)
        self._end_unix, self._kwh = end_unix, max(kwh, self._kwh)
        self._kg = self._kg if kg is None else max(kg, self._kg)
        for one in self._deliveries:
            one.put(delta)

    def finish(self, report: RunReport, within_s: float) -> None:
        """Hands over the report and waits for all sinks together, within a time limit."""
        for one in self._deliveries:
            one.put(report)
        until_s = time.monotonic() + within_s
        for one in self._deliveries:
            one.close(max(0.1, until_s - time.monotonic()))

    def counts(self) -> list[SinkCount]:
        """Counts of deliveries and failures of each sink."""
        return [*self._without, *(one.count() for one in self._deliveries)]
