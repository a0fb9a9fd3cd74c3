"""Standard output and error as this package writes to them: nothing in a text can move the terminal or end in a crash.

Texts come from files, programs and services. What would move the cursor, set the title or turn the reading direction
is written as its code point (`\\u001b`), as is what the output's encoding lacks; in JSON that is the same text.
"""

from __future__ import annotations

import codecs
import re
import sys
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)"
COLOUR = r"\x1b\[[0-9;]*m"
PLAIN = str.maketrans({"…": "...", "₂": "2", "─": "-", "│": "|", "├": "+", "└": "+"})
"""What our own tables and words hold, for an output that has ASCII only."""

_controls = re.compile(CONTROLS)
_controls_and_colours = re.compile(f"({COLOUR})|{CONTROLS}")


def plain(text: str) -> str:
    """The text, with every control and change of direction as its code point; new lines and tabs stay."""
    return _controls.sub(lambda found: _escaped(found[0]), text)


def coloured(text: str) -> str:
    """The same for a text that was coloured here, or by the engine: colours stay, whatever moves the cursor doesn't."""
    return _controls_and_colours.sub(lambda found: found[1] or _escaped(found[0]), text)


class Output:
    """A text stream that writes `plain` text, or `coloured` text. Has no `buffer`: nothing gets past it."""

    def __init__(self, stream: Any, made_safe: Any = plain) -> None:
        self._stream = stream
        self._made_safe = made_safe

    def write(self, text: str) -> int:
        """Write it all; the number of its characters."""
        if not isinstance(text, str):
            raise TypeError("a text stream takes text")
        self._stream.write(self._made_safe(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def in_colour(self) -> Output:
        """The same stream for texts whose colours are ours."""
        return Output(self._stream, coloured)

    def unguarded(self) -> Any:
        """The stream itself."""
        return self._stream

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


def in_colour(stream: Any) -> Any:
    """Where to write texts that this package, or the engine, has coloured."""
    return stream.in_colour() if isinstance(stream, Output) else stream


def for_drawing(stream: Any) -> Any:
    """Where a view draws itself anew by moving the cursor; its texts must be `plain` already."""
    return stream.unguarded() if isinstance(stream, Output) else stream


@contextmanager
def safe_output() -> Iterator[None]:
    """Make standard output and error safe meanwhile."""
    before = sys.stdout, sys.stderr
    codecs.register_error("code-points", _in_code_points)
    for stream in before:
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="code-points")
    sys.stdout, sys.stderr = Output(sys.stdout), Output(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _in_code_points(error: UnicodeError) -> tuple[str, int]:
    """An error handler for what an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_escaped(letter) if ord(letter) > 127 else letter for letter in lacking.translate(PLAIN)), error.end


def _escaped(letter: str) -> str:
    """`\\u001b`, as JSON writes it: two such for what lies beyond 16 bits."""
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
