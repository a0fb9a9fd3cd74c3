"""The baseline of a plan: the run as someone would start it without looking at the grid, under the same rules.

It starts at once, in the allowed region that most people would take (in the cloud that holds the data, if there are
data), on the cheapest accepted hardware with the fewest chips that meet the deadline. A baseline that the workload
states keeps its region, whatever the rules about places say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenai_infra.catalog.regions import usual_regions
from greenai_infra.planning.candidates import HARDWARE_RULES, PLACE_RULES
from greenai_infra.planning.placements import SECONDS_PER_HOUR, place_now
from greenai_infra.planning.preference import cheapest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.catalog.regions import Region
    from greenai_infra.intensity.model.values import Series
    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.timing import Timing
    from greenai_infra.planning.workload import Workload

STATED = "as the workload states"
USUAL = "where most people would start it of the regions that the workload allows"
IN_CLOUD_OF_DATA = ", in the cloud that holds its data"
CHEAPEST = "the cheapest region that the workload allows, as none of the usual ones can run it"


class Baseline(NamedTuple):
    """A placement and the reason for its region; without a placement, `why` says what prevents it."""

    placement: Placement | None
    why: str


def find_baseline(
    workload: Workload, candidates: Sequence[Candidate], series: Mapping[str, Series], timing: Timing
) -> Baseline:
    """The baseline of a workload over predicted intensity by zone."""
    named, accelerator = workload.resolved, workload.baseline.accelerator
    chip = named.baseline_chip
    free = HARDWARE_RULES if chip else frozenset[str]()
    accepted = [c for c in candidates if chip is None or c.chip.name == chip.name]
    if named.baseline_region is not None:
        region = named.baseline_region
        here = [c for c in accepted if c.region == region and not c.removed_by - PLACE_RULES - free]
        return _in_stated_region(workload, region, here, series, timing)
    limit = workload.limits.cost_usd
    allowed = [
        c
        for c in accepted
        if not c.removed_by - free and _in_time(c, timing) and (limit is None or c.cost_usd <= limit)
    ]
    without_intensity: list[str] = []
    data_cloud = named.data_region.provider if named.data_region else None
    for region in _by_custom(allowed, data_cloud):
        placement = _at_once([c for c in allowed if c.region == region], series, timing)
        if placement is not None:
            why = USUAL if region.key in usual_regions() else CHEAPEST
            if region.provider == data_cloud and any(candidate.region.provider != data_cloud for candidate in allowed):
                why += IN_CLOUD_OF_DATA
            left = f" (no intensity: {', '.join(without_intensity)})" if without_intensity else ""
            return Baseline(placement, why + left)
        without_intensity.append(region.key)
    if without_intensity:
        return Baseline(None, f"no intensity at the earliest start in {', '.join(without_intensity)}")
    return Baseline(None, f"no allowed region can run {accelerator or 'it'} at once within the workload's limits")


def _in_stated_region(
    workload: Workload, region: Region, here: list[Candidate], series: Mapping[str, Series], timing: Timing
) -> Baseline:
    if not here:
        accepted = workload.baseline.accelerator or ", ".join(sorted(workload.resolved.chips))
        return Baseline(None, f"{region.key} has no offer of {accepted} that fits the workload at a listed price")
    if region.zone not in series:
        return Baseline(None, f"no intensity for {region.key} ({region.zone}) in the chosen source")
    placement = _at_once([c for c in here if _in_time(c, timing)] or here, series, timing)
    gap = f"the source has a gap or ends too early for {region.key} ({region.zone})"
    return Baseline(placement, STATED if placement else gap)


def _by_custom(allowed: Sequence[Candidate], data_cloud: str | None) -> list[Region]:
    """The regions in the order in which most people would take them; regions outside the table follow, cheapest first.

    Regions of the cloud that holds the data come first: moving data to another cloud is a deliberate decision.
    """
    usual = list(usual_regions())
    cheapest: dict[Region, float] = {}
    for candidate in allowed:
        cheapest[candidate.region] = min(candidate.cost_usd, cheapest.get(candidate.region, candidate.cost_usd))
    return sorted(
        cheapest,
        key=lambda region: (
            data_cloud is not None and region.provider != data_cloud,
            usual.index(region.key) if region.key in usual else len(usual), cheapest[region], region.key,
        ),
    )  # fmt: skip


def _at_once(here: Sequence[Candidate], series: Mapping[str, Series], timing: Timing) -> Placement | None:
    """The cheapest candidate of a region, each type on the fewest chips, at once; None without intensity there."""
    smallest: dict[str, Candidate] = {}
    for candidate in here:
        known = smallest.setdefault(candidate.offer.instance_type, candidate)
        if candidate.run.accelerators < known.run.accelerators:
            smallest[candidate.offer.instance_type] = candidate
    cheapest = cheapest_of(smallest.values())
    zone = cheapest.region.zone
    return place_now(cheapest, series[zone], timing) if zone in series else None


def _in_time(candidate: Candidate, timing: Timing) -> bool:
    return (
        timing.deadline_s is None
        or candidate.run.hours.value * SECONDS_PER_HOUR <= timing.deadline_s - timing.earliest_s
    )
