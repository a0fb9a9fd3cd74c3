"""What is said around a question: greetings, please and thanks, `could you tell me`, `I was wondering`.

The patterns are in data/polite-words.csv: those before a question and those after it.
"""

from __future__ import annotations

import csv
import re
from functools import cache

from greenai_infra.catalog.read import DATA
from greenai_infra.serving.semantic.chatter import without_chatter
from greenai_infra.serving.semantic.patterns import words_at
from greenai_infra.serving.semantic.tokens import COMMA, STOP

_WH = "(?:what|who|whom|whose|which|where|when|why|how|if|whether)"
PARTS = {
    "WH": _WH,
    "ASK": "(?:could|can|would|will|might) (?:you|someone|anyone|anybody|somebody|we) ",
    "SOFT": "(?:please |kindly |possibly |maybe |perhaps |quickly |just |also )*",
    "ASKED": rf"(?=(?:{_WH}|is|are|was|were|do|does|did|can|could|should|will|would|has|have|must|may|please|the|a|an"
    r"|i)\b)",
}
"""What a pattern names as <WH>: a question word; `could you`; softening words; how a question begins."""
_NAMED = re.compile(r"<([A-Z]+)>")


@cache
def _said(place: str) -> str:
    with (DATA / "polite-words.csv").open(encoding="utf-8", newline="") as lines:
        patterns = [row["pattern"] for row in csv.DictReader(lines) if row["place"] == place]
    return _NAMED.sub(lambda found: PARTS[found[1]], "|".join(patterns))


@cache
def _before() -> tuple[re.Pattern[str], frozenset[str] | None]:
    """What is said before a question, and the words with which that begins; None: any."""
    pattern = f"^(?:{_said('before')})"
    return re.compile(pattern), words_at(0, pattern)


@cache
def _after() -> tuple[re.Pattern[str], frozenset[str] | None]:
    """The same of what is said after it, up to the end."""
    pattern = f"(?:{_said('after')})(?: [,.])?$"
    return re.compile(pattern), words_at(1, pattern)


_FILLER = re.compile(
    r"^((?:what|who|where|when|why|how|which)(?: (?:many|much|long|often))?(?: (?:is|are|was|were|do|does|did|can))?) "
    r"(?:exactly|actually|really|basically|precisely|specifically|even) "
)
_ELSE = re.compile(r"^((?:what|who|where|when|why|how)) (?:on earth|in the world|the heck|the hell|exactly) ")


def without_politeness(text: str) -> str:
    """The question itself: `hi , could you please tell me what x is , thanks` gives `what x is`.

    `text` is tokens joined by blanks. What is taken away never holds a word of the question.
    """
    (before, first_words), (after, marks) = _before(), _after()
    known = None
    while known != text:
        tokens = text.split(" ")
        if STOP in tokens or COMMA in tokens:
            tokens = without_chatter(tokens)
            text = " ".join(tokens)
        known = shorter = text
        if (first_words is None or tokens[0] in first_words) and (said := before.match(text)):
            shorter = text[said.end() :]
        if (marks is None or not marks.isdisjoint(tokens)) and (said := after.search(shorter)):
            shorter = shorter[: said.start()]
        if " " in shorter:
            text = shorter
    for spare in (_ELSE, _FILLER):
        if said := spare.match(text):
            text = f"{said[1]} {text[said.end() :]}"
    return text
