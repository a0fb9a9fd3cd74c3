"""What is asked of a web service, and why there may be no answer. Imports nothing, as a cached answer needs no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Question:
    """A GET below the base URL; `expects` is what the JSON text holds: an object (dict) or an array (list).

    A parameter with several values is given several times.
    """

    path: str
    params: Mapping[str, str | list[str]] = field(default_factory=dict)
    expects: type = dict


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer, in plain words; `transient` if the same question may be answered later.

    `silent` if nothing came back at all, so that further questions would only cost time; `status` is the HTTP status
    that refused the question, 0 where none did.
    """

    reason: str
    transient: bool
    silent: bool = False
    status: int = field(default=0, compare=False)


class AnswerError(ValueError):
    """Why an answer that did come is refused."""
