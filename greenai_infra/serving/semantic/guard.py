"""Whether two questions have the same answer: decided by their words and structure, never by a similarity.

Both questions are read into tokens, an intent (what is asked for) and features (tense, modal verb, negation). They are
equivalent only if each word of one has its counterpart in the other, in the same place and role: the same word, another
form that means the same, or a synonym. Numbers, units, names, negations, quantifiers, prepositions and order must agree;
a word left over on either side is a refusal. What had to be changed on the way is the evidence, from which calibration
learns how far to go.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from greenai_infra.serving.semantic import forms
from greenai_infra.serving.semantic.lexicon import (
    BASE,
    PAST,
    S,
    form_of,
    groups,
    known,
    mistyped,
    names,
    names_a_thing,
    phrases,
    synonyms,
)
from greenai_infra.serving.semantic.politeness import without_politeness
from greenai_infra.serving.semantic.tokens import COMMA, QUOTED, STOP, one_line, tokenise


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


MAX_WORDS = 60
"""A longer question is equivalent only to its own spelling: with each word more, one of them may matter otherwise."""

_ARTICLES = frozenset({"a", "an", "the"})
_AUX = {
    "is": "be", "are": "be", "am": "be", "was": "be.ed", "were": "be.ed", "do": "do", "does": "do", "did": "do.ed",
    "has": "have", "have": "have", "had": "have.ed", "can": "can", "could": "could", "will": "will", "would": "would",
    "shall": "shall", "should": "should", "may": "may", "might": "might", "must": "must",
}  # fmt: skip
_QUESTION = re.compile(
    r"^(how (?:many|much|long|often|far|old|soon|well)|what|which|whom|whose|who|where|when|why|how)(?: |$)"
)
_ENGLISH = frozenset(
    "the of to is are was were do does did how what where when why who which can could should would i my you your for "
    "with and or in on at from by it an a that this have has be explain list write give tell show about me after before "
    "during between not no compare summarize translate convert define describe".split()
)
_PREPOSITIONS = frozenset(
    "in on at for with from to of by about during using via through between into onto over under near within without "
    "before after since until per against across around behind above below like as than".split()
)
_MOVABLE = frozenset("in on at for with from to during using near within by".split())
_TOOLS = frozenset({"with", "using", "in", "via"})
_WRITTEN = frozenset("write compose draft create make generate".split())
_OF_OR_FOR = frozenset("symbol formula symptom abbreviation recipe price cost code sign name word".split())
_FREE_PLURAL_BARS = frozenset(
    "most least best worst first last largest biggest smallest only both each every all some few fewer many one two "
    "another other either neither or these those this that".split()
)
_CAPITALISED = re.compile(r"\b\w*[A-Z][\w'-]*")
_SYMBOLS_BY_CASE = frozenset("mb gb kb tb pb mw kw gw mwh kwh ms mm mhz mv ma pa".split())
_IN_ORDER = frozenset("then first before after respectively from to than former latter".split())
_PARTICLES = frozenset("off on up out down away back".split())
_CURRENT = frozenset({"current", "currently"})
_CURRENT_PHRASES = (" right now", " at the moment", " at present", " at the present time", " nowadays", " these days", " today", " now")


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its dictionary form, ending, and article before it; `name` if it was written with a capital."""

    text: str
    lemma: str
    ending: str
    article: str
    name: bool


@dataclass(frozen=True, slots=True)
class Reading:
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
    cased: frozenset[tuple[str, str]]
    lazy: bool


@lru_cache(maxsize=16_384)
def read(question: str) -> Reading:
    """Read a question. Texts that are long, hold code, or are not English are kept in their spelling alone."""
    line = one_line(question)
    tokens = tokenise(line)
    if not line.isascii() and not _ENGLISH.isdisjoint(tokens):
        tokens = [_without_accents(token) for token in tokens]
    spelled = " ".join(tokens) or line
    plain = len(tokens) <= MAX_WORDS and "```" not in question and spelled.isascii() or _only_quotes(spelled)
    english = plain and len(tokens) <= MAX_WORDS and (not _ENGLISH.isdisjoint(tokens) or known(tokens))
    shouted = line.isupper() and line.count(" ") > 1
    cased, lazy = frozenset() if shouted else _cased(line), line.islower() or shouted
    if not english:
        return Reading(spelled, spelled, False, "", (), "", False, (), frozenset(), cased, lazy)
    polite = without_politeness(spelled)
    text, trail = forms.rewrite(polite)
    return _parse(spelled, polite, text, trail, cased, lazy)


