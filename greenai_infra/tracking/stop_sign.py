"""Ends a run at its budget, at the same step in all of its processes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from greenai_infra.tracking.exchange import STOP

if TYPE_CHECKING:
    from greenai_infra.tracking.exchange import Exchange


class StopSign:
    """Counts the checks of a process. The leading process decides that all end at its next check.

    Processes that exchange gradients in each step are never a whole step apart, so all of them learn of it in time and
    none is left waiting in an exchange. A check of the others asks the channels once (0.1 ms).
    """

    def __init__(self, exchange: Exchange | None, *, leads: bool) -> None:
        self._exchange, self._leads = exchange, leads
        self._left_over = [] if exchange is None or leads else exchange.found(STOP)
        self._checks = 0
        self._at: int | None = None

    def due(self, *, reached: bool) -> bool:
        """Whether the process must end at this check; `reached` counts only in the leading process."""
        self._checks += 1
        if self._at is None and self._exchange is None:
            self._at = self._checks if reached else None
        elif self._at is None and self._exchange is not None:
            self._exchange.look()
            if self._leads and reached:
                self._at = self._checks + 1
                self._exchange.put(STOP, {"at": self._at, "word": uuid.uuid4().hex})
            elif not self._leads:
                self._at = self._read()
        return self._at is not None and self._checks >= self._at

    def _read(self) -> int | None:
        """Remembers a sign that existed before this process began: it belongs to an earlier run."""
        assert self._exchange is not None
        for said in self._exchange.found(STOP):
            at = said.get("at")
            if isinstance(at, int) and said not in self._left_over:
                return at
        return None
