"""When each candidate should run: its start or slices, emissions and cost over the predicted intensity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.footprint.equation import operational_kg, transfer_kg
from greenai_infra.planning.slices import Interruption, best_slices, lower_bound, weighted_time
from greenai_infra.planning.windows import StepGrid, best_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenai_infra.intensity.values import Series
    from greenai_infra.planning.candidates import Candidate

SECONDS_PER_HOUR = 3600.0

Slices = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """What is known of the time: Unix seconds; `threshold` is the least relative gain worth waiting for."""

    earliest_s: float
    deadline_s: float | None
    interruption: Interruption | None
    threshold: float


@dataclass(frozen=True, slots=True)
class Placement:
    """A candidate with its slices (Unix s) and what they emit and cost.

    `intensity_g_per_kwh` is the time-weighted mean over the slices. `emissions_now_kg` is what the same candidate
    would emit if it started at the earliest moment without a break.
    """

    candidate: Candidate
    slices: Slices
    intensity_g_per_kwh: float
    operational_kg: float
    transfer_kg: float
    embodied_kg: float
    cost_usd: float
    emissions_now_kg: float

    @property
    def hours(self) -> float:
        """Hours for which the hardware runs, resume overheads included."""
        return _running_hours(self.candidate, self.slices)

    @property
    def emissions_kg(self) -> float:
        """All that counts: operation, data transfer and the embodied share, kg CO2e."""
        return self.operational_kg + self.transfer_kg + self.embodied_kg

    @property
    def energy_kwh(self) -> float:
        """IT energy at the servers' wall, before PUE."""
        return self.candidate.run.power_kw.value * self.hours

    @property
    def order(self) -> tuple[float, float, str, str]:
        """Ascending order of choice: emissions, then cost, then names, so that equal inputs give equal plans."""
        return (self.emissions_kg, self.cost_usd, self.candidate.region.key, self.candidate.offer.instance_type)


def place_all(
    candidates: Sequence[Candidate], series: Mapping[str, Series], timing: Timing
) -> tuple[list[Placement], list[Candidate]]:
    """The best timing of every candidate, and the candidates that fit no window of known intensity."""
    zones = sorted({c.region.zone for c in candidates if c.region.zone in series})
    if not zones:
        return [], list(candidates)
    row_of = {zone: row for row, zone in enumerate(zones)}
    end_s = timing.deadline_s or max(timing.earliest_s + _work_s(c) for c in candidates)
    grid = StepGrid.of([series[zone] for zone in zones], timing.earliest_s, end_s)
    alike: dict[tuple[float, float], list[Candidate]] = {}
    unplaced = []
    for candidate in candidates:
        if candidate.region.zone in row_of:
            burden = _embodied_g_per_kwh(candidate) if timing.interruption else 0.0
            alike.setdefault((_work_s(candidate), burden), []).append(candidate)
        else:
            unplaced.append(candidate)
    placements = []
    for (duration_s, burden), group in alike.items():
        chosen = _choose_times(grid, duration_s, timing, {row_of[c.region.zone] for c in group}, burden)
        for candidate in group:
            times = chosen.get(row_of[candidate.region.zone])
            if times is None:
                unplaced.append(candidate)
            else:
                placements.append(placement(candidate, *times))
    return placements, unplaced


def place_now(candidate: Candidate, series: Series, earliest_s: float) -> Placement | None:
    """The candidate at the earliest moment without a break; None where the intensity then is not known."""
    end_s = earliest_s + _work_s(candidate)
    mean = float(StepGrid.of([series], earliest_s, end_s).mean(earliest_s, end_s)[0])
    return placement(candidate, ((earliest_s, end_s),), mean, mean) if np.isfinite(mean) else None


def placement(candidate: Candidate, slices: Slices, mean_g_per_kwh: float, now_g_per_kwh: float) -> Placement:
    """Emissions and cost of a candidate over slices with a known mean intensity."""
    run, pue = candidate.run, candidate.region.pue
    hours = _running_hours(candidate, slices)
    power_kw, work_hours = run.power_kw.value, run.hours.value
    embodied_per_hour = run.embodied_kg_per_hour.value if run.embodied_kg_per_hour else 0.0
    now_kg = (
        operational_kg(power_kw * work_hours, pue, now_g_per_kwh)
        + transfer_kg(candidate.transfer_kwh, now_g_per_kwh)
        + embodied_per_hour * work_hours
    )
    return Placement(
        candidate=candidate,
        slices=slices,
        intensity_g_per_kwh=mean_g_per_kwh,
        operational_kg=operational_kg(power_kw * hours, pue, mean_g_per_kwh),
        transfer_kg=transfer_kg(candidate.transfer_kwh, mean_g_per_kwh),
        embodied_kg=embodied_per_hour * hours,
        cost_usd=candidate.usd_per_hour * hours + candidate.transfer_usd,
        emissions_now_kg=now_kg,
    )


