"""What stands behind everything else in a plan: what no program of this toolkit can build, or nobody says is offered.

It is kept out as by a constraint of the workload, `hardware.buildable_only` or `hardware.availability`, unless nothing
else is left.
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


def placement_not_built(workload: Workload, one: Placement) -> NotBuilt | None:
    """Why no program can build a placement, None if one can."""
    offer, run = one.candidate.offer, one.candidate.run
    purchase = workload.hardware.purchase
    return not_built(workload.kind, offer.provider, offer.instance_type, run.instances, purchase, one.slices)


def with_doubts(workload: Workload, judged: Sequence[Judged]) -> list[Judged]:
    """The placements with their doubts added to what forbids them; a doubt is lifted where nothing else is left."""
    doubts = [_doubts(workload, one) for one, _ in judged]
    for lifted in (frozenset[str](), {BUILDABLE}, {AVAILABILITY}, DOUBTS):
        found = [(one, rules | (doubt - lifted)) for (one, rules), doubt in zip(judged, doubts, strict=True)]
        if any(not rules for _, rules in found):
            return found
    return list(judged)


def _doubts(workload: Workload, one: Placement) -> frozenset[str]:
    hardware = workload.hardware
    unknown = hardware.availability == "listed" and one.candidate.availability.offered is Offered.UNKNOWN
    not_buildable = hardware.buildable_only and placement_not_built(workload, one)
    return frozenset(({AVAILABILITY} if unknown else set()) | ({BUILDABLE} if not_buildable else set()))
