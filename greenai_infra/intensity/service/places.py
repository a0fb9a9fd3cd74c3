"""Maps zones to other services' names for them; several zones may be a single place there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from greenai_infra.catalog.regions import regions
from greenai_infra.intensity.model.values import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.intensity.service.live import Answer


def watttime_regions(zone: str) -> list[str]:
    """The regions of WattTime that the cloud regions in this zone lie in, by name."""
    return sorted({region.watttime_region for region in regions() if region.zone == zone} - {""})


def ask_by_place(
    place_of: Mapping[str, str], ask: Callable[[Sequence[str]], Mapping[str, Answer | Unavailable]]
) -> dict[str, Answer | Unavailable]:
    """Returns the answer for each zone, with `ask` answering by place: zones of the same place share a question."""
    found = ask(list(dict.fromkeys(place_of.values())))
    answers: dict[str, Answer | Unavailable] = {}
    for zone, place in place_of.items():
        answer = found[place]
        answers[zone] = replace(answer, zone=zone) if isinstance(answer, Unavailable) else answer
    return answers
