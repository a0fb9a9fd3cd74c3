"""Time that passes as a test says."""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


class FakePace:
    """Waits take no time; round k takes `work_s[k]` seconds, and the last of these from then on.

    `stop_in_wait` and `stop_in_work` are numbers of the wait or round in which a signal comes; `on_wait` is called with
    the number of each wait.
    """

    def __init__(
        self,
        work_s: tuple[float, ...] = (0.0,),
        *,
        start: datetime = START,
        stop_in_wait: int | None = None,
        stop_in_work: int | None = None,
        on_wait: Callable[[int], None] = lambda number: None,
    ) -> None:
        self.stopped_by = ""
        self.unfinished = False
        self.start = start
        self.passed_s = 0.0
        self.waits: list[float] = []
        self.began: list[float] = []
        self._work_s = work_s
        self._stop_in_wait = stop_in_wait
        self._stop_in_work = stop_in_work
        self._on_wait = on_wait

    def __enter__(self) -> FakePace:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def now(self) -> datetime:
        return (self.start + timedelta(seconds=self.passed_s)).replace(microsecond=0)

    def elapsed_s(self) -> float:
        return 1000.0 + self.passed_s

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.passed_s += seconds
        self._on_wait(len(self.waits))
        if len(self.waits) == self._stop_in_wait:
            self.stopped_by = "SIGTERM"
        return not self.stopped_by

    def attempt(self, work: Callable[[], _Value]) -> Future[_Value] | None:
        future: Future[_Value] = Future()
        self.began.append(self.passed_s)
        if len(self.began) == self._stop_in_work:
            self.stopped_by = "SIGINT"
            return None
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - a pool keeps any of them, too
            future.set_exception(error)
        self.passed_s += self._work_s[min(len(self.began), len(self._work_s)) - 1]
        return future