def _without_accents(token: str) -> str:
    """`cafe` for `café`, in an English question; other letters than Latin ones stay."""
    plain = "".join(letter for letter in unicodedata.normalize("NFD", token) if not unicodedata.combining(letter))
    return plain if plain.isascii() else token


def _only_quotes(text: str) -> bool:
    return text.replace(QUOTED, "").isascii()


def _cased(line: str) -> frozenset[tuple[str, str]]:
    """Words with a capital, in lower case and as written, without a first word that has no other capital."""
    found = []
    for match in _CAPITALISED.finditer(line):
        word = match.group().removesuffix("'s")
        if not (_first(line, match.start()) and (word[1:].islower() or word in ("I", "A"))) and word != "I":
            found.append((word.lower(), word))
    return frozenset(found)


def _first(line: str, start: int) -> bool:
    before = line[:start].rstrip(" \"'(")
    return not before or before[-1] in ".?!:"


def _parse(
    spelled: str, polite: str, text: str, trail: frozenset[tuple[str, str]], cased: frozenset[tuple[str, str]], lazy: bool
) -> Reading:
    marks = set(trail)
    current = False
    for phrase in _CURRENT_PHRASES:
        if text.endswith(phrase) and text.count(" ") > 2:
            text, current = text[: -len(phrase)], True
            break
    kind = ""
    tokens = []
    for token in text.split(" "):
        if token[0] in "?%" and len(token) > 1 and token[1].isalpha():
            kind += token
        else:
            tokens.append(token)
    intent, features, rest = _intent(tokens, marks)
    if not current and features[:1] == ("be",) and (found := _CURRENT.intersection(rest)):
        current = True
        rest = [token for token in rest if token not in found]
    words = _words(rest, frozenset(low for low, _ in cased))
    return Reading(spelled, polite, True, intent, features, kind, current, words, frozenset(marks), cased, lazy)


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


def _words(tokens: list[str], capitals: frozenset[str]) -> tuple[Word, ...]:
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
            fixed = token in capitals or token in _PREPOSITIONS
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


def equivalent(question: str, other: str) -> Evidence | None:
    """What two questions with the same answer differ in, or None if they may have different answers. Symmetric."""
    a, b = read(question), read(other)
    if a.cased != b.cased and not _same_case(a, b):
        return None
    if a.spelled == b.spelled:
        return Evidence.SPELLING
    if not (a.english and b.english):
        return None
    if a.polite == b.polite or _written_together(a.polite, b.polite):
        return Evidence.POLITENESS
    return _compare(a, b)


def _same_case(a: Reading, b: Reading) -> bool:
    """Whether no word changes its meaning by its letters' case: Turkey and turkey, Mb and MB, -b and -B.

    A question without any capital was typed without care: there, only the case of symbols and single letters counts.
    """
    left, right = dict(a.cased), dict(b.cased)
    for low in left.keys() | right.keys():
        one, other = left.get(low, low), right.get(low, low)
        if one == other or low not in left and not _inside(a, low) or low not in right and not _inside(b, low):
            continue
        if one != low and other != low or len(low) == 1 or low in _SYMBOLS_BY_CASE:
            return False
        if low in names() and not a.lazy and not b.lazy:
            return False
    return True


def _inside(reading: Reading, word: str) -> bool:
    return f" {word} " in f" {reading.spelled} "


def _written_together(one: str, other: str) -> bool:
    """`health care` and `healthcare`, `wi fi` and `wifi`."""
    if len(one) == len(other) or one.replace(" ", "") != other.replace(" ", ""):
        return False
    return _numbers(one) == _numbers(other) and abs(len(one) - len(other)) == 1


def _numbers(text: str) -> list[str]:
    return [token for token in text.split(" ") if any(letter.isdigit() for letter in token)]


