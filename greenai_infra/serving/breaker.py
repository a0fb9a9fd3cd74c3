"""A circuit breaker: after some failures in a row the store is left alone for a while, so that requests don't wait."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from greenai_infra.masking import masked

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES_TO_OPEN = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
LOG = logging.getLogger("greenai_infra.serving")


class Breaker:
    """Closed while the store answers; open after `failures` failures in a row.

    After the pause (`due`), the store is asked once, in the background. If it answers, the breaker closes on trial: the
    next failure opens it again, the next success resets the count. If not, the pause doubles.
    """

    def __init__(self, failures: int = FAILURES_TO_OPEN, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_open = False
        self._most, self._clock = failures, clock
        self._lock = threading.Lock()
        self._failures, self._pause_s, self._due_at, self._asking = 0, FIRST_PAUSE_S, 0.0, False

    def failed(self, error: BaseException) -> None:
        """The store did not answer a request in time."""
        with self._lock:
            self._failures += 1
            if self._failures < self._most or self.is_open:
                return
            self._open()
        LOG.warning("the cache's store fails; the model answers without the cache: %s", masked(str(error)))

    def succeeded(self) -> None:
        """The store answered a request."""
        if self._failures:
            with self._lock:
                self._failures, self._pause_s = 0, FIRST_PAUSE_S

    def due(self) -> bool:
        """Whether it is time to ask the store again; true for a single caller, which reports the outcome to `asked`."""
        with self._lock:
            is_due = self.is_open and not self._asking and self._clock() >= self._due_at
            self._asking = self._asking or is_due
            return is_due

    def asked(self, answered: bool) -> None:
        """Records the outcome of asking the store."""
        with self._lock:
            self._asking = False
            if answered:
                self.is_open, self._failures = False, self._most - 1
            else:
                self._open()

    def _open(self) -> None:
        self.is_open, self._due_at = True, self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
