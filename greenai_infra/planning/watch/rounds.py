"""Rounds at fixed times until a bound or a signal, without drift; an overrunning round delays no other."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Protocol, TypeVar

from greenai_infra.errors import GreenAIError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from datetime import datetime

    from greenai_infra.planning.watch.changes import Event, Round, Watcher

_Value = TypeVar("_Value")


class Pace(Protocol):
    """The clock of the rounds, and whether they were asked to stop."""

    @property
    def stopped_by(self) -> str:
        """The name of the signal that asked to stop, else ""."""
        ...

    def now(self) -> datetime:
        """Wall-clock time, UTC, whole seconds."""
        ...

    def elapsed_s(self) -> float:
        """Seconds of a monotonic clock."""
        ...

    def wait(self, seconds: float) -> bool:
        """Waits. Returns True after that many seconds, False as soon as asked to stop."""
        ...

    def attempt(self, work: Callable[[], _Value]) -> Future[_Value] | None:
        """The outcome of the work when it is done; None as soon as asked to stop, even if the work goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """A round every `every_s` seconds, at most `rounds` of them, and no round after `for_s`."""

    every_s: float
    rounds: int | None
    for_s: float | None


def watch_rounds(plan_once: Callable[[], Round], watcher: Watcher, schedule: Schedule, pace: Pace) -> Iterator[Event]:
    """The events of each round, and a last event. A failed round is reported, and the next round goes on.

    Round k begins k intervals after the first; rounds that fall into an overrunning round are skipped.
    An InputError of the first round is raised: the user's input will not become valid later.
    """
    began_s = pace.elapsed_s()
    while True:
        attempt = pace.attempt(plan_once)
        if attempt is None:
            break
        error = attempt.exception()
        if error is None:
            yield from watcher.observe(pace.now(), attempt.result())
        elif isinstance(error, InputError) and watcher.rounds == 0:
            raise error
        elif isinstance(error, Exception):
            name = "" if isinstance(error, GreenAIError) else f"{type(error).__name__}: "
            yield watcher.fail(pace.now(), f"{name}{error}")
        else:
            raise error
        passed_s = pace.elapsed_s() - began_s
        following_s = (floor(passed_s / schedule.every_s + 1e-9) + 1) * schedule.every_s
        if watcher.rounds == schedule.rounds or (schedule.for_s is not None and following_s > schedule.for_s):
            yield watcher.end(pace.now(), "ended as planned")
            return
        if not pace.wait(following_s - passed_s):
            break
    yield watcher.end(pace.now(), f"stopped by {pace.stopped_by}")