def _compare(a: Reading, b: Reading) -> Evidence | None:
    grades = [grade for _, grade in a.trail ^ b.trail]
    if a.intent != b.intent or a.polite.count(f" {STOP} ") != b.polite.count(f" {STOP} "):
        return None
    changes = [Evidence.LOOSE if grade == forms.LOOSE else Evidence.ORDER if grade == "order" else Evidence.FORM for grade in grades]
    if a.kind != b.kind:
        if a.kind and b.kind or {a.kind, b.kind} - {""} & {"%cheapest", "%fastest", "%quickest", "%safest"}:
            return None
        if (a.kind or b.kind).startswith("%") and (a.kind or b.kind) != "%best":
            return None
        changes.append(Evidence.LOOSE)
    if a.current != b.current:
        changes.append(Evidence.LOOSE)
    aligned = _align(a, b)
    if aligned is None:
        return None
    changes.extend(aligned)
    synonyms_used = sum(change is Evidence.SYNONYM for change in changes)
    if synonyms_used > 1 or synonyms_used and any(change in (Evidence.ORDER, Evidence.LOOSE) for change in changes):
        return Evidence.LOOSE
    return max(changes, default=Evidence.FORM)


def _align(a: Reading, b: Reading) -> list[Evidence] | None:
    if len(a.words) != len(b.words):
        return None
    changes = _in_place(a, b, a.words, b.words)
    if changes is None:
        moved = _moved(a.words, b.words)
        if moved is not None and (changes := _in_place(a, b, *moved)) is not None:
            changes.append(Evidence.ORDER)
    if changes is None and (swapped := _conjuncts_swapped(a.words, b.words)) is not None:
        changes = _in_place(a, b, *swapped)
        if changes is not None:
            changes.append(Evidence.LOOSE)
    return changes


def _in_place(a: Reading, b: Reading, left: tuple[Word, ...], right: tuple[Word, ...]) -> list[Evidence] | None:
    changes: list[Evidence] = []
    endings: list[tuple[int, Word, Word]] = []
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if one.article != other.article:
            changes.append(Evidence.FORM)
        if one.text == other.text:
            continue
        if one.lemma == other.lemma and not (one.name and other.name):
            endings.append((at, one, other))
            continue
        change = _exchange(a, left, at, one, other)
        if change is None:
            return None
        if one.ending != other.ending and not _same_role(one, other):
            endings.append((at, one, other))
        changes.append(change)
    if Evidence.FORM in changes and not _articles_agree(a, left, right):
        return None
    ends = _endings_agree(a, b, left, right, endings)
    if ends is None:
        return None
    return changes + ends


def _exchange(a: Reading, words: tuple[Word, ...], at: int, one: Word, other: Word) -> Evidence | None:
    """What it means that one word stands for another here; None if it may not."""
    if {one.text, other.text} == {"1", "one"}:
        return Evidence.FORM
    if one.text.startswith(QUOTED) or other.text.startswith(QUOTED):
        plain = one.text.lstrip(QUOTED) == other.text.lstrip(QUOTED) or one.text.lstrip(QUOTED).lower() == other.text.lower()
        return Evidence.FORM if plain else None
    if any(letter.isdigit() for letter in one.text + other.text):
        return Evidence.SYNONYM if synonyms(one.lemma, other.lemma) and "_" in one.lemma + other.lemma else None
    if one.text in _PREPOSITIONS or other.text in _PREPOSITIONS:
        tools = {one.text, other.text} <= _TOOLS and a.intent == "#HOWTO" and "using" in (one.text, other.text)
        about = {one.text, other.text} <= {"about", "regarding", "concerning"}
        on = {one.text, other.text} == {"about", "on"} and words[0].text in _WRITTEN
        of = {one.text, other.text} == {"of", "for"} and at > 0 and words[at - 1].lemma in _OF_OR_FOR
        return Evidence.LOOSE if tools or about or on or of else None
    if {one.text, other.text} <= {"my", "your", "our"} and a.intent == "#HOWTO":
        return None
    if synonyms(one.lemma, other.lemma) or synonyms(one.text, other.text):
        return Evidence.SYNONYM
    return Evidence.LOOSE if mistyped(one.text, other.text) else None


def _same_role(one: Word, other: Word) -> bool:
    return "_" in one.lemma or "_" in other.lemma


