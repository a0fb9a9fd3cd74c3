"""An answer before it is written in the words of an API: points, what is said about them, and what may be believed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from greenai_infra.intensity.model.values import Basis, Flag

from .world import NEW, estimate_g, true_g

SAME: Any = object()
"""In a point: what is written is the truth."""


@dataclass
class Point:
    """A mean from `start_s` on; `value` and `time` are what is written instead, and `changes` beside.

    `honest` unless the number that is written must not be believed, `placed` unless nothing may, since time or place
    are wrong; `measured` unless only the estimate is known; `means` is what a reader has to understand, None if `g`.
    """

    start_s: float
    g: float
    estimate: float
    means: float | None = None
    value: Any = SAME
    time: Any = SAME
    changes: dict[str, Any] = field(default_factory=dict)
    honest: bool = True
    placed: bool = True
    measured: bool = True

    @property
    def written(self) -> Any:
        """The number as it is to be written, in g/kWh unless it is a fault."""
        if self.value is not SAME:
            return self.value
        return self.g if self.measured else None


def _utc(_: float) -> int:
    return 0


@dataclass
class Draft:
    """An answer to one question about one zone; `kind` is latest, history or forecast.

    `labels` are what is said falsely of the whole answer: place, unit, meaning, step_s or sandbox. `offset_minutes` is
    how far the clock that times are written by is ahead of UTC. `flags` are what a believed answer must carry, `ahead`
    lets times of observations lie in the future.
    """

    kind: str
    zone: str
    number: int
    place: str
    basis: Basis
    now_s: float
    step_s: int
    points: list[Point]
    issued_s: float
    edition: int = NEW
    labels: dict[str, Any] = field(default_factory=dict)
    offset_minutes: Callable[[float], int] = _utc
    naive: bool = False
    flags: set[Flag] = field(default_factory=set)
    step_unclear: bool = False

    def time(self, point: Point, after_s: float = 0, form: str = "%Y-%m-%dT%H:%M:%S") -> Any:
        """The time of a point, or of a moment after it, as it is to be written."""
        return self.text(point.start_s + after_s, form) if point.time is SAME else point.time

    def text(self, moment_s: float, form: str = "%Y-%m-%dT%H:%M:%S") -> str:
        """A time as the clock of this answer shows it."""
        minutes = self.offset_minutes(moment_s)
        local = datetime.fromtimestamp(moment_s, UTC) + timedelta(minutes=minutes)
        sign, ahead = "-" if minutes < 0 else "+", abs(minutes)
        offset = f"{sign}{ahead // 60:02}:{ahead % 60:02}" if minutes else "Z"
        return local.strftime(form) + ("" if self.naive else offset)

    def at(self, starts_s: Iterable[float], step_s: int | None = None) -> list[Point]:
        """The true points at these times."""
        step_s = step_s or self.step_s
        return [
            Point(
                start_s,
                true_g(self.number, start_s, step_s, self.edition),
                estimate_g(self.number, start_s, step_s, self.edition),
            )
            for start_s in starts_s
        ]

    def every(self, step_s: int) -> list[float]:
        """The starts of steps of that length over the time that the points cover."""
        first_s, last_s = self.points[0].start_s, self.points[-1].start_s + self.step_s
        first_s = -(-first_s // step_s) * step_s
        return [first_s + step_s * number for number in range(int((last_s - first_s) // step_s))]

    def distrust(self, points: Iterable[Point]) -> None:
        """Nothing of these may be believed."""
        for point in points:
            point.honest = point.placed = False
