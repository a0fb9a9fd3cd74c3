"""What the tests of the campaign share: cases of one kind, and what was found in their outcomes."""

from collections.abc import Sequence
from random import Random

from .apis import APIS
from .case import Case, draw
from .oracle import Wrong
from .runner import Outcome


def cases_of(fault: str, count: int, *, api: str = "", kind: str = "", elsewhere: str = "") -> list[Case]:
    """Cases of one kind of fault."""
    rng = Random(7)
    pairs = [(one, question) for one in APIS for question in one.kinds]
    pairs = [(one, question) for one, question in pairs if api in ("", one.name) and kind in ("", question)]
    cases: list[Case] = []
    while len(cases) < count:
        case = draw(len(cases), *rng.choice(pairs), fault, rng, elsewhere)
        cases += [case] if case else []
    return cases


def wrongs(outcomes: Sequence[Outcome]) -> set[Wrong]:
    return {finding.wrong for outcome in outcomes for finding in outcome.findings}
