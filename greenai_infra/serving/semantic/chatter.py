"""Whole sentences beside the question that ask nothing: `I have a question.`, `My friend wants to know:`, `Cheers!`.

A segment, up to a full stop or comma, is chatter if all its words are from a closed list and at least one of them is a
sign of chatter. What remains must still be a question of several words.
"""

from __future__ import annotations

from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.tokens import COMMA, STOP

_SIGNS = frozenset(
    listed(
        "question questions curious curiosity interest wonder wondering wondered thanks thank cheers please help "
        "sorry apologies hello hi hey answer friend colleague boss ask asking new morning evening afternoon dear "
        "support team ok okay appreciate appreciated greetings regards advance"
    )
)
_BESIDE = frozenset(
    listed(
        "i am be is it has have had been got a an the my me we us our you your can could would will do does for to "
        "from this that these here there one two just so if but and or like want wants wanted need needs needed "
        "love really very much out of in on at with what who another next last first quick small simple short "
        "silly stupid dumb basic good day well all everyone everybody folks again know to about let get some any "
        "lot always ever now again also too kind kindly best regards quickly"
    )
)
_LONGEST = 12
_LEAST_LEFT = 2


def without_chatter(tokens: list[str]) -> list[str]:
    """The tokens without chatter before and after the question, and without marks at either end."""
    tokens = _trimmed(tokens)
    while (end := _first_mark(tokens)) is not None and _is_chatter(tokens[:end]) and _is_left(tokens[end:]):
        tokens = _trimmed(tokens[end:])
    while (start := _last_mark(tokens)) is not None and _is_chatter(tokens[start + 1 :]) and _is_left(tokens[:start]):
        tokens = _trimmed(tokens[:start])
    return tokens


def _is_chatter(segment: list[str]) -> bool:
    words = set(segment)
    return 0 < len(segment) <= _LONGEST and words <= _SIGNS | _BESIDE and bool(words & _SIGNS)


def _is_left(tokens: list[str]) -> bool:
    return sum(token not in (STOP, COMMA) for token in tokens) >= _LEAST_LEFT


def _first_mark(tokens: list[str]) -> int | None:
    return next((at for at, token in enumerate(tokens) if token in (STOP, COMMA)), None)


def _last_mark(tokens: list[str]) -> int | None:
    return next((at for at in range(len(tokens) - 1, -1, -1) if tokens[at] in (STOP, COMMA)), None)


def _trimmed(tokens: list[str]) -> list[str]:
    start, end = 0, len(tokens)
    while start < end and tokens[start] in (STOP, COMMA):
        start += 1
    while end > start and tokens[end - 1] in (STOP, COMMA):
        end -= 1
    return tokens[start:end]
