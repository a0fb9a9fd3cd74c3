"""What the campaign knows of an API: what may be asked, and how an answer is written."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from greenai_infra.intensity.model.source import IntensitySource
from greenai_infra.intensity.model.values import Basis, Flag, Signal
from greenai_infra.intensity.service.cache import AnswerCache

from ..draft import Draft
from ..wire import Request, Response

SECRET = "sekret+/key=42&7d1f"
"""A key, with letters that an address escapes."""

USER = "freddo"


class Window(NamedTuple):
    """What was asked: kind of question, the service's name of the place, and the steps that start in [first, last)."""

    kind: str
    place: str
    first_s: float
    last_s: float


@dataclass(frozen=True)
class Opening:
    """How a source is opened."""

    as_of: datetime
    signal: Signal
    basis: Basis
    cache: AnswerCache | None
    timeout_s: float


class Api:
    """One API; `number` tells its places from those of others.

    `places` has the service's name of each zone. `steps_s` are the lengths of steps that a reader has to understand,
    the first being the usual one. `says` is what an answer tells of itself: place, unit, meaning (signal or basis),
    step, text times, issue, estimate, sandbox; a `keyed` one is sent a secret. `always` are flags that every newest
    value carries, `delay_s` is how long after the start of a step its value is published.
    """

    name: ClassVar[str]
    places: ClassVar[dict[str, str]]
    kinds: ClassVar[tuple[str, ...]] = ("latest", "history", "forecast")
    steps_s: ClassVar[tuple[int, ...]] = (3600,)
    meanings: ClassVar[tuple[tuple[Signal, Basis], ...]]
    says: ClassVar[frozenset[str]]
    may_be_live: ClassVar[bool] = True
    keyed: ClassVar[bool] = False
    always: ClassVar[frozenset[Flag]] = frozenset()
    delay_s: ClassVar[int] = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def open(self, url: str, how: Opening) -> IntensitySource:
        """The source under test, asking at this URL."""
        raise NotImplementedError

    def aside(self, asked: Request) -> Response | None:
        """The answer to a request that is not about values, as a login; None if it is about values."""
        return None

    def read(self, asked: Request, now_s: float) -> Window:
        """What was asked."""
        raise NotImplementedError

    def render(self, draft: Draft) -> Any:
        """The JSON value that says what the draft holds."""
        raise NotImplementedError

    def draft(self, window: Window, now_s: float, basis: Basis, edition: int) -> Draft:
        """The true answer: of observations those whose step has begun `delay_s` ago or longer."""
        zone = next(zone for zone, place in self.places.items() if place == window.place)
        step_s = self.steps_s[0]
        last_s = window.last_s if window.kind == "forecast" else min(window.last_s, now_s - self.delay_s + 1)
        first = math.ceil(window.first_s / step_s)
        draft = Draft(
            window.kind, zone, self.place_number(zone), window.place, basis, now_s, step_s, [], now_s - 120, edition
        )
        draft.points = draft.at(range(first * step_s, math.ceil(last_s / step_s) * step_s, step_s))
        return draft

    def place_number(self, zone: str) -> int:
        """The number of a zone's place in `world`."""
        return 10 * self.number + list(self.places).index(zone)


def moment_s(text: str) -> float:
    """Unix seconds of a time with offset."""
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, f"asked with a time without offset: {text}"
    return moment.timestamp()
