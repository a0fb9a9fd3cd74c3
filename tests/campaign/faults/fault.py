"""What a fault is: mutations of an answer at one or several of its stages, and what may be believed afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

from ..apis import Api
from ..draft import Draft, Point
from ..wire import Response, Script

Wire = Callable[[Response], Script]
"""How an answer is sent."""


class Must(StrEnum):
    """What a source has to make of it. Whatever it answers has to be true."""

    ANSWER = "answer"
    REFUSE = "refuse"
    EITHER = "either"


@dataclass(frozen=True)
class Fault:
    """One injected fault.

    Each hook changes the answer at its stage: `draft` what it says, `tree` its JSON value, `text` its body, `wire` what
    is sent. `door` is an address in place of the server's; `cache` changes a file of answers that were kept. A fault
    meets the first `attempts` requests about a place, all if None. `as_of` is the moment of asking, if that matters.
    """

    kind: str
    detail: str
    draft: Callable[[Draft, Random], None] | None = None
    tree: Callable[[Any, Random], Any] | None = None
    text: Callable[[bytes], bytes] | None = None
    wire: Wire | None = None
    door: str = ""
    cache: Callable[[Path, Random], None] | None = None
    attempts: int | None = None
    must: Must = Must.EITHER
    as_of: datetime | None = None

    @property
    def of_transport(self) -> bool:
        """Whether it meets requests alike, whatever they ask."""
        return self.wire is not None or self.door != ""


@dataclass(frozen=True)
class Setting:
    """What a fault is made for: an API, a kind of question, and chance; `elsewhere` is where a redirect leads."""

    api: Api
    kind: str
    rng: Random
    elsewhere: str

    @property
    def one_point(self) -> bool:
        """Whether an answer holds a single value."""
        return self.kind == "latest" and self.api.name in ("electricity-maps", "neso")


Maker = Callable[[Setting], Fault | None]
"""Makes a fault of one kind; None where there is none for this API and question."""


def raw(text: str) -> str:
    """A text that stands in the JSON without quotes."""
    return f"@@{text}@@"


def some(points: list[Point], where: str, rng: Random) -> list[Point]:
    """The newest, the first, one, some or all of the points."""
    if where == "newest":
        return points[-1:]
    if where == "first":
        return points[:1]
    if where == "one":
        return [rng.choice(points)]
    if where == "some":
        return rng.sample(points, k=max(1, len(points) // 3))
    return list(points)


WHERE = ("newest", "first", "one", "some", "all")
