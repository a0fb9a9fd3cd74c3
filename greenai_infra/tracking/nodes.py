"""The reports of the nodes, sent to node 0 and gathered there.

Node 0 puts a word of its own on each channel when it begins; the others write it on what they send. So what an earlier
run has left in a folder is never taken for a node of this one.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from greenai_infra.monitoring.run_report import RunReport
from greenai_infra.tracking.exchange import RUN, STOP, get, put
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from greenai_infra.tracking.exchange import Channel, Exchange
    from greenai_infra.tracking.ranks import Ranks

NODES_WITHIN_S = 20.0
"""How long the end of a node waits for the others, well within what a job may take after SIGTERM."""
LOOK_EVERY_S = 0.05


class Nodes:
    """This node among the others."""

    def __init__(self, ranks: Ranks, exchange: Exchange) -> None:
        self._ranks, self._exchange = ranks, exchange
        self._word = uuid.uuid4().hex
        self._announced: list[Channel] = []
        self._names = [f"node-{node}" for node in range(1, ranks.nodes)]

    @property
    def connected(self) -> bool:
        """Whether torch's store is at hand."""
        return self._exchange.with_store

    def begin(self) -> None:
        """Node 0: what an earlier run has left goes, and this one is announced."""
        if self._ranks.leads:
            self._exchange.clear([RUN, STOP, *self._names])
        self.look()

    def look(self) -> None:
        """For channels that came meanwhile, on which node 0 announces itself."""
        self._exchange.look()
        for channel in self._exchange.channels if self._ranks.leads else []:
            if channel not in self._announced:
                self._announced.append(channel)
                put(channel, RUN, {"word": self._word})

    def send(self, report: RunReport) -> bool:
        """To node 0, where it is listening; whether it is."""
        self.look()
        said = to_builtins(report)
        heard = False
        for channel in self._exchange.channels:
            if run := get(channel, RUN):
                put(channel, f"node-{self._ranks.node}", {"word": run.get("word"), "report": said})
                heard = True
        return heard

    def send_last(self, report: RunReport) -> None:
        """As `send`, and wait for a node 0 that has not begun yet."""
        until_s = time.monotonic() + NODES_WITHIN_S
        while not self.send(report) and time.monotonic() < until_s:
            time.sleep(LOOK_EVERY_S)

    def gathered(self) -> dict[int, RunReport]:
        """The newest report of each node that has sent one."""
        self.look()
        found: dict[int, RunReport] = {}
        for node, name in enumerate(self._names, 1):
            for said in self._exchange.found(name):
                report = self._read(said)
                if report is not None and (node not in found or found[node].status == "running"):
                    found[node] = report
        return found

    def _read(self, said: dict[str, Any]) -> RunReport | None:
        if said.get("word") != self._word:
            return None
        try:
            return read_values(said["report"], RunReport)
        except (LookupError, Unreadable):
            return None

    def gather_last(self) -> dict[int, RunReport]:
        """Wait for the last report of every node, but no longer than NODES_WITHIN_S."""
        until_s = time.monotonic() + NODES_WITHIN_S
        while True:
            found = self.gathered()
            ended = [one for one in found.values() if one.status != "running"]
            if len(ended) == len(self._names) or time.monotonic() > until_s:
                return found
            time.sleep(LOOK_EVERY_S)

    def end(self) -> None:
        """Node 0 has what there is."""
        if self._ranks.leads:
            self._exchange.clear([RUN, *self._names])
