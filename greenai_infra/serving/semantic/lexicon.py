"""English words: what an inflected form belongs to, and which words may stand for each other.

Lemmas are found as WordNet's `morphy` does: irregular forms first, then endings taken off where a known word is left.
A word that is itself known (`news`, `glasses`, `customs`) keeps its ending. Synonyms are groups of
data/paraphrase-words.csv, each good in any question; a word may be in several.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache, lru_cache
from typing import NamedTuple

from greenai_infra.catalog.read import DATA
from greenai_infra.serving.semantic.listed import listed

BASE, S, PAST, ING = "", "s", "ed", "ing"
"""Forms of a word: as in the dictionary; in -s (plural or third person); past or participle; -ing. Not degrees."""


class Form(NamedTuple):
    """An inflected word taken apart."""

    lemma: str
    ending: str


_ENDINGS = (
    ("ies", "y", S), ("ves", "f", S), ("ves", "fe", S), ("ses", "s", S), ("xes", "x", S), ("zes", "z", S),
    ("ches", "ch", S), ("shes", "sh", S), ("oes", "o", S), ("s", "", S),
    ("ied", "y", PAST), ("ed", "e", PAST), ("ed", "", PAST),
    ("ying", "ie", ING), ("ing", "e", ING), ("ing", "", ING),
)  # fmt: skip
_DOUBLED = ("bb", "dd", "gg", "mm", "nn", "pp", "rr", "tt", "ll", "zz")
_NEVER_TAKEN_APART = frozenset(
    listed(
        "this is was has does as us its his hers yes thus plus versus bus gas less across always perhaps data "
        "media news series species people during morning evening nothing something everything anything need bed "
        "red fed speed indeed hundred king ring thing bring spring string wing sing being united kids left lay saw"
        " found felt fell bore wound ground bound lit better best worse worst more most less least further farther"
        " elder eldest latter rose spoke"
    )
)  # words with two readings keep the one in which they are written: `found a firm` is not `find a firm`
_ALWAYS = {"is": "be", "are": "be", "am": "be", "was": "be", "were": "be", "been": "be", "men": "man", "women": "woman"}


@cache
def _words() -> dict[str, str]:
    with (DATA / "wordnet" / "words.csv").open(encoding="utf-8", newline="") as lines:
        next(lines)
        return {word: parts for word, parts, _, _ in csv.reader(lines)}


@cache
def _irregular() -> dict[str, Form]:
    with (DATA / "wordnet" / "irregular.csv").open(encoding="utf-8", newline="") as lines:
        next(lines)
        found: dict[str, Form] = {}
        for form, word, part, _ in csv.reader(lines):
            if part == "v":
                found[form] = Form(word, ING if form.endswith("ing") else S if form.endswith("s") else PAST)
            elif part == "n":
                found.setdefault(form, Form(word, S))
        return found


@cache
def names() -> frozenset[str]:
    """Words that are something else when they begin with a capital: Turkey, Polish, March."""
    with (DATA / "wordnet" / "words.csv").open(encoding="utf-8", newline="") as lines:
        return frozenset(row["word"] for row in csv.DictReader(lines) if row["also_a_name"])


def known(tokens: list[str]) -> bool:
    """Whether at least half of a few words are English ones."""
    found = sum(token in _words() or form_of(token).lemma in _words() for token in tokens)
    return found == len(tokens) or (len(tokens) <= 4 and 2 * found >= len(tokens))


@lru_cache(maxsize=65_536)
def form_of(word: str) -> Form:
    """The dictionary form of a word in lower case, and the ending that was taken off. Unknown words keep their form."""
    if word in _NEVER_TAKEN_APART or not word.isalpha() or len(word) < 3:
        return Form(word, BASE)
    irregular = _irregular().get(word)
    if irregular is not None:
        return irregular
    known = _words()
    parts = known.get(word, "")
    for ending, instead, kind in _ENDINGS:
        if not word.endswith(ending) or word.endswith("ss"):
            continue
        stem = word[: -len(ending)] + instead
        wanted = "nv" if kind == S else "v"
        if len(stem) > 1 and any(part in known.get(stem, "") for part in wanted):
            if kind == S and "n" in parts:
                break  # glasses, customs, news: a word of its own
            return Form(stem, kind)
        if kind in (PAST, ING) and stem[-2:] in _DOUBLED and "v" in known.get(stem[:-1], ""):
            return Form(stem[:-1], kind)
    if not parts and word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return Form(word[:-1], S)
    return Form(word, BASE)


@cache
def groups() -> dict[str, frozenset[int]]:
    """Numbers of the groups of synonyms that a word, or several words joined by `_`, is in."""
    found: dict[str, set[int]] = defaultdict(set)
    with (DATA / "paraphrase-words.csv").open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            for words in row["words"].split("|"):
                found[words.replace(" ", "_")].add(number)
    return {words: frozenset(numbers) for words, numbers in found.items()}


@cache
def phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Groups' members of several words, the longest first, by their first word."""
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for joined in groups():
        words = tuple(joined.split("_"))
        if len(words) > 1:
            found[words[0]].append(words)
    return {first: tuple(sorted(several, key=len, reverse=True)) for first, several in found.items()}


def synonyms(one: str, other: str) -> bool:
    """Whether one word may stand for the other."""
    table = groups()
    return one in table and other in table and not table[one].isdisjoint(table[other])


def names_a_thing(lemma: str) -> bool:
    """Whether a word can be a noun; unknown words are taken for names."""
    return "n" in _words().get(lemma, "n")


def mistyped(one: str, other: str) -> bool:
    """Whether one is no English word and the other is, with a letter more or less or two exchanged.

    Another letter in its place is not taken for a slip: sulfite is not sulfate.
    """
    if min(len(one), len(other)) < 6 or one[0] != other[0] or not (one.isalpha() and other.isalpha()):
        return False
    if (form_of(one).lemma in _words()) == (form_of(other).lemma in _words()):
        return False
    if len(one) == len(other):
        apart = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        return (
            len(apart) == 2
            and apart[1] == apart[0] + 1
            and one[apart[0]] == other[apart[1]]
            and one[apart[1]] == other[apart[0]]
        )
    short, long = sorted((one, other), key=len)
    return len(long) == len(short) + 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
