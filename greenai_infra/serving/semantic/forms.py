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

if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Match, Pattern

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


class _Rule(NamedTuple):
    name: str
    grade: str
    pattern: Pattern[str]
    applies: Callable[[str], Match[str] | None]
    instead: str | Callable[[Match[str]], str]


@cache
def _rules() -> list[_Rule]:
    found = []
    with (DATA / "question-forms.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            pattern = re.compile(_NAMED.sub(lambda named: PARTS[named[1]], row["pattern"]))
            applies = pattern.match if row["pattern"].startswith("^") else pattern.search
            instead = row["instead"]
            found.append(
                _Rule(
                    row["name"],
                    row["grade"],
                    pattern,
                    applies,
                    getattr(rewrites, instead[1:]) if instead.startswith("=") else instead,
                )
            )
    return found


def rewrite(text: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """The form that is kept, and the trail: name and grade of each rule that was used."""
    trail: set[tuple[str, str]] = set()
    for name, grade, pattern, applies, instead in _rules():
        if not applies(text):  # a failing `sub` costs three times as much
            continue
        changed = pattern.sub(instead, text, count=1)
        if changed != text:
            trail.add((name, grade))
            text = changed
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