def _articles_agree(a: Reading, left: tuple[Word, ...], right: tuple[Word, ...]) -> bool:
    """`what is the time` and `what is time` differ: an article counts where the question is one word."""
    if a.intent in ("what", "who", "when", "where") and len(left) == 1:
        return False
    for one, other in zip(left, right, strict=True):
        if one.article != other.article and one.text in ("few", "little", "most", "only", "same", "other", "one"):
            return False
        if {one.article, other.article} == {"the", "a"} and a.intent not in ("#HOWTO", "#DIFFERENCE", "what"):
            return False
    return True


def _endings_agree(
    a: Reading, b: Reading, left: tuple[Word, ...], right: tuple[Word, ...], endings: list[tuple[int, Word, Word]]
) -> list[Evidence] | None:
    """Endings may differ by the verb's own `do`, and by a plural that means any of its kind."""
    changes: list[Evidence] = []
    if a.features != b.features:
        if not _do_explained(a, b, endings):
            return None
        changes.append(Evidence.FORM)
        endings = endings[1:]
    for at, one, other in endings:
        if one.ending == other.ending:
            continue
        if {one.ending, other.ending} != {BASE, S} or not _any_of_its_kind(left, right, at):
            return None
        changes.append(Evidence.LOOSE)
    return changes


def _do_explained(a: Reading, b: Reading, endings: list[tuple[int, Word, Word]]) -> bool:
    """`when does it open` and `when it opens`."""
    if a.features and b.features or not endings:
        return a.features in (("do",), ()) and b.features in (("do",), ()) and not endings
    with_do, (_, one, other) = a if a.features else b, endings[0]
    bare, ended = (one, other) if with_do is a else (other, one)
    return bare.ending == BASE and (
        with_do.features == ("do",) and ended.ending == S or with_do.features == ("do.ed",) and ended.ending == PAST
    )


def _any_of_its_kind(left: tuple[Word, ...], right: tuple[Word, ...], at: int) -> bool:
    """Whether the one that is singular has `a` or nothing before it, and nothing near counts, ranks or points."""
    for words in (left, right):
        word = words[at]
        if word.article == "the" or word.name:
            return False
        if word.ending == S and word.article == "a":
            return False
        before = words[max(at - 2, 0) : at]
        if any(near.text in _FREE_PLURAL_BARS or near.text.endswith(("est", "st")) or near.text[:1].isdigit() for near in before):
            return False
    return True


def _moved(left: tuple[Word, ...], right: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[Word, ...]] | None:
    """Both with their prepositional phrases sorted, if each has its own preposition: `to London from Paris`.

    Refused where a preposition comes twice, as its phrases may belong to different words.
    """
    first, second = _phrases_sorted(left), _phrases_sorted(right)
    if first is None or second is None or len(first) != len(second):
        return None
    return first, second


def _phrases_sorted(words: tuple[Word, ...]) -> tuple[Word, ...] | None:
    starts = [at for at, word in enumerate(words) if word.text in _PREPOSITIONS and at > 0]
    if len(starts) < 2 or any(words[at].text not in _MOVABLE for at in starts):
        return None
    if len({words[at].text for at in starts}) != len(starts):
        return None
    pieces = [words[start:end] for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]
    if any(len(piece) < 2 or any(word.text in ("and", "or", "not", "who", "that", "which") for word in piece) for piece in pieces):
        return None
    return (*words[: starts[0]], *(word for piece in sorted(pieces, key=lambda piece: piece[0].text) for word in piece))


def _conjuncts_swapped(
    left: tuple[Word, ...], right: tuple[Word, ...]
) -> tuple[tuple[Word, ...], tuple[Word, ...]] | None:
    """`ibuprofen and paracetamol` in the other order, where both are single words that name things."""
    at = [place for place, word in enumerate(left) if word.text in ("and", "or")]
    if len(at) != 1 or not 0 < at[0] < len(left) - 1 or right[at[0]].text != left[at[0]].text:
        return None
    here = at[0]
    first, second = left[here - 1], left[here + 1]
    if (first.lemma, second.lemma) != (right[here + 1].lemma, right[here - 1].lemma):
        return None
    if any(word.text in _IN_ORDER for word in left) or not (names_a_thing(first.lemma) and names_a_thing(second.lemma)):
        return None
    if any(letter.isdigit() for letter in first.text + second.text):
        return None
    return left, (*right[: here - 1], right[here + 1], right[here], right[here - 1], *right[here + 2 :])
