"""What is said around a question: greetings, please and thanks, `could you tell me`, `I was wondering`.

The patterns are in data/polite-words.csv: those before a question and those after it.
"""

from __future__ import annotations

import csv
import re
from functools import cache

from greenai_infra.catalog.read import DATA
from greenai_infra.serving.semantic.chatter import without_chatter
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
def _start() -> re.Pattern[str]:
    return re.compile(f"^(?:{_said('before')})")


@cache
def _end() -> re.Pattern[str]:
    return re.compile(f"(?:{_said('after')})(?: [,.])?$")


_FILLER = re.compile(
    r"^((?:what|who|where|when|why|how|which)(?: (?:many|much|long|often))?(?: (?:is|are|was|were|do|does|did|can))?) "
    r"(?:exactly|actually|really|basically|precisely|specifically|even) "
)
_ELSE = re.compile(r"^((?:what|who|where|when|why|how)) (?:on earth|in the world|the heck|the hell|exactly) ")


def without_politeness(text: str) -> str:
    """The question itself: `hi , could you please tell me what x is , thanks` gives `what x is`.

    `text` is tokens joined by blanks. What is taken away never holds a word of the question.
    """
    before = None
    while before != text:
        tokens = text.split(" ")
        if STOP in tokens or COMMA in tokens:
            text = " ".join(without_chatter(tokens))
        before = text
        said = _start().match(text)
        shorter = text[said.end() :] if said else text
        said = _end().search(shorter)
        shorter = shorter[: said.start()] if said else shorter
        if " " in shorter:
            text = shorter
    text = _ELSE.sub(r"\1 ", text)
    return _FILLER.sub(r"\1 ", text)
