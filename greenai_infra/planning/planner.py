"""From a workload and an intensity source to a plan: which zones to ask about, the prediction, the decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from greenai_infra.catalog.regions import find_region
from greenai_infra.clock import hours_between
from greenai_infra.errors import InputError, NoPlacement
from greenai_infra.intensity.predict import predict
from greenai_infra.intensity.ranking import meanings, refuse_mix
from greenai_infra.intensity.values import Series
from greenai_infra.planning.candidates import Field, find_candidates
from greenai_infra.planning.decide import PLACE_RULES, Decision, decide
from greenai_infra.planning.slices import Interruption
from greenai_infra.planning.timing import Timing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.intensity.source import IntensitySource
    from greenai_infra.planning.workload import Window, Workload

MAX_WINDOW_HOURS = 2 * 366 * 24


@dataclass(frozen=True, slots=True)
class Plan:
    """A decision with what it was made from. `notes` are sentences for people, warnings first."""

    workload: Workload
    window: Window
    field: Field
    series: dict[str, Series]
    decision: Decision
    offers: tuple[Offer, ...]
    source_name: str
    source_notes: tuple[str, ...]
    mixed: bool


def make_plan(
    workload: Workload,
    window: Window,
    offers: Sequence[Offer],
    source: IntensitySource,
    *,
    allow_mixed: bool = False,
    ask_everywhere: bool = True,
) -> Plan:
    """The plan of a workload. With `ask_everywhere` zones that the workload forbids are asked too, to price the rules.

    Raises NoPlacement if nothing is left, Refused for unlike signal or basis, InputError for a signal that the source
    does not have.
    """
    longest_hours = None if window.deadline is None else hours_between(window.earliest, window.deadline)
    field = find_candidates(workload, offers, longest_hours)
    end = window.deadline or window.earliest + timedelta(hours=_longest_run_hours(field, workload))
    if hours_between(window.now, end) > MAX_WINDOW_HOURS:
        raise InputError(f"the plan would reach to {end:%Y-%m-%d}, more than two years ahead; shorten it")
    baseline = find_region(workload.baseline.region)
    zones = sorted(
        {
            c.region.zone
            for c in field.candidates
            if ask_everywhere or not c.removed_by & PLACE_RULES or c.region == baseline
        }
    )
    answers, source_notes = predict(source, zones, window.earliest, end)
    series = {zone: answer for zone, answer in answers.items() if isinstance(answer, Series)}
    if zones and not series:
        reasons = sorted({str(getattr(answer, "reason", "")) for answer in answers.values()})
        raise NoPlacement(f"{source.name} has no intensity for any candidate region: {'; '.join(reasons[:3])}")
    mixed = _check_signal(workload, series, allow_mixed)
    decision = decide(workload, field, series, _timing(workload, window))
    return Plan(workload, window, field, series, decision, tuple(offers), source.name, tuple(source_notes), mixed)


def _timing(workload: Workload, window: Window) -> Timing:
    rule = workload.when.interruptible
    return Timing(
        earliest_s=window.earliest.timestamp(),
        deadline_s=window.deadline.timestamp() if window.deadline else None,
        interruption=Interruption(rule.resume_overhead_minutes * 60, rule.minimum_slice_hours * 3600) if rule else None,
        threshold=workload.when.wait_threshold_percent / 100,
    )


def _longest_run_hours(field: Field, workload: Workload) -> float:
    """Hours that intensity must be known for when there is no deadline: the slowest candidate that may be chosen."""
    allowed = [c for c in field.candidates if not c.removed_by]
    longest = max((c.run.hours.value for c in allowed or field.candidates), default=1.0)
    if longest > MAX_WINDOW_HOURS:
        fastest = min((c.run.hours.value for c in allowed or field.candidates), default=1.0)
        if fastest > MAX_WINDOW_HOURS:
            raise InputError(
                f"{workload.name} takes {fastest / 8766:.3g} years on the fastest candidate; "
                "check work, or raise hardware.count"
            )
        return MAX_WINDOW_HOURS
    return longest


def _check_signal(workload: Workload, series: dict[str, Series], allow_mixed: bool) -> bool:
    """Whether signals or bases are mixed, which is refused unless allowed."""
    provenances = [one.provenance for one in series.values()]
    signals = sorted({one.signal.value for one in provenances})
    if signals and workload.signal not in signals:
        raise InputError(
            f"the workload asks for {workload.signal} intensity, the source has {', '.join(signals)}; "
            "change `signal` or choose another --source"
        )
    if not allow_mixed:
        refuse_mix(provenances)
    return len(meanings(provenances)) > 1
