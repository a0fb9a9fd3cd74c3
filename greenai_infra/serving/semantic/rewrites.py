"""Rewriting of a question where a replacement text is not enough: verbs change their form.

Each function takes a match of its rule's pattern (data/question-forms.csv) and returns the new text; the text as it was
where the word in the verb's place is no such form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenai_infra.serving.semantic.lexicon import ING, PAST, form_of

if TYPE_CHECKING:
    from re import Match

AGENTS = {
    "author": "wrote", "writer": "wrote", "inventor": "invented", "discoverer": "discovered", "founder": "founded",
    "director": "directed", "painter": "painted", "composer": "composed", "creator": "created", "designer": "designed",
}  # fmt: skip
MEASURES = {
    "tall": "height", "high": "height", "deep": "depth", "wide": "width", "heavy": "weight", "old": "age",
    "big": "size", "large": "size", "long": "length", "fast": "speed", "populous": "population", "dense": "density",
}  # fmt: skip

_ANYBODY = re.compile(r"\b(?:you|one|we|people)\b")
_ANYBODY_S = re.compile(r"\b(?:your|our|their|one 's)\b")


def _base(word: str) -> str:
    """`resetting` as `reset`; other words as they are."""
    lemma, ending = form_of(word)
    return lemma if ending == ING else word


def better(found: Match[str]) -> str:
    return f"#BETTER:{found['how'].replace(' ', '-')} {found['a']} | {found['b']}"


def howto(found: Match[str]) -> str:
    """The verb after the frame in its base form; `your` is the asker's own where the frame said `you`."""
    rest = found["rest"]
    verb, blank, others = rest.partition(" ")
    if _ANYBODY.search(found.group()[: -len(rest)]):
        others = _ANYBODY_S.sub("my", others)
    how = f" %{found['how']}" if "how" in found.groupdict() else ""
    return f"#HOWTO {_base(verb)}{blank}{others}{how}"


def quickly(found: Match[str]) -> str:
    """`quick ways to do it` as `how to do it quickly`."""
    return f"{howto(found)} quickly"


def gerund(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != ING:
        return found.group()
    return f"#IS {found['state']} to {_base(found['verb'])}{found['rest']}{found['where']}"


def passive_agent(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != PAST:
        return found.group()
    return f"who {found['verb']} {found['what']}"


def gerund_asked(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != ING:
        return found.group()
    asked = "#SHOULD" if found["state"] in ("a good idea", "advisable", "recommended", "wise") else "#NEED"
    if found["state"] in ("allowed", "permitted"):
        asked = "#ALLOWED"
    return f"{asked} {_base(found['verb'])}{found['rest']}{found['where']}"


def passive_modal(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    if ending != PAST or " by " in f"{found['rest']} ":
        return found.group()
    return f"{found['ask']}{found['aux']} i {lemma} {found['what']}{found['rest']}"


_DO = {"is": "does", "are": "does", "was": "did", "were": "did"}


def passive_by(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    if ending != PAST:
        return found.group()
    ask = f"{found['ask']} " if "ask" in found.groupdict() else ""
    return f"{ask}{_DO.get(found['aux'], found['aux'])} {found['who']} {lemma} {found['what']}{found['rest']}"


def passive_which(found: Match[str]) -> str:
    if form_of(found["verb"]).ending != PAST:
        return found.group()
    return f"{found['ask']} {found['verb']} {found['what']}"


def passive_what(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    return f"what {_DO[found['aux']]} {found['who']} {lemma}" if ending == PAST else found.group()


def passive_they(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    return f"{found['ask']} did they {lemma} {found['what']}{found['rest']}" if ending == PAST else found.group()


def passive_how(found: Match[str]) -> str:
    lemma, ending = form_of(found["verb"])
    if ending != PAST:
        return found.group()
    return f"how do i {lemma} {found['what']}"


def taking(found: Match[str]) -> str:
    """`how long does boiling an egg take` as `how long does it take to boil an egg`."""
    return f"#TAKE {_base(found['verb'])} {found['rest']}"


def long_passive(found: Match[str]) -> str:
    """`how long must eggs be boiled` as `how long do I boil eggs`."""
    lemma, ending = form_of(found["verb"])
    return f"#LONG {lemma} {found['what']}{found['rest']}" if ending == PAST else found.group()


def should(found: Match[str]) -> str:
    return f"#SHOULD {_base(found['verb'])}"


def agent(found: Match[str]) -> str:
    """`who is the author of` as `who wrote`."""
    return f"who {AGENTS[found['agent']]} {found['what']}"


def measure(found: Match[str]) -> str:
    """`how tall is` as `what is the height of`."""
    return f"what {found['be']} the {MEASURES[found['how']]} of {found['what']}"
