"""Placements of last resort: hardware that no program of this toolkit builds, or that may not be offered.

They are kept out like placements that a constraint forbids (`hardware.buildable_only`, `hardware.availability`), unless
nothing else is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.availability import Offered
from greenai_infra.catalog.buildable import NotBuilt, not_built
from greenai_infra.planning.candidates import AVAILABILITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.preference import Judged
    from greenai_infra.planning.workload import Workload

BUILDABLE = "hardware.buildable_only"
DOUBTS = frozenset({BUILDABLE, AVAILABILITY})


def placement_not_built(workload: Workload, placement: Placement) -> NotBuilt | None:
    """Why no program can build a placement; None for a placement that can be built."""
    offer, run = placement.candidate.offer, placement.candidate.run
    purchase = workload.hardware.purchase
    return not_built(workload.kind, offer.provider, offer.instance_type, run.instances, purchase, placement.slices)


def with_doubts(workload: Workload, judged: Sequence[Judged]) -> list[Judged]:
    """The placements with their doubts added to what forbids them; a doubt is lifted where nothing else is left."""
    doubts = [_doubts(workload, placement) for placement, _ in judged]
    for lifted in (frozenset[str](), {BUILDABLE}, {AVAILABILITY}, DOUBTS):
        found = [
            (placement, rules | (doubt - lifted)) for (placement, rules), doubt in zip(judged, doubts, strict=True)
        ]
        if any(not rules for _, rules in found):
            return found
    return list(judged)


def _doubts(workload: Workload, placement: Placement) -> frozenset[str]:
    hardware = workload.hardware
    unknown = hardware.availability == "listed" and placement.candidate.availability.offered is Offered.UNKNOWN
    not_buildable = hardware.buildable_only and placement_not_built(workload, placement)
    return frozenset(({AVAILABILITY} if unknown else set()) | ({BUILDABLE} if not_buildable else set()))
