"""Lists of words, written as a text."""

from __future__ import annotations


def listed(text: str, between: str = " ") -> list[str]:
    """The words of a text, in order."""
    return text.split(between)
