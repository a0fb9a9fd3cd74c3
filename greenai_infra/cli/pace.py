"""Real time, ended by signals: SIGINT and SIGTERM are noticed while waiting and while working."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

from greenai_infra import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import FrameType, TracebackType

_Value = TypeVar("_Value")


class RealPace:
    """The pace of the clock, for use as a context in the main thread; inside it the signals only ask to stop.

    Work runs in a separate thread, so that a signal need not wait for a service that does not answer. Abandoned work
    goes on in that thread: `unfinished` is then true, and the program must exit without waiting for the thread.
    """

    def __init__(self) -> None:
        self.stopped_by = ""
        self.unfinished = False
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._pool.shutdown(wait=False)

    def now(self) -> datetime:
        """Wall-clock time, UTC, whole seconds."""
        return clock.now()

    def elapsed_s(self) -> float:
        """Seconds of a monotonic clock."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Waits. Returns True after that many seconds, False as soon as asked to stop."""
        until = time.monotonic() + seconds
        while not self.stopped_by and (left := until - time.monotonic()) > 0:
            self._wake.wait(left)
            self._wake.clear()
        return not self.stopped_by

    def attempt(self, work: Callable[[], _Value]) -> Future[_Value] | None:
        """The outcome of the work when it is done; None as soon as asked to stop, even if the work goes on."""
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._wake.set())
        while not self.stopped_by and not future.done():
            self._wake.wait()
            self._wake.clear()
        self.unfinished = not future.done()
        return None if self.stopped_by else future

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopped_by = signal.Signals(number).name
        self._wake.set()
