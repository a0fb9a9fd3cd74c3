"""Whether two questions have the same answer: decided by their words and structure, never by a similarity.

Both questions are read into tokens, an intent (what is asked for) and features (tense, modal verb, negation). They are
equivalent only if each word of one has its counterpart in the other, in the same place and role: the same word, another
form that means the same, or a synonym. Numbers, units, names, negations, quantifiers, prepositions and order must
agree; a word left over on either side is a refusal. What had to be changed on the way is the evidence, from which
calibration learns how far to go.
"""

from __future__ import annotations

from functools import lru_cache

from greenai_infra.serving.semantic import forms
from greenai_infra.serving.semantic.alignment import align
from greenai_infra.serving.semantic.evidence import Evidence
from greenai_infra.serving.semantic.lexicon import names
from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.reading import Reading, read
from greenai_infra.serving.semantic.tokens import STOP

__all__ = ["Evidence", "compare", "equivalent", "read", "read_lately"]

_SYMBOLS_BY_CASE = frozenset(listed("mb gb kb tb pb mw kw gw mwh kwh ms mm mhz mv ma pa"))


read_lately = lru_cache(maxsize=16_384)(read)
"""As `read`, for questions that may come again soon."""


def equivalent(question: str, other: str) -> Evidence | None:
    """What two questions with the same answer differ in, or None if they may have different answers. Symmetric."""
    return compare(read_lately(question), read_lately(other))


def compare(a: Reading, b: Reading) -> Evidence | None:
    """As `equivalent`, of two questions that have been read."""
    if a.cased != b.cased and not _same_case(a, b):
        return None
    if a.spelled == b.spelled:
        return Evidence.SPELLING
    if not (a.english and b.english):
        return None
    if a.polite == b.polite or _written_together(a.polite, b.polite):
        return Evidence.POLITENESS
    return _by_words(a, b)


def _same_case(a: Reading, b: Reading) -> bool:
    """Whether no word changes its meaning by its letters' case: Turkey and turkey, Mb and MB, -b and -B.

    A question without any capital was typed without care: there, only the case of symbols and single letters counts.
    """
    left, right = ({word.lower(): word for word in one.cased} for one in (a, b))
    for low in left.keys() | right.keys():
        one, other = left.get(low, low), right.get(low, low)
        if one == other or (low not in left and not _inside(a, low)) or (low not in right and not _inside(b, low)):
            continue
        if (one != low and other != low) or len(low) == 1 or low in _SYMBOLS_BY_CASE:
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


def _by_words(a: Reading, b: Reading) -> Evidence | None:
    grades = [grade for _, grade in a.trail ^ b.trail]
    if a.intent != b.intent or a.polite.count(f" {STOP} ") != b.polite.count(f" {STOP} "):
        return None
    changes = [
        Evidence.LOOSE if grade == forms.LOOSE else Evidence.ORDER if grade == "order" else Evidence.FORM
        for grade in grades
    ]
    if a.kind != b.kind:
        if (a.kind and b.kind) or {a.kind, b.kind} - {""} & {"%cheapest", "%fastest", "%quickest", "%safest"}:
            return None
        if (a.kind or b.kind).startswith("%") and (a.kind or b.kind) != "%best":
            return None
        changes.append(Evidence.LOOSE)
    if a.current != b.current:
        changes.append(Evidence.LOOSE)
    aligned = align(a, b)
    if aligned is None:
        return None
    changes.extend(aligned)
    synonyms_used = sum(change is Evidence.SYNONYM for change in changes)
    if synonyms_used > 1 or (synonyms_used and any(change in (Evidence.ORDER, Evidence.LOOSE) for change in changes)):
        return Evidence.LOOSE
    return max(changes, default=Evidence.FORM)
