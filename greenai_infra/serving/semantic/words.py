"""The words of a question with their dictionary forms; an article belongs to the word after it."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from greenai_infra.serving.semantic.lexicon import BASE, form_of, groups, phrases
from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.tokens import COMMA

_ARTICLES = frozenset({"a", "an", "the"})
PREPOSITIONS = frozenset(
    listed(
        "in on at for with from to of by about during using via through between into onto over under near within "
        "without before after since until per against across around behind above below like as than"
    )
)
_PARTICLES = frozenset(["off", "on", "up", "out", "down", "away", "back"])


class Word(msgspec.Struct, frozen=True, gc=False):
    """A word with its dictionary form, ending, and article before it; `name` if it was written with a capital."""

    text: str
    lemma: str
    ending: str
    article: str
    name: bool


def words_of(tokens: list[str], capitals: frozenset[str]) -> tuple[Word, ...]:
    found: list[Word] = []
    article = ""
    tokens = _particles_joined([token for token in tokens if token != COMMA])
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token in _ARTICLES and at + 1 < len(tokens):
            article = "the" if token == "the" else "a"
            at += 1
            continue
        joined, taken = _phrase(tokens, at) if _phrases_from(token) else ("", 1)
        found.append(_word(joined or token, article, token in capitals and not joined))
        article = ""
        at += taken
    return tuple(found)


@lru_cache(maxsize=16_384)
def _word(text: str, article: str, name: bool) -> Word:
    """The same object for the same word: questions that are kept share them."""
    fixed = name or text in PREPOSITIONS
    lemma, ending = (text, BASE) if fixed else form_of(text)
    return Word(text, lemma, ending, article, name)


def _particles_joined(tokens: list[str]) -> list[str]:
    """`turn the light off` as `turn off the light`, where a group knows `turn off`."""
    if len(tokens) < 3 or tokens[-1] not in _PARTICLES:
        return tokens
    for at, token in enumerate(tokens[-5:-2], max(len(tokens) - 5, 0)):
        if f"{form_of(token).lemma}_{tokens[-1]}" in groups():
            return [*tokens[: at + 1], tokens[-1], *tokens[at + 1 : -1]]
    return tokens


def _phrase(tokens: list[str], at: int) -> tuple[str, int]:
    """A member of several words of some group that begins here, joined by `_`, and its words' number; else "", 1."""
    for words in _phrases_from(tokens[at]):
        here = tokens[at : at + len(words)]
        if len(here) == len(words) and all(
            one == other or form_of(one).lemma == other for one, other in zip(here, words, strict=True)
        ):
            return "_".join(words), len(words)
    return "", 1


@lru_cache(maxsize=16_384)
def _phrases_from(token: str) -> tuple[tuple[str, ...], ...]:
    """The members of several words that begin with this one, or with its dictionary form."""
    lemma = form_of(token).lemma
    return phrases().get(token, ()) + (phrases().get(lemma, ()) if lemma != token else ())
