"""A question read: what is asked for, in which tense and mood, about which words.

Both questions of a pair are read alone, so that a stored question is read once.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

import msgspec

from greenai_infra.serving.semantic import forms
from greenai_infra.serving.semantic.lexicon import known
from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.politeness import without_politeness
from greenai_infra.serving.semantic.tokens import QUOTED, one_line, tokenise
from greenai_infra.serving.semantic.words import Word, words_of

MAX_WORDS = 60
"""A longer question is equivalent only to its own spelling: with each word more, one of them may matter otherwise."""
_AUX = {
    "is": "be", "are": "be", "am": "be", "was": "be.ed", "were": "be.ed", "do": "do", "does": "do", "did": "do.ed",
    "has": "have", "have": "have", "had": "have.ed", "can": "can", "could": "could", "will": "will", "would": "would",
    "shall": "shall", "should": "should", "may": "may", "might": "might", "must": "must",
}  # fmt: skip
_QUESTION = re.compile(
    r"^(how (?:many|much|long|often|far|old|soon|well)|what|which|whom|whose|who|where|when|why|how)(?: |$)"
)
_ENGLISH = frozenset(
    listed(
        "the of to is are was were do does did how what where when why who which can could should would i my you "
        "your for with and or in on at from by it an a that this have has be explain list write give tell show "
        "about me after before during between not no compare summarize translate convert define describe"
    )
)
_CAPITALISED = re.compile(r"\b[^\WA-Z]*[A-Z][\w'-]*")
_CURRENT = frozenset({"current", "currently"})
_CURRENT_PHRASES = (
    " right now",
    " at the moment",
    " at present",
    " at the present time",
    " nowadays",
    " these days",
    " today",
    " now",
)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A question as it was understood."""

    spelled: str
    polite: str
    english: bool
    intent: str
    features: tuple[str, ...]
    kind: str
    current: bool
    words: tuple[Word, ...]
    trail: frozenset[tuple[str, str]]
    cased: tuple[str, ...]
    """Words whose capitals may matter, as written, in order of the alphabet."""
    lazy: bool


def read(question: str) -> Reading:
    """Read a question. Texts that are long, hold code, or are not English are kept in their spelling alone."""
    line = one_line(question)
    tokens = tokenise(line)
    if not line.isascii() and not _ENGLISH.isdisjoint(tokens):
        tokens = [_without_accents(token) for token in tokens]
    spelled = " ".join(tokens) or line
    plain = (len(tokens) <= MAX_WORDS and "```" not in question and spelled.isascii()) or _only_quotes(spelled)
    english = plain and len(tokens) <= MAX_WORDS and (not _ENGLISH.isdisjoint(tokens) or known(tokens))
    shouted = line.isupper() and line.count(" ") > 1
    cased, lazy = () if shouted else _cased(line), line.islower() or shouted
    if not english:
        return Reading(spelled, spelled, False, "", (), "", False, (), frozenset(), cased, lazy)
    polite = without_politeness(spelled)
    if polite == spelled:
        polite = spelled  # one text in memory
    text, trail = forms.rewrite(polite)
    return _parse(spelled, polite, text, trail, cased, lazy)


def _without_accents(token: str) -> str:
    """`cafe` for `café`, in an English question; other letters than Latin ones stay."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", token) if not unicodedata.combining(letter))
    return plain if plain.isascii() else token


def _only_quotes(text: str) -> bool:
    return text.replace(QUOTED, "").isascii()


def _cased(line: str) -> tuple[str, ...]:
    """Words with a capital, each once, without a first word that has no other capital."""
    found = set()
    for match in _CAPITALISED.finditer(line):
        word = match.group().removesuffix("'s")
        if not (_first(line, match.start()) and (word[1:].islower() or word in ("I", "A"))) and word != "I":
            found.add(word)
    return tuple(sorted(found))


def _first(line: str, start: int) -> bool:
    before = line[:start].rstrip(" \"'(")
    return not before or before[-1] in ".?!:"


def _parse(
    spelled: str,
    polite: str,
    text: str,
    trail: frozenset[tuple[str, str]],
    cased: tuple[str, ...],
    lazy: bool,
) -> Reading:
    marks = set(trail)
    current = False
    if text.endswith(_CURRENT_PHRASES) and text.count(" ") > 2:
        phrase = next(phrase for phrase in _CURRENT_PHRASES if text.endswith(phrase))
        text, current = text[: -len(phrase)], True
    kind, tokens = "", text.split(" ")
    if "?" in text or "%" in text:
        marked = [token for token in tokens if token[0] in "?%" and len(token) > 1 and token[1].isalpha()]
        kind, tokens = "".join(marked), [token for token in tokens if token not in marked]
    intent, features, rest = _intent(tokens, marks)
    if not current and features[:1] == ("be",) and (found := _CURRENT.intersection(rest)):
        current = True
        rest = [token for token in rest if token not in found]
    words = words_of(rest, frozenset(map(str.lower, cased)))
    kept = _shared(frozenset(marks))
    return Reading(spelled, polite, True, sys.intern(intent), features, kind, current, words, kept, cased, lazy)


@lru_cache(maxsize=4096)
def _shared(marks: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The same object for equal marks: questions that are kept share them."""
    return marks


def _intent(tokens: list[str], marks: set[tuple[str, str]]) -> tuple[str, tuple[str, ...], list[str]]:
    """What is asked for, the features of the verb, and the words that remain."""
    if tokens[0].startswith("#"):
        return tokens[0], (), tokens[1:]
    question = _QUESTION.match(" ".join(tokens[:3]))
    if question:
        rest = tokens[question[1].count(" ") + 1 :]
        features, rest = _verb(rest)
        return question[1], features, rest
    if tokens[0] in ("if", "whether"):
        features, rest = _verb(tokens[1:])
        return "whether", features, rest
    if tokens[0] in _AUX:
        features, rest = _verb(tokens)
        return "whether", features, rest
    marks.add(("bare", forms.LOOSE))
    return "what", ("be",), tokens


def _verb(tokens: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The first auxiliary verb out of its place: `what is x` and `(tell me) what x is` leave the same words."""
    for at, token in enumerate(tokens):
        if token in _AUX:
            rest = tokens[:at] + tokens[at + 1 :]
            if rest[at : at + 1] == ["not"]:
                return (_AUX[token], "not"), rest[:at] + rest[at + 1 :]
            return (_AUX[token],), rest
    return (), tokens
