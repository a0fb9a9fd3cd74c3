"""When a run takes place in the chosen region, where the source that ranked the regions has no hourly data.

A single zone without hourly data must not deprive the others: places are ranked by what all zones have in common, and
the time is then chosen by the first source with hourly data of the chosen zone in the same signal and basis.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from greenai_infra.intensity.choice.tiers import Tiers, missing_of
from greenai_infra.intensity.forecasting.predict import Method, Prediction, method_of, predict
from greenai_infra.intensity.model.values import Series
from greenai_infra.intensity.sources.live import is_live
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
    """The choice at its best time: `placement` has kg by `series`, the hourly intensity of its zone.

    Against other places it is ranked by the decision's placement, which has the same candidate.
    """

    placement: Placement
    series: Series
    rule: WaitRule
    answered_by: str


def ask_hours(
    source: IntensitySource, known: Series, window: Window, run_hours: float
) -> tuple[Prediction | None, list[str]]:
    """The hourly prediction of a zone for which `known` has no hourly data, and notes on the sources tried.

    The sources of an automatic order are asked one by one, so that a source need cover only this zone. None if the run
    cannot wait, or if no source has hourly data in the signal and basis of `known`.
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
    """The same candidate at its best time within the limits that `ranked` meets; None if no time meets them."""
    limits = workload.limits
    most_kg = None if limits.emissions_kg is None else max(limits.emissions_kg, ranked.emissions_kg)
    most_usd = limits.cost_usd if limits.max_premium_percent is None else ranked.cost_usd

    def fits(placement: Placement) -> bool:
        return (most_kg is None or placement.emissions_kg <= most_kg) and (
            most_usd is None or placement.cost_usd <= most_usd
        )

    placements, _ = place_all([ranked.candidate], series, timing)
    sliced = [placement for placement in placements if len(placement.slices) > 1]
    if workload.carbon_price is not None or not all(map(fits, sliced)):
        placements += place_between(sliced, series, timing)
    fitting = list(filter(fits, placements))
    return best_of(fitting, workload.carbon_price) if fitting else None


def _tells_as(hours: Series, known: Series) -> bool:
    """Whether a series has hourly data in the signal and basis of the known series."""
    of, other = hours.provenance, known.provenance
    return method_of(hours) in KNOWS_HOURS and (of.signal, of.basis) == (other.signal, other.basis)
