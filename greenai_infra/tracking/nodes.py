"""The reports of the nodes, sent to node 0 and gathered there.

Node 0 puts a random word on each channel when it begins; the others add it to what they send. So leftovers of an
earlier run in a folder are never mistaken for a node of this run.
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
"""How long a node waits for the others at its end, well within a job's grace period after SIGTERM."""
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
        """Whether torch's store is available."""
        return self._exchange.with_store

    def begin(self) -> None:
        """Node 0: removes leftovers of an earlier run, and announces this run."""
        if self._ranks.leads:
            self._exchange.clear([RUN, STOP, *self._names])
        self.look()

    def look(self) -> None:
        """Looks for new channels, on which node 0 announces itself."""
        self._exchange.look()
        for channel in self._exchange.channels if self._ranks.leads else []:
            if channel not in self._announced:
                self._announced.append(channel)
                put(channel, RUN, {"word": self._word})

    def send(self, report: RunReport) -> bool:
        """Sends to node 0 if it is listening; returns whether it is."""
        self.look()
        said = to_builtins(report)
        heard = False
        for channel in self._exchange.channels:
            if run := get(channel, RUN):
                put(channel, f"node-{self._ranks.node}", {"word": run.get("word"), "report": said})
                heard = True
        return heard

    def send_last(self, report: RunReport) -> None:
        """Like `send`, but waits for a node 0 that has not begun yet."""
        until_s = time.monotonic() + NODES_WITHIN_S
        while not self.send(report) and time.monotonic() < until_s:
            time.sleep(LOOK_EVERY_S)

    def gathered(self) -> dict[int, RunReport]:
        """The newest report of each node that has reported."""
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
        """Waits for the last report of every node, at most NODES_WITHIN_S."""
        until_s = time.monotonic() + NODES_WITHIN_S
        while True:
            found = self.gathered()
            ended = [one for one in found.values() if one.status != "running"]
            if len(ended) == len(self._names) or time.monotonic() > until_s:
                return found
            time.sleep(LOOK_EVERY_S)

    def end(self) -> None:
        """Ends the exchange: node 0 has all reports that arrived."""
        if self._ranks.leads:
            self._exchange.clear([RUN, *self._names])
