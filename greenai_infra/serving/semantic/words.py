"""The words of a question with their dictionary forms; an article belongs to the word after it."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Word:
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
        joined, taken = _phrase(tokens, at)
        if taken:
            found.append(Word(joined, joined, BASE, article, False))
        else:
            fixed = token in capitals or token in PREPOSITIONS
            lemma, ending = (token, BASE) if fixed else form_of(token)
            found.append(Word(token, lemma, ending, article, token in capitals))
            taken = 1
        article = ""
        at += taken
    return tuple(found)


def _particles_joined(tokens: list[str]) -> list[str]:
    """`turn the light off` as `turn off the light`, where a group knows `turn off`."""
    if len(tokens) < 3 or tokens[-1] not in _PARTICLES:
        return tokens
    for at, token in enumerate(tokens[-5:-2], max(len(tokens) - 5, 0)):
        if f"{form_of(token).lemma}_{tokens[-1]}" in groups():
            return [*tokens[: at + 1], tokens[-1], *tokens[at + 1 : -1]]
    return tokens


def _phrase(tokens: list[str], at: int) -> tuple[str, int]:
    """A member of several words of some group that begins here, joined by `_`, and how many words it takes."""
    lemma = form_of(tokens[at]).lemma
    for first in {tokens[at], lemma}:
        for words in phrases().get(first, ()):
            here = tokens[at : at + len(words)]
            if len(here) == len(words) and all(
                one == other or form_of(one).lemma == other for one, other in zip(here, words, strict=True)
            ):
                return "_".join(words), len(words)
    return "", 0
