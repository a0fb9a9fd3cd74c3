"""What stands behind everything else in a plan: a placement that no program of this toolkit can build.

It is kept out as by a constraint of the workload, `hardware.buildable_only`, unless nothing else is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.buildable import NotBuilt, not_built

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.preference import Judged
    from greenai_infra.planning.workload import Workload

BUILDABLE = "hardware.buildable_only"


def placement_not_built(workload: Workload, one: Placement) -> NotBuilt | None:
    """Why no program can build a placement, None if one can."""
    offer, run = one.candidate.offer, one.candidate.run
    purchase = workload.hardware.purchase
    return not_built(workload.kind, offer.provider, offer.instance_type, run.instances, purchase, one.slices)


def with_doubts(workload: Workload, judged: Sequence[Judged]) -> list[Judged]:
    """The placements with the rules of doubt added to what forbids them; a rule that would leave nothing is lifted."""
    if not workload.hardware.buildable_only:
        return list(judged)
    doubted = [(one, rules | {BUILDABLE} if placement_not_built(workload, one) else rules) for one, rules in judged]
    return doubted if any(not rules for _, rules in doubted) else list(judged)
