"""The workload to replay: one run on one kind of hardware, with its slack, the same in every zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.catalog.regions import regions, usual_regions
from greenai_infra.clock import parse_duration_hours, parse_time
from greenai_infra.errors import InputError, NoPlacement
from greenai_infra.planning.candidates import PlaceRules, find_candidates
from greenai_infra.planning.slots import Interruption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.catalog.offers import Offer
    from greenai_infra.catalog.regions import Region
    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.workload import Workload

SECONDS_PER_HOUR = 3600.0
ANOTHER = "--baseline names another"


@dataclass(frozen=True, slots=True)
class Slack:
    """Seconds after a start time: when the run may begin, and when it must have ended (None: it never waits)."""

    earliest_s: float
    deadline_s: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """The run of every start time and zone.

    `hardware` is the candidate whose hours and power are used; its region says nothing about the zones.
    `pue` holds the region whose PUE is used for each zone. It is empty where `without_pue`, the zones that lack a
    region, has entries: then no PUE is applied. `wait_threshold` is the share that a wait must save, if the workload
    states it.
    """

    hardware: Candidate
    slack: Slack
    interruption: Interruption | None
    wait_threshold: float | None
    baseline_zone: str
    baseline_from: str
    pue: dict[str, Region]
    without_pue: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Seconds of an unbroken run."""
        return self.hardware.run.hours.value * SECONDS_PER_HOUR

    @property
    def power_kw(self) -> float:
        """Mean IT power."""
        return self.hardware.run.power_kw.value

    @property
    def latest_end_s(self) -> float:
        """Seconds after a start time by which every run has ended."""
        return self.slack.deadline_s or self.slack.earliest_s + self.duration_s


def job_of(workload: Workload, offers: Sequence[Offer], zones: Sequence[str], baseline: str | None) -> Job:
    """The run of a workload that is replayed over `zones`.

    Its hardware needs the least energy of all that the workload accepts and that meets its deadline and cost limit. A
    zone's PUE is that of the allowed region in it: the lowest of several; in the baseline zone that of the baseline's
    region. If any zone lacks an allowed region, no PUE is applied anywhere.

    Raises InputError for times that can't be applied at many starts and for an unknown baseline, NoPlacement if no
    hardware fits.
    """
    slack = slack_of(workload)
    longest_hours = None if slack.deadline_s is None else (slack.deadline_s - slack.earliest_s) / SECONDS_PER_HOUR
    field = find_candidates(workload, offers, longest_hours)
    rule, threshold = workload.when.interruptible, workload.when.wait_threshold_percent
    allowed = allowed_regions(workload)
    baseline_zone, baseline_region, baseline_from = _baseline(workload, zones, allowed, baseline)
    pue, without = _regions_of(zones, allowed, baseline_region, baseline_zone)
    return Job(
        hardware=_least_energy(workload, field.candidates, longest_hours),
        slack=slack,
        interruption=Interruption(rule.resume_overhead_minutes * 60, rule.minimum_slice_hours * 3600) if rule else None,
        wait_threshold=None if threshold is None else threshold / 100,
        baseline_zone=baseline_zone,
        baseline_from=baseline_from,
        pue=pue,
        without_pue=without,
    )


def allowed_regions(workload: Workload) -> list[Region]:
    """The regions of the catalogue that the workload's rules about places allow."""
    rules = PlaceRules(workload)
    return [region for region in regions() if not rules.removing(region)]


def slack_of(workload: Workload) -> Slack:
    """When a run may begin and must have ended, in seconds after a start time.

    Times from now (+12h) count from each start. Two fixed times become the slack between them. Raises InputError for a
    single fixed time: it would give each start a different slack.
    """
    when = workload.when
    relative = {text.startswith("+") for text in (when.earliest, when.deadline) if text is not None}
    if relative == {False} and when.earliest is not None:
        if when.deadline is None:
            return Slack(0.0, None)
        return Slack(0.0, (parse_time(when.deadline) - parse_time(when.earliest)).total_seconds())
    if False in relative:
        key = "deadline" if when.deadline is not None and not when.deadline.startswith("+") else "earliest"
        raise InputError(
            f"when.{key} {getattr(when, key)} is a fixed time, and a backtest starts the workload at many times; "
            "write it from now, such as +72h, or give both earliest and deadline as fixed times"
        )
    earliest_s = parse_duration_hours(when.earliest[1:]) * SECONDS_PER_HOUR if when.earliest else 0.0
    if when.deadline is None:
        return Slack(earliest_s, None)
    return Slack(earliest_s, parse_duration_hours(when.deadline[1:]) * SECONDS_PER_HOUR)


def _least_energy(workload: Workload, candidates: Sequence[Candidate], longest_hours: float | None) -> Candidate:
    limit = workload.limits.cost_usd
    fitting = [
        c
        for c in candidates
        if not c.removed_by
        and (longest_hours is None or c.run.hours.value <= longest_hours)
        and (limit is None or c.cost_usd <= limit)
    ]
    if not fitting:
        window = "" if longest_hours is None else f" within {longest_hours:g} h"
        raise NoPlacement(
            f"no hardware that {workload.name} accepts can run it{window} under its rules; "
            "`greenai-infra plan` says which rule removed what"
        )
    return min(
        fitting,
        key=lambda c: (
            c.run.energy_kwh.value, c.run.hours.value, c.cost_usd, c.region.key, c.offer.instance_type,
        ),
    )  # fmt: skip


def _baseline(
    workload: Workload, zones: Sequence[str], allowed: Sequence[Region], wanted: str | None
) -> tuple[str, Region | None, str]:
    """The zone that everything is compared with, its region if it has one, and the reason for the choice."""
    if wanted is not None:
        if wanted not in zones:
            raise InputError(f"--baseline {wanted} is in no trace; the traces have {', '.join(zones)}")
        return wanted, None, "as --baseline says"
    if (region := workload.resolved.baseline_region) is not None:
        if region.zone in zones:
            return region.zone, region, f"the zone of the workload's baseline {region.key}"
        return zones[0], None, f"the first trace, as {region.key} ({region.zone}) is not among them; {ANOTHER}"
    by_key = {region.key: region for region in allowed if region.zone in zones}
    usual = next((by_key[key] for key in usual_regions() if key in by_key), None)
    if usual is None:
        return zones[0], None, f"the first trace, as the traces lack the regions that most people take; {ANOTHER}"
    why = f"the zone of {usual.key}, where most people would start it of the allowed regions in the traces; {ANOTHER}"
    return usual.zone, usual, why


def _regions_of(
    zones: Sequence[str], allowed: Sequence[Region], baseline: Region | None, baseline_zone: str
) -> tuple[dict[str, Region], tuple[str, ...]]:
    """The region whose PUE each zone gets, and the zones that lack a region; with such zones no PUE is applied."""
    found = {}
    for zone in zones:
        here = [region for region in allowed if region.zone == zone]
        here = here or [region for region in regions() if region.zone == zone]
        if zone == baseline_zone and baseline is not None:
            found[zone] = baseline
        elif here:
            found[zone] = min(here, key=lambda region: (region.pue, region.key))
    without = tuple(zone for zone in zones if zone not in found)
    return ({}, without) if without else (found, ())
