"""Ways of asking the same: `how can I`, `what are the steps to`; `how tall is X`, `what is the height of X`.

Each rule of data/question-forms.csv rewrites a question into the form that is kept. Its name goes into the question's
trail: two questions that become the same by different rules differ in the symmetric difference of their trails, which
is what calibration learns from. A rule never drops, adds or exchanges a word that carries meaning, and who does what to
whom stays as it is.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.read import DATA
from greenai_infra.serving.semantic import rewrites
from greenai_infra.serving.semantic.listed import listed
from greenai_infra.serving.semantic.patterns import beginnings, needed

if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Match

PLAIN, LOOSE = "form", "loose"
"""How far a rule goes: another way to ask; or a way that nearly always asks the same."""

_NO_NOUN = "".join(rf"(?!{word}\b)" for word in listed("in on at by to from and or not be that who which only"))
PARTS = {
    "G": "(?:i|you|we|one|someone|somebody|anyone|people|a person|a user|users)",
    "A": "(?:the |a |an |some |any |my )?",
    "REST": "(?P<rest>.+)$",
    "WAY": "(?:ways?|methods?|procedures?|process|steps?|instructions?|techniques?|approach|guide|directions|trick)",
    "NP": rf"(?!(?:i|you|we|he|she|it|they)\b){_NO_NOUN}[\w'-]+(?: {_NO_NOUN}[\w'-]+){{0,3}}",
    "STATES": "(?:safe|legal|lawful|unlawful|illegal|bad|good|healthy|unhealthy|dangerous|harmful|normal|rude|risky|"
    "ethical|necessary|worth it)",
    "RELATIONAL": "(?:symptoms?|causes?|capital|population|price|cost|height|weight|width|depth|length|age|size|area|"
    "currency|side effects?|benefits?|advantages?|disadvantages?|drawbacks?|author|ceo|president|prime minister|mayor|"
    "address|meaning|definition|history|ingredients?|features?|risks?|speed|temperature|boiling point|melting point|"
    "population density|official language|national anthem|opening hours|phone number|release date|time zone|flag)",
    "LANGUAGES": "(?:english|french|german|spanish|italian|portuguese|dutch|polish|russian|chinese|mandarin|japanese|"
    "korean|arabic|hindi|turkish|greek|latin|swedish|norwegian|danish|finnish|czech|hungarian|hebrew|thai|vietnamese|"
    "ukrainian|romanian)",
    "AGENTS": "|".join(rewrites.AGENTS),
    "MEASURES": "|".join(rewrites.MEASURES),
}
"""What a pattern names as <G>: an anybody who asks, an article, all that follows, a noun phrase without preposition."""
_NAMED = re.compile(r"(?<!P)<([A-Z]+)>")


class Rule(NamedTuple):
    """A line of the file, its number from 0."""

    number: int
    name: str
    grade: str
    applies: Callable[[str], Match[str] | None]
    instead: str | Callable[[Match[str]], str]
    needs: str
    """Letters that are in all that it applies to."""
    beginnings: frozenset[tuple[str, ...]]
    """What it applies to begins with the words of one of these, two at most; an empty one stands for any text."""


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in their order."""
    found = []
    with (DATA / "question-forms.csv").open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            text = _NAMED.sub(lambda named: PARTS[named[1]], row["pattern"])
            pattern, instead = re.compile(text), row["instead"]
            anchored = text.startswith("^")
            found.append(
                Rule(
                    number,
                    row["name"],
                    row["grade"],
                    pattern.match if anchored else pattern.search,
                    getattr(rewrites, instead[1:]) if instead.startswith("=") else instead,
                    needed(text),
                    beginnings(text) if anchored else frozenset([()]),
                )
            )
    return tuple(found)


@cache
def _first_words() -> frozenset[str]:
    return frozenset(beginning[0] for rule in rules() for beginning in rule.beginnings if beginning)


@cache
def _rules_with(first: str) -> list[tuple[Rule, frozenset[str] | None]]:
    """The rules that may apply after this first word, each with the second words that it needs; None: any."""
    found: list[tuple[Rule, frozenset[str] | None]] = []
    for rule in rules():
        seconds = {beginning[1:] for beginning in rule.beginnings if beginning[:1] in ((), (first,))}
        if seconds:
            found.append((rule, None if () in seconds else frozenset(word for (word,) in seconds)))
    return found


def rules_for(text: str) -> list[Rule]:
    """The rules that may apply to a text, by its first two words."""
    first, second, *_ = *text.split(" ", 2), ""
    with_first = _rules_with(first if first in _first_words() else "")
    return [rule for rule, seconds in with_first if seconds is None or second in seconds]


def rewrite(text: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The form that is kept, and the trail: name and grade of each rule that was used."""
    trail: set[tuple[str, str]] = set()
    left, number = iter(rules_for(text)), 0
    while (rule := next(left, None)) is not None:
        if rule.number < number or rule.needs not in text or not (found := rule.applies(text)):
            continue
        instead = found.expand(rule.instead) if isinstance(rule.instead, str) else rule.instead(found)
        changed = text[: found.start()] + instead + text[found.end() :]
        if changed != text:
            trail.add((rule.name, rule.grade))
            text, number = changed, rule.number + 1
            left = iter(rules_for(text))
    if text.startswith(("#DIFFERENCE", "#COMPARE", "#SIMILARITY", "#BETTER", "#SAME")):
        text = _sorted_pair(text, trail)
    return text, frozenset(trail)


def _sorted_pair(text: str, trail: set[tuple[str, str]]) -> str:
    kind, _, pair = text.partition(" ")
    first, bar, second = (part.strip(" ,") for part in pair.partition("|"))
    if bar and second < first and not any(letter.isdigit() for letter in pair):
        trail.add(("swapped", "order"))
        first, second = second, first
    return f"{kind} {first} | {second}"
