"""From a workload and an intensity source to a plan: which zones to ask about, the prediction, the decision."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from greenai_infra.clock import hours_between
from greenai_infra.errors import InputError, NoPlacement
from greenai_infra.intensity.choice.ranking import meanings, refuse_mix
from greenai_infra.intensity.choice.tiers import missing_of
from greenai_infra.intensity.forecasting.predict import Method, method_of, predict
from greenai_infra.intensity.model.values import Series
from greenai_infra.planning.candidates import PLACE_RULES, Field, find_candidates
from greenai_infra.planning.decide import Decision, decide
from greenai_infra.planning.hours import Hours, ask_hours, at_best_hours
from greenai_infra.planning.preference import Weighing, weigh
from greenai_infra.planning.slots import Interruption
from greenai_infra.planning.timing import Timing
from greenai_infra.planning.transfer import origin_of
from greenai_infra.planning.waiting import WaitRule, WaitRules
from greenai_infra.planning.workload_limits import Objective

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive
    from greenai_infra.intensity.forecasting.predict import Prediction
    from greenai_infra.intensity.model.source import IntensitySource
    from greenai_infra.planning.placements import Placement
    from greenai_infra.planning.transfer import Origin
    from greenai_infra.planning.workload import Window, Workload

MAX_WINDOW_HOURS = 2 * 366 * 24


class Plan(Struct, frozen=True):
    """A decision with its inputs.

    `waits` has for each zone the waiting rule for the run that the plan shows there, or for the choice where it shows
    no run. `left_out` gives the reason for each zone without an intensity, `warnings` are those of the source. `hours`
    is the time within the chosen place, if the source that ranked the places has no hourly data.
    """

    workload: Workload
    window: Window
    field: Field
    series: dict[str, Series]
    decision: Decision
    offers: tuple[Offer, ...]
    source_name: str
    answered_by: str
    source_notes: tuple[str, ...]
    mixed: bool
    waits: Mapping[str, WaitRule]
    timing: Timing
    left_out: Mapping[str, str]
    warnings: tuple[str, ...]
    hours: Hours | None = None
    weighing: Weighing | None = None

    @property
    def placement(self) -> Placement:
        """The choice at the time when it runs; mostly the same as `decision.placement`, by which it was ranked."""
        return self.hours.placement if self.hours else self.decision.placement

    @property
    def chosen_series(self) -> Series:
        """The intensity that gave the time and the kg of the choice."""
        return self.hours.series if self.hours else self.series[self.placement.candidate.region.zone]


def make_plan(
    workload: Workload,
    window: Window,
    offers: Sequence[Offer],
    source: IntensitySource,
    *,
    allow_mixed: bool = False,
    open_archive: Callable[[], ForecastArchive] | None = None,
    carbon_priority: float | None = None,
    compare_hardware: bool = False,
) -> Plan:
    """The plan of a workload. Zones that it forbids are looked up too, to price its rules, if no service must be asked.

    A service's forecasts are kept in the archive, which is opened only for them; earlier forecasts in it give their
    measured error. With a carbon priority (0 to 1) the choice uses the equivalent price of carbon.
    Raises NoPlacement if nothing is left, Refused for different signal or basis, InputError for a signal that the
    source lacks.
    """
    if carbon_priority is not None:
        _check_priority(workload, carbon_priority)
    longest_hours = None if window.deadline is None else hours_between(window.earliest, window.deadline)
    field = find_candidates(workload, offers, longest_hours)
    end = window.deadline or window.earliest + timedelta(hours=_longest_run_hours(field, workload))
    if hours_between(window.now, end) > MAX_WINDOW_HOURS:
        raise InputError(f"the plan would reach {end:%Y-%m-%d}, more than two years ahead; shorten it")
    named = workload.resolved
    apart = {named.data_region.zone} if named.data_region else set()
    baseline = {named.baseline_region.zone} if named.baseline_region else set()
    everywhere = {c.region.zone for c in field.candidates}
    zones = sorted({c.region.zone for c in field.candidates if not c.removed_by & PLACE_RULES})
    found = predict(
        source,
        zones,
        window.earliest,
        end,
        beside=sorted(everywhere & baseline | apart),
        free=sorted(everywhere),
        least=_shortest_run(field),
    )
    left_out = dict(missing_of(found.answers))
    answers = {
        zone: answer for zone, answer in found.answers.items() if isinstance(answer, Series) and zone not in left_out
    }
    series = {zone: answer for zone, answer in answers.items() if zone in everywhere}
    if zones and not series.keys() & set(zones):
        reasons = list(dict.fromkeys(left_out[zone] for zone in zones))
        said = [*reasons[:3], *getattr(source, "warnings", ())[:3]]
        raise NoPlacement(f"{source.name} has no intensity for any candidate region: {'; '.join(said)}")
    mixed = _check_signal(workload, answers, allow_mixed)
    archive = None
    if open_archive and any(known.provenance.service for known in series.values()):
        archive = open_archive()
        archive.keep(series.values())
    rules = _wait_rules(workload, window, found, archive)
    origin = origin_of(workload, answers, window, end)
    timing = _timing(workload, window, rules, origin)
    decision, weighing = decide(workload, field, series, timing, compare=compare_hardware), None
    if carbon_priority is not None:
        weighing = weigh(carbon_priority, [ranked.placement for ranked in decision.everything if not ranked.removed_by])
        if weighing.usd_per_tonne is not None:
            workload = replace(workload, objective=Objective(carbon_price_usd_per_tonne=weighing.usd_per_tonne))
            decision = decide(workload, field, series, timing, compare=compare_hardware)
    hours, tried = _hours(workload, window, source, decision.placement, series, timing, open_archive)
    return Plan(
        workload=workload,
        window=window,
        field=field,
        series=series,
        decision=decision,
        offers=tuple(offers),
        source_name=source.name,
        answered_by=found.answered_by,
        source_notes=(*found.notes, *tried),
        mixed=mixed,
        waits=_waits(rules, series, decision),
        timing=timing,
        left_out=left_out,
        warnings=tuple(getattr(source, "warnings", ())),
        hours=hours,
        weighing=weighing,
    )


def _check_priority(workload: Workload, priority: float) -> None:
    if not 0 <= priority <= 1:
        raise InputError(f"carbon priority {priority:g} is outside 0 (cost alone) to 1 (emissions alone)")
    if workload.objective is not None:
        raise InputError(
            "a carbon priority and objective.carbon_price_usd_per_tonne both weigh kg against USD; state only one"
        )


def _hours(
    workload: Workload,
    window: Window,
    source: IntensitySource,
    ranked: Placement,
    series: Mapping[str, Series],
    timing: Timing,
    open_archive: Callable[[], ForecastArchive] | None,
) -> tuple[Hours | None, list[str]]:
    """The choice at its best hours, if only a source other than the ranking's has hourly data."""
    zone, run_hours = ranked.candidate.region.zone, ranked.candidate.run.hours.value
    found, tried = ask_hours(source, series[zone], window, run_hours)
    if found is None:
        return None, tried
    known = {place: answer for place, answer in found.answers.items() if isinstance(answer, Series)}
    archive = open_archive() if open_archive and known[zone].provenance.service else None
    if archive:
        archive.keep(known.values())
    rules = _wait_rules(workload, window, found, archive)
    placed = at_best_hours(workload, ranked, known, _timing(workload, window, rules, timing.origin))
    if placed is None:
        return None, [*tried, f"no time in the hourly data of {zone} keeps the limits, so they are not used"]
    rule = rules.of(zone, run_hours, method_of(known[zone]))
    return Hours(placed, known[zone], rule, found.answered_by), tried


