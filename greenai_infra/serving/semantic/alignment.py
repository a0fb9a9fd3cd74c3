"""Each word of a question against its counterpart in the other: the same, another form of it, or a synonym.

A word left over on either side is a refusal, and so are other numbers, prepositions, tenses, plurals that count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.serving.semantic.evidence import Evidence
from greenai_infra.serving.semantic.lexicon import BASE, PAST, S, mistyped, synonyms
from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.order import conjuncts_swapped, moved
from greenai_infra.serving.semantic.tokens import QUOTED
from greenai_infra.serving.semantic.words import PREPOSITIONS, Word

if TYPE_CHECKING:
    from greenai_infra.serving.semantic.reading import Reading

_TOOLS = frozenset({"with", "using", "in", "via"})
_WRITTEN = frozenset(["write", "compose", "draft", "create", "make", "generate"])
_OF_OR_FOR = frozenset(listed("symbol formula symptom abbreviation recipe price cost code sign name word"))
_FREE_PLURAL_BARS = frozenset(
    listed(
        "most least best worst first last largest biggest smallest only both each every all some few fewer many "
        "one two another other either neither or these those this that"
    )
)


def align(a: Reading, b: Reading) -> list[Evidence] | None:
    if len(a.words) != len(b.words):
        return None
    changes = _in_place(a, b, a.words, b.words)
    if changes is None:
        sorted_phrases = moved(a.words, b.words)
        if sorted_phrases is not None and (changes := _in_place(a, b, *sorted_phrases)) is not None:
            changes.append(Evidence.ORDER)
    if changes is None and (swapped := conjuncts_swapped(a.words, b.words)) is not None:
        changes = _in_place(a, b, *swapped)
        if changes is not None:
            changes.append(Evidence.LOOSE)
    return changes


def _in_place(a: Reading, b: Reading, left: tuple[Word, ...], right: tuple[Word, ...]) -> list[Evidence] | None:
    changes: list[Evidence] = []
    endings: list[tuple[int, Word, Word]] = []
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if one is other:
            continue
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
        plain = (
            one.text.lstrip(QUOTED) == other.text.lstrip(QUOTED)
            or one.text.lstrip(QUOTED).lower() == other.text.lower()
        )
        return Evidence.FORM if plain else None
    if any(letter.isdigit() for letter in one.text + other.text):
        return Evidence.SYNONYM if synonyms(one.lemma, other.lemma) and "_" in one.lemma + other.lemma else None
    if one.text in PREPOSITIONS or other.text in PREPOSITIONS:
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
    if (a.features and b.features) or not endings:
        return a.features in (("do",), ()) and b.features in (("do",), ()) and not endings
    with_do, (_, one, other) = a if a.features else b, endings[0]
    bare, ended = (one, other) if with_do is a else (other, one)
    return bare.ending == BASE and (
        (with_do.features == ("do",) and ended.ending == S) or (with_do.features == ("do.ed",) and ended.ending == PAST)
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
        if any(
            near.text in _FREE_PLURAL_BARS or near.text.endswith(("est", "st")) or near.text[:1].isdigit()
            for near in before
        ):
            return False
    return True
