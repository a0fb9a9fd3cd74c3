"""A bound on the time of work that asks the web, wherever it hangs: in a name, a header, a body."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from greenai_infra.web.errors import Late

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Result = TypeVar("Result")

MAX_AT_ONCE = 64


def each_within(seconds: float, works: Sequence[Callable[[], Result]]) -> list[Result | Late]:
    """What each piece of work returns, in their order, or Late; up to MAX_AT_ONCE of them run at a time.

    Never takes much longer than `seconds`: the threads are daemons, so that one that hangs holds up neither this call
    nor the end of the program. What a piece of work raises is raised here.
    """
    until = time.monotonic() + seconds
    late = Late(f"no complete answer within {seconds:.3g} s")
    outcomes: list[Result | Late | _Raised] = [late] * len(works)
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(works)):
        todo.put(index)

    def run() -> None:
        while time.monotonic() < until:
            try:
                index = todo.get_nowait()
            except queue.Empty:
                return
            try:
                outcomes[index] = works[index]()
            except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
                outcomes[index] = _Raised(error)

    threads = [threading.Thread(target=run, daemon=True) for _ in works[:MAX_AT_ONCE]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    results: list[Result | Late] = []
    for outcome in list(outcomes):
        if isinstance(outcome, _Raised):
            raise outcome.error
        results.append(outcome)
    return results


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What one piece of work returns. Raises Late after that many seconds."""
    (outcome,) = each_within(seconds, [work])
    if isinstance(outcome, Late):
        raise outcome
    return outcome


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
