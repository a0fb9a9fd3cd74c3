"""Shared by sources that cover only certain zones: other zones get the reason as the answer, without a request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from greenai_infra.intensity.model.values import Intensity, Series, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.service.live import Answer

_Value = TypeVar("_Value", Intensity, Series)


def ask_covered(
    zones: Sequence[str],
    uncovered: Callable[[str], str],
    ask: Callable[[Sequence[str]], Mapping[str, Answer | Unavailable]],
) -> dict[str, Answer | Unavailable]:
    """The answer of `ask` for each zone that is covered, and for the others the reason that `uncovered` gives."""
    reasons = {zone: uncovered(zone) for zone in zones}
    covered = [zone for zone, reason in reasons.items() if not reason]
    answers = ask(covered) if covered else {}
    return {zone: Unavailable(zone, reason) if reason else answers[zone] for zone, reason in reasons.items()}


def explained(answer: _Value | Unavailable, detail: str) -> _Value | Unavailable:
    """The same with `detail` added to where it comes from."""
    if isinstance(answer, Unavailable):
        return answer
    return replace(answer, provenance=answer.provenance.flagged(detail=detail))
