"""What a pattern's matches have in common, so that most patterns need not be tried on a text."""

from __future__ import annotations

from re import _parser  # type: ignore[attr-defined]
from typing import Any


def needed(pattern: str) -> str:
    """The longest run of letters that each match of a pattern holds, outside of its groups."""
    runs = [""]
    for operation, argument in _parser.parse(pattern):
        if operation is _parser.LITERAL:
            runs[-1] += chr(argument)
        else:
            runs.append("")
    return max(runs, key=len)


def beginnings(pattern: str) -> frozenset[tuple[str, ...]]:
    """Whole words with which a match of an anchored pattern begins, two at most."""
    return frozenset(tuple(text.split(" ")[:-1][:2]) for text, _ in _heads(_parser.parse(pattern)))


def words_at(place: int, pattern: str) -> frozenset[str] | None:
    """The words that may stand first (0) or second (1) where a pattern matches; None: any."""
    found = beginnings(pattern)
    return None if any(len(words) <= place for words in found) else frozenset(words[place] for words in found)


def _heads(tree: Any) -> set[tuple[str, bool]]:
    """Texts with which matches begin, and whether anything may follow. `tree` is what the standard library parses."""
    heads = {("", False)}
    for operation, argument in tree:
        if operation is _parser.LITERAL:
            following = {(chr(argument), False)}
        elif operation is _parser.IN and all(kind is _parser.LITERAL for kind, _ in argument):
            following = {(chr(letter), False) for _, letter in argument}
        elif operation is _parser.SUBPATTERN:
            following = _heads(argument[-1])
        elif operation is _parser.BRANCH:
            following = set().union(*map(_heads, argument[1]))
        elif operation is _parser.MAX_REPEAT:
            least, most, repeated = argument
            following = {(text, ends or most > 1) for text, ends in _heads(repeated)}
            if not least:
                following.add(("", False))
        elif (operation, argument) == (_parser.AT, _parser.AT_END):
            following = {(" ", True)}  # the last word is whole
        elif operation in (_parser.AT, _parser.ASSERT, _parser.ASSERT_NOT):
            continue
        else:
            following = {("", True)}
        heads = {
            (head, True) if ends or head.count(" ") >= 2 else (head + text, then_ends)
            for head, ends in heads
            for text, then_ends in following
        }
    return heads
