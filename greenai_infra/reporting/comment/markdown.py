"""Text from a preview, made safe to stand in a Markdown comment.

A pull request names its resources and writes its messages as it likes, and the comment is posted with a trusted token.
So text can't open a link, an image, HTML, a table cell or a comment marker, can't mention a person, an issue or a
label, and never begins a line (GitLab obeys `/approve` there). `Markdown` marks what may stand in a comment; the
template's environment refuses every other text.
"""

from __future__ import annotations

import unicodedata

BREAK = "\u200b"  # of no width: `@` before it is no mention, `#` no reference, `:` no address
_BACKSLASHED = "\\`*[]{}"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "$": "&#36;", "~": "&#126;"}
_BEFORE_REFERENCE = "@#!%&~$^"  # of GitHub or GitLab: person, issue, merge request, milestone, epic, label, snippet


class Markdown(str):
    """Markdown that was put together here."""

    __slots__ = ()


NOTHING = Markdown("")


def shortened(text: str, limit: int) -> str:
    """One line of printable text, at most `limit` characters: no control, bidirectional or zero-width characters."""
    kept = (
        " " if one.isspace() or unicodedata.category(one) in ("Cc", "Zl", "Zp") else one
        for one in unicodedata.normalize("NFC", text[: 8 * limit])
        if one.isspace() or unicodedata.category(one) not in ("Cf", "Cs", "Co", "Cn")
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def code(text: object, limit: int = 120) -> Markdown:
    """A name as code: nothing in a code span is Markdown, HTML or a mention.

    Grave accents and bars, the only characters that could end the span or the cell of a table, are replaced.
    """
    line = shortened(str(text), limit).replace("`", "'").replace("|", "¦")
    return Markdown(f"`{line}`" if line else "")


def prose(text: object, limit: int = 500) -> Markdown:
    """A sentence as it reads, with whatever Markdown, HTML or reference is in it made harmless."""
    line = shortened(str(text), limit)
    return Markdown("".join(_harmless(line, place) for place in range(len(line))))


def _harmless(line: str, place: int) -> str:
    """One letter of a line as Markdown that means this letter and nothing else."""
    letter, before, after = line[place], line[:place], line[place + 1 : place + 2]
    if letter in _ENTITIES:
        written = _ENTITIES[letter]
    elif letter in _BACKSLASHED or (letter == "_" and not (before[-1:].isalnum() and after.isalnum())):
        written = "\\" + letter
    else:
        written = letter
    refers = letter in _BEFORE_REFERENCE and not after.isspace()
    if letter == "." and before[-3:].lower() == "www":
        return BREAK + written
    address = letter == ":" and after == "/"
    issue = letter == "-" and before[-2:].upper() == "GH"
    return written + BREAK if after and (refers or address or issue) else written
