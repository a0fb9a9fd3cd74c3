"""What two questions with the same answer differ in."""

from __future__ import annotations

from enum import IntEnum


class Evidence(IntEnum):
    """What two equivalent questions differ in, from the surest to the least sure."""

    SPELLING = 0
    """Case, punctuation, contractions, spelling, number words, units."""
    POLITENESS = 1
    FORM = 2
    """Another way to ask: `how can I`, `steps to`; articles."""
    ORDER = 3
    """An adverbial elsewhere; two things compared in the other order."""
    SYNONYM = 4
    """One word exchanged for another."""
    LOOSE = 5
    """Several of these, or a form that nearly always asks the same."""
