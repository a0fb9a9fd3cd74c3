"""Questions to a web service, and reasons for a missing answer. Imports stay light: a cached answer needs only this."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A GET below the base URL; `expects` is what the JSON text holds: an object (dict) or an array (list).

    A parameter with several values is given several times. `read` makes of the answer what is wanted, in the thread
    that has received it and so beside the waiting for others; it raises AnswerError for an answer that it refuses.
    """

    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    expects: type = dict
    read: Callable[[Any], Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the answer is missing, in plain words; `transient` if the same question may be answered later.

    `silent` if the service sent no response, so that further questions would only cost time; `status` is the HTTP
    status that refused the question, else 0.
    """

    reason: str
    transient: bool
    silent: bool = False
    status: int = field(default=0, compare=False)


class AnswerError(ValueError):
    """Why an answer that did come is refused."""
