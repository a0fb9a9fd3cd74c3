"""When a run must stop: a signal, the end of its slice, its carbon budget.

Exit codes of a training process:

    0    finished (or had finished before)
    1    failed: a loss that is no number, a full disk, an error in the program
    2    something stated is wrong: an unknown hyperparameter, a missing channel, a checkpoint of another model
    75   the carbon budget is used up: a checkpoint is written, and it is not to be started again just so
    143  stopped by SIGTERM or the end of its slice, to be continued: the same command resumes (130 after Ctrl-C)
"""

from __future__ import annotations

import signal
import sys
import time
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError
from greenai_infra.tracking.limit import BUDGET_REACHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SLICE_END = "GREENAI_SLICE_END"
BEFORE_END_S = 60.0
"""How long before the end of its slice a run stops by itself, to have its checkpoint written."""
TO_BE_CONTINUED = 128 + signal.SIGTERM


class Stopped(SystemExit):
    """The run ends here, by this exit code. No Exception, so that a loop which survives errors ends, too."""


class StopRequest:
    """Listens for SIGTERM and Ctrl-C, and knows the end of the slice. `code` is 0 while the run may go on."""

    def __init__(self, environment: Mapping[str, str], wall_s: Callable[[], float] = time.time) -> None:
        """Raises InputError for a GREENAI_SLICE_END that is not a time."""
        self._wall_s = wall_s
        self._signal = 0
        self.end_s = _slice_end(environment.get(SLICE_END, ""))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT meanwhile; the second Ctrl-C ends the process at once."""
        before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: Any) -> None:
        if number == signal.SIGINT == self._signal:
            raise KeyboardInterrupt
        self._signal = number

    def code(self) -> int:
        """0, or the exit code that the run has to end with."""
        if self._signal:
            return 128 + self._signal
        if self.end_s is not None and self._wall_s() >= self.end_s - BEFORE_END_S:
            return TO_BE_CONTINUED
        return 0

    def why(self, code: int) -> str:
        """In words."""
        if code == BUDGET_REACHED:
            return "the carbon budget is used up"
        if self._signal or code != TO_BE_CONTINUED:
            return "told to stop by a signal"
        return f"the slice ends ({SLICE_END})"


def _slice_end(text: str) -> float | None:
    if not text:
        return None
    with suppress(ValueError):
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.timestamp()
    raise InputError(f"{SLICE_END} must be a time with an offset, as 2026-11-30T18:00:00Z, not {text!r}")


def say(text: str) -> None:
    """A line for the log."""
    print(f"greenai-infra: {text}", file=sys.stderr, flush=True)
