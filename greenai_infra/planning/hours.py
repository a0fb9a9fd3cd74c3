"""When a run takes place in the place that was chosen, where what ranked the places says nothing of hours.

One zone without hourly data must not take the hours from all: places are ranked by what all have in common, and the
time is then chosen by the first source that knows the hours of the chosen zone in the same signal and basis.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.intensity.choice.live_sources import is_live
from greenai_infra.intensity.choice.tiers import Tiers, missing_of
from greenai_infra.intensity.forecasting.predict import Method, Prediction, method_of, predict
from greenai_infra.intensity.model.values import Series
from greenai_infra.planning.placements import Placement, place_all, place_between
from greenai_infra.planning.preference import best_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.planning.timing import Timing
    from greenai_infra.planning.waiting import WaitRule
    from greenai_infra.planning.workload import Window, Workload

KNOWS_HOURS = (Method.FORECAST, Method.CLIMATOLOGY)


class Hours(Struct, frozen=True):
    """The choice at the time that its own hours suggest: `placement` has kg by `series`, the intensity of its zone.

    What it is ranked by against other places is the decision's placement, of the same candidate.
    """

    placement: Placement
    series: Series
    rule: WaitRule
    answered_by: str


def ask_hours(
    source: IntensitySource, known: Series, window: Window, run_hours: float
) -> tuple[Prediction | None, list[str]]:
    """What is expected hour by hour of a zone of which `known` says nothing of hours, and what was tried.

    The sources of an automatic order are asked one by one, so that none but this zone has to be covered. None if there
    is nothing to wait for, or no source knows hours in the signal and basis of `known`.
    """
    deadline, zone = window.deadline, known.zone
    if not isinstance(source, Tiers) or method_of(known) in KNOWS_HOURS or deadline is None:
        return None, []
    least = timedelta(hours=run_hours)
    if window.earliest + least >= deadline:
        return None, []
    notes: list[str] = []
    for one in source.sources:
        if not is_live(one.name):
            continue
        found = predict(one, [zone], window.earliest, deadline, least=least)
        answer = found.answers[zone]
        notes += [f"hours of {zone}: {note}" for note in found.notes]
        if isinstance(answer, Series) and not missing_of(found.answers) and _tells_as(answer, known):
            return found, notes
    return None, notes


def at_best_hours(
    workload: Workload, ranked: Placement, series: Mapping[str, Series], timing: Timing
) -> Placement | None:
    """The same candidate at its best time within the limits that `ranked` keeps; None if no time keeps them."""
    limits = workload.limits
    most_kg = None if limits.emissions_kg is None else max(limits.emissions_kg, ranked.emissions_kg)
    most_usd = limits.cost_usd if limits.max_premium_percent is None else ranked.cost_usd

    def fits(one: Placement) -> bool:
        return (most_kg is None or one.emissions_kg <= most_kg) and (most_usd is None or one.cost_usd <= most_usd)

    placements, _ = place_all([ranked.candidate], series, timing)
    sliced = [one for one in placements if len(one.slices) > 1]
    if workload.carbon_price is not None or not all(map(fits, sliced)):
        placements += place_between(sliced, series, timing)
    fitting = list(filter(fits, placements))
    return best_of(fitting, workload.carbon_price) if fitting else None


def _tells_as(hours: Series, known: Series) -> bool:
    """Whether a series has hours, in the signal and basis of the one that is known."""
    of, other = hours.provenance, known.provenance
    return method_of(hours) in KNOWS_HOURS and (of.signal, of.basis) == (other.signal, other.basis)
