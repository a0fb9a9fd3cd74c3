"""A checkup: what was checked, the result, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

State = Literal["ok", "warning", "error", "unknown"]


@dataclass(frozen=True)
class Checkup:
    """`ok`; `warning`: `up` works, and something will be missing; `error`: `up` or the run fails; `unknown`: not seen.

    `remedy` is a command or a sentence, empty only for what is ok.
    """

    part: str
    state: State
    said: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Returns an entry of `doctor --json`."""
        return asdict(self)


def failed(checkups: Iterable[Checkup]) -> bool:
    """Whether `up` or the run would fail."""
    return any(checkup.state == "error" for checkup in checkups)
