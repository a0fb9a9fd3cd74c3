"""Words in another order that say the same: adverbials moved, two things named in the other order."""

from __future__ import annotations

from greenai_infra.serving.semantic.lexicon import names_a_thing
from greenai_infra.serving.semantic.words import PREPOSITIONS, Word

_MOVABLE = frozenset(["in", "on", "at", "for", "with", "from", "to", "during", "using", "near", "within", "by"])
_IN_ORDER = frozenset(["then", "first", "before", "after", "respectively", "from", "to", "than", "former", "latter"])


def moved(left: tuple[Word, ...], right: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[Word, ...]] | None:
    """Both with their prepositional phrases sorted, if each has its own preposition: `to London from Paris`.

    Refused where a preposition comes twice, as its phrases may belong to different words.
    """
    first, second = _phrases_sorted(left), _phrases_sorted(right)
    if first is None or second is None or len(first) != len(second):
        return None
    return first, second


def _phrases_sorted(words: tuple[Word, ...]) -> tuple[Word, ...] | None:
    starts = [at for at, word in enumerate(words) if word.text in PREPOSITIONS and at > 0]
    if len(starts) < 2 or any(words[at].text not in _MOVABLE for at in starts):
        return None
    if len({words[at].text for at in starts}) != len(starts):
        return None
    pieces = [words[start:end] for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]
    if any(
        len(piece) < 2 or any(word.text in ("and", "or", "not", "who", "that", "which") for word in piece)
        for piece in pieces
    ):
        return None
    return (*words[: starts[0]], *(word for piece in sorted(pieces, key=lambda piece: piece[0].text) for word in piece))


def conjuncts_swapped(
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
