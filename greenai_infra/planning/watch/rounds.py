"""Rounds at fixed times until a bound or a signal: no drift, and none that waits for another."""

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
    """Time as the rounds see it, and whether they were asked to stop."""

    @property
    def stopped_by(self) -> str:
        """The name of the signal that asked to stop, "" if none has."""
        ...

    def now(self) -> datetime:
        """The time of the wall clock, UTC, whole seconds."""
        ...

    def elapsed_s(self) -> float:
        """Seconds of a clock that is never set."""
        ...

    def wait(self, seconds: float) -> bool:
        """True after so many seconds; False as soon as asked to stop."""
        ...

    def attempt(self, work: Callable[[], _Value]) -> Future[_Value] | None:
        """The outcome of some work, when it is done; None as soon as asked to stop, even if it goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """A round every so many seconds from the first one on, at most `rounds` of them, and none after `for_s`."""

    every_s: float
    rounds: int | None
    for_s: float | None


def watch_rounds(plan_once: Callable[[], Round], watcher: Watcher, schedule: Schedule, pace: Pace) -> Iterator[Event]:
    """What each round brings, and a last event. A round that fails is told of, and the next one goes on.

    Round k begins k intervals after the first; those that fall into a round that took longer are left out.
    Raises InputError if that is what the first round ends with: what the user wrote won't do later either.
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