def _running_hours(candidate: Candidate, slices: Slices) -> float:
    """The run's own hours where it is not interrupted: Unix times would round them."""
    if len(slices) == 1:
        return candidate.run.hours.value
    return sum(end - start for start, end in slices) / SECONDS_PER_HOUR


def _work_s(candidate: Candidate) -> float:
    return candidate.run.hours.value * SECONDS_PER_HOUR


def _embodied_g_per_kwh(candidate: Candidate) -> float:
    """The hardware's embodied share by energy at the meter: what time lost to a resume costs beside its energy."""
    run = candidate.run
    if run.embodied_kg_per_hour is None:
        return 0.0
    return run.embodied_kg_per_hour.value * 1000.0 / (run.power_kw.value * candidate.region.pue)


def _choose_times(
    grid: StepGrid, duration_s: float, timing: Timing, rows: set[int], burden_g_per_kwh: float
) -> dict[int, tuple[Slices, float, float]]:
    """For each row of the grid: slices, their mean intensity, and the mean of starting at once.

    Waiting or slicing must cut the intensity-weighted time by more than the threshold, or the run starts at once.
    Slices run longer by their resumes, so they must also pay for the embodied share of that time.
    """
    deadline_s = timing.deadline_s or timing.earliest_s + duration_s
    now_end_s = timing.earliest_s + duration_s
    now_fits = now_end_s <= min(deadline_s, float(grid.edges_s[-1])) + 1e-6
    now = grid.mean(timing.earliest_s, now_end_s) if now_fits else np.full(len(grid.values), np.inf)
    starts, means = best_windows(grid, duration_s, timing.earliest_s, deadline_s)
    floor = means
    if timing.interruption is not None:
        floor = lower_bound(grid, duration_s, timing.earliest_s, deadline_s)
    chosen: dict[int, tuple[Slices, float, float]] = {}
    for row in rows:
        now_mean = float(now[row])
        keep_below = now_mean * (1 - timing.threshold)
        at_once = ((timing.earliest_s, now_end_s),)
        best_mean, start_s = float(means[row]), float(starts[row])
        if np.isfinite(now_mean) and min(best_mean, float(floor[row])) >= keep_below:
            chosen[row] = (at_once, now_mean, now_mean)
            continue
        options: list[tuple[float, float, float, Slices]] = []
        if np.isfinite(best_mean):
            whole = (start_s, start_s + duration_s)
            weighted = best_mean * duration_s
            options.append((weighted + burden_g_per_kwh * duration_s, weighted, best_mean, (whole,)))
        if timing.interruption is not None and float(floor[row]) < best_mean:
            burdened = _row(grid, row, burden_g_per_kwh)
            slices = best_slices(burdened, duration_s, timing.interruption, timing.earliest_s, deadline_s)
            if slices is not None:
                weighted = weighted_time(_row(grid, row, 0.0), slices)
                running_s = sum(end - start for start, end in slices)
                options.append((weighted + burden_g_per_kwh * running_s, weighted, weighted / running_s, tuple(slices)))
        if not options:
            continue
        _, weighted, mean, times = min(options)
        if np.isfinite(now_mean) and weighted >= keep_below * duration_s:
            mean, times = now_mean, at_once
        chosen[row] = (times, mean, now_mean if np.isfinite(now_mean) else mean)
    return chosen


def _row(grid: StepGrid, row: int, burden_g_per_kwh: float) -> StepGrid:
    """One zone of a grid, with a constant added to its intensity."""
    pick = slice(row, row + 1)
    gap_s = None if grid.gap_s is None else grid.gap_s[pick]
    integral = grid.integral[pick] + burden_g_per_kwh * (grid.edges_s - grid.edges_s[0])
    return replace(grid, values=grid.values[pick] + burden_g_per_kwh, integral=integral, gap_s=gap_s)