def _wait_rules(workload: Workload, window: Window, found: Prediction, archive: ForecastArchive | None) -> WaitRules:
    """The rules that decide waiting; nothing is measured where the run cannot wait."""
    stated = workload.when.wait_threshold_percent
    methods = {method_of(answer) for answer in found.answers.values() if isinstance(answer, Series)}
    if window.deadline is None:
        return WaitRules(stated, None, window.earliest, None, "without a deadline the run does not wait")
    if methods <= {Method.YEARLY_MEAN}:
        return WaitRules(stated, None, window.earliest, window.deadline, "a yearly mean says nothing of hours")
    from greenai_infra.intensity.forecasting.accuracy import Accuracy

    return WaitRules(stated, Accuracy(found, archive), window.earliest, window.deadline)


def _waits(rules: WaitRules, series: Mapping[str, Series], decision: Decision) -> dict[str, WaitRule]:
    """The rule for the run that the plan shows in each zone: the choice, an alternative, else the best."""
    shown = (decision.placement, *decision.alternatives, *(ranked.placement for ranked in decision.everything))
    run_hours: dict[str, float] = {}
    for placement in shown:
        run_hours.setdefault(placement.candidate.region.zone, placement.candidate.run.hours.value)
    chosen_hours = decision.placement.candidate.run.hours.value
    return {
        zone: rules.of(zone, run_hours.get(zone, chosen_hours), method_of(known))
        for zone, known in sorted(series.items())
    }


def _timing(workload: Workload, window: Window, rules: WaitRules, origin: Origin | None) -> Timing:
    rule = workload.when.interruptible
    return Timing(
        earliest_s=window.earliest.timestamp(),
        deadline_s=window.deadline.timestamp() if window.deadline else None,
        interruption=Interruption(rule.resume_overhead_minutes * 60, rule.minimum_slice_hours * 3600) if rule else None,
        threshold=rules.default,
        measured=rules.measured,
        origin=origin,
    )


def _shortest_run(field: Field) -> timedelta:
    """Hours for which intensity must be known at least: the run of the fastest allowed offer, on its fewest chips.

    A forecast that reaches far enough only for more chips would otherwise decide the number of chips.
    """
    longest: dict[str, float] = {}
    for candidate in field.candidates:
        if not candidate.removed_by:
            hours, kind = candidate.run.hours.value, candidate.offer.instance_type
            longest[kind] = max(hours, longest.get(kind, hours))
    return timedelta(hours=min(longest.values(), default=0.0))


def _longest_run_hours(field: Field, workload: Workload) -> float:
    """Hours for which intensity must be known without a deadline: the run of the slowest allowed candidate."""
    allowed = [c for c in field.candidates if not c.removed_by]
    longest = max((c.run.hours.value for c in allowed or field.candidates), default=1.0)
    if longest > MAX_WINDOW_HOURS:
        fastest = min((c.run.hours.value for c in allowed or field.candidates), default=1.0)
        if fastest > MAX_WINDOW_HOURS:
            raise InputError(
                f"{workload.name} takes {fastest / 8766:.3g} years on the fastest candidate; "
                "check work, or raise hardware.count or max_count"
            )
        return MAX_WINDOW_HOURS
    return longest


def _check_signal(workload: Workload, series: dict[str, Series], allow_mixed: bool) -> bool:
    """Whether signals or bases are mixed. Raises Refused if they are and this is not allowed."""
    provenances = [known.provenance for known in series.values()]
    signals = sorted({provenance.signal.value for provenance in provenances})
    if signals and workload.signal not in signals:
        raise InputError(
            f"the workload asks for {workload.signal} intensity, the source has {', '.join(signals)}; "
            "change `signal` or choose another --source"
        )
    if not allow_mixed:
        refuse_mix(provenances)
    return len(meanings(provenances)) > 1
