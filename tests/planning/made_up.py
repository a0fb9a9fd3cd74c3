"""Small made-up worlds: regions, offers, runs and intensities with round figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from greenai_infra.catalog.accelerators import find_accelerator
from greenai_infra.catalog.offers import Offer
from greenai_infra.catalog.regions import Region, find_region
from greenai_infra.footprint.estimate import Estimate
from greenai_infra.intensity.model.values import Basis, Intensity, Kind, Provenance, Series, Signal, Unavailable
from greenai_infra.planning import slices
from greenai_infra.planning.candidates import Candidate, Field
from greenai_infra.planning.decide import Decision, decide
from greenai_infra.planning.planner import Plan, make_plan
from greenai_infra.planning.run_parts import Run
from greenai_infra.planning.timing import Timing
from greenai_infra.planning.workload_file import parse_workload, window_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.planning.slots import Interruption
    from greenai_infra.planning.windows import StepGrid
    from greenai_infra.planning.workload import Workload

T0 = datetime(2026, 3, 28, tzinfo=UTC)  # a night on which Europe changes its clocks follows
HOUR = 3600.0
NORTH, EAST = "aws:eu-north-1", "aws:us-east-1"  # zones SE-SE3 and US-MIDA-PJM

TRAINING = """
name: a-job
project: pp1
team: tt1
kind: training
work:
  measured: {energy_kwh: 40, hours: 4, accelerator: A100-40GB, count: 8}
hardware:
  accelerators: [A100-40GB]
"""


def workload(text: str = TRAINING, **sections: str) -> Workload:
    """A workload of YAML text, with more sections as flow mappings."""
    return parse_workload(text + "".join(f"{key}: {value}\n" for key, value in sections.items()), "w.yaml")


def at(hours: float) -> datetime:
    """Hours after the start of the made-up world."""
    return T0 + timedelta(hours=hours)


def unix(hours: float) -> float:
    """The same in Unix seconds."""
    return at(hours).timestamp()


def steps(zone: str, values: Sequence[float], step_hours: float = 1.0) -> Series:
    """A forecast from the start of the made-up world on."""
    provenance = Provenance("a forecast", Signal.AVERAGE, Basis.LIFECYCLE, Kind.FORECAST, T0)
    edges_s = T0.timestamp() + np.arange(len(values) + 1, dtype=np.float64) * (step_hours * HOUR)
    return Series(zone, edges_s, np.array(values, dtype=float), provenance)


class Forecast:
    """A source that forecasts what it was given, and has nothing else."""

    name = "made up"

    def __init__(self, series: Sequence[Series]) -> None:
        self.as_of = T0
        self._series = {one.zone: one for one in series}

    def latest(self, zones: Sequence[str]) -> Mapping[str, Intensity | Unavailable]:
        return {zone: Unavailable(zone, "nothing is known") for zone in zones}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        return {zone: Unavailable(zone, "no history") for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> Mapping[str, Series | Unavailable]:
        return {zone: self._series.get(zone) or Unavailable(zone, "not in this world") for zone in zones}


def offer(region: str, usd_per_hour: float | None = 20.0, **changes: Any) -> Offer:
    """One A100 node in a region, unless changed."""
    where = find_region(region)
    base = Offer(
        provider=where.provider,
        region=where.name,
        instance_type="p4d.24xlarge",
        accelerator="A100-40GB",
        accelerators=8,
        vcpus=96,
        memory_gib=1152,
        usd_per_hour_on_demand=usd_per_hour,
        usd_per_hour_spot=None,
        priced_on=date(2026, 3, 1),
        source="made up",
        note="",
    )
    return replace(base, **changes)


def candidate(
    zone: str,
    *,
    hours: float = 4.0,
    power_kw: float = 10.0,
    usd_per_hour: float = 20.0,
    pue: float = 1.25,
    embodied_kg_per_hour: float = 0.0,
    transfer: tuple[float, float] = (0.0, 0.0),
    removed_by: frozenset[str] = frozenset(),
    region: Region | None = None,
    instance_type: str = "node",
    instances: int = 1,
) -> Candidate:
    """10 kW for 4 hours at PUE 1.25 in a region named after its zone, unless told otherwise."""
    where = region or replace(find_region(EAST), name=zone.lower(), place=zone, zone=zone, pue=pue)
    run = Run(
        instances=instances,
        accelerators=8,
        hours=Estimate.exact(hours),
        power_kw=Estimate.exact(power_kw),
        embodied_kg_per_hour=Estimate.exact(embodied_kg_per_hour),
        notes=(),
    )
    sold = replace(offer(EAST, usd_per_hour), region=where.name, instance_type=instance_type)
    return Candidate(where, sold, find_accelerator(sold.accelerator), run, usd_per_hour, *transfer, removed_by)


def field_of(*candidates: Candidate) -> Field:
    """A field without misfits."""
    return Field(tuple(candidates), (), (), frozenset())


def timing(deadline_hours: float | None, rule: Interruption | None = None, threshold: float = 0.10) -> Timing:
    """From the start of the made-up world to a deadline some hours later."""
    return Timing(unix(0), None if deadline_hours is None else unix(deadline_hours), rule, threshold)


def hours_of(times: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Slices in hours after the start of the made-up world."""
    return [((start - unix(0)) / HOUR, (end - unix(0)) / HOUR) for start, end in times]


def best_slices(
    grid: StepGrid, work_s: float, rule: Interruption, earliest_s: float, latest_end_s: float
) -> list[tuple[float, float]] | None:
    """The cleanest slices in a grid of one zone."""
    return slices.best_slices(grid, work_s, rule, earliest_s, latest_end_s)[0] or None


def decision(
    *candidates: Candidate, zones: dict[str, list[float]], when: Timing, step_hours: float = 1.0, **sections: str
) -> Decision:
    series = {zone: steps(zone, values, step_hours) for zone, values in zones.items()}
    return decide(workload(**sections), field_of(*candidates), series, when)


def planned(offers: list[Offer], *series: Series, text: str = TRAINING, now: datetime = T0, **sections: str) -> Plan:
    job = workload(text, **sections)
    return make_plan(job, window_of(job, now), offers, Forecast(series))
