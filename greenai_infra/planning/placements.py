"""When each candidate should run: its start or slices, emissions and cost over the predicted intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.footprint.equation import operational_kg, transfer_kg
from greenai_infra.planning.timing import Row, Slices, Timing, choose_times, fewer_times
from greenai_infra.planning.transfer import Ends, TransferGrids
from greenai_infra.planning.windows import StepGrid

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Mapping, Sequence

    from greenai_infra.intensity.model.values import Series
    from greenai_infra.planning.candidates import Candidate

SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Placement:
    """A candidate with its slices (Unix s), emissions and cost.

    `intensity_g_per_kwh` is the time-weighted mean over the slices. `emissions_now_kg` is what the same candidate
    would emit if it started at the earliest moment without a break, where it `could_start_at_once`. `transfer_ends` are
    the grids between which data are moved, None where no data are moved.
    """

    candidate: Candidate
    slices: Slices
    intensity_g_per_kwh: float
    operational_kg: float
    transfer_kg: float
    embodied_kg: float
    cost_usd: float
    emissions_now_kg: float
    could_start_at_once: bool
    transfer_ends: Ends | None = None

    @property
    def hours(self) -> float:
        """Hours for which the hardware runs, resume overheads included."""
        return _running_hours(self.candidate, self.slices)

    @property
    def emissions_kg(self) -> float:
        """Total: operation, data transfer and the embodied share, kg CO2e."""
        return self.operational_kg + self.transfer_kg + self.embodied_kg

    @property
    def energy_kwh(self) -> float:
        """IT energy at the servers' wall, before PUE."""
        return self.candidate.run.power_kw.value * self.hours

    def beats(self, other: Placement) -> bool:
        """Whether its emissions and its cost are both at most those of the other."""
        return self.emissions_kg <= other.emissions_kg and self.cost_usd <= other.cost_usd

    @property
    def standing_usd(self) -> float | None:
        """Standing cost of its stack while it runs, a part of the cost; None if unknown."""
        standing = self.candidate.standing
        return standing.usd_per_hour.value * self.hours if standing else None

    @property
    def order(self) -> tuple[float, float, str, str]:
        """Order of choice, ascending: emissions, then cost, then names, so that equal inputs give equal plans."""
        return (self.emissions_kg, self.cost_usd, self.candidate.region.key, self.candidate.offer.instance_type)


def place_all(
    candidates: Sequence[Candidate],
    series: Mapping[str, Series],
    timing: Timing,
    against: Sequence[Placement] = (),
) -> tuple[list[Placement], list[Candidate]]:
    """The cleanest timing of every candidate, and the candidates that fit no window of known intensity.

    A candidate that is best in slices appears unbroken too: that emits more but costs less. `place_between` finds the
    numbers of slices in between. A candidate is not sliced if a placement of `against` beats it in emissions and cost
    for any slices.
    """
    known = [candidate for candidate in candidates if candidate.region.zone in series]
    unplaced = [candidate for candidate in candidates if candidate.region.zone not in series]
    placements = []
    if known:
        rows = _Rows(known, series, timing)

        def may_pay(candidate: Candidate, floor_g_per_kwh: float) -> bool:
            """Whether slices of a candidate can be useful, judged at this best possible mean and without a resume."""
            bound = placement(
                candidate, rows.ends.of(candidate), ((0.0, _work_s(candidate)),), floor_g_per_kwh, floor_g_per_kwh
            )
            return not any(other.beats(bound) for other in against)

        for duration_s, group in rows.alike(known):
            of_row: dict[Row, list[Candidate]] = {}
            for candidate in group:
                of_row.setdefault(rows.of(candidate), []).append(candidate)

            def worth_slicing(row: Row, floor: float, of_row: Mapping[Row, list[Candidate]] = of_row) -> bool:
                return any(may_pay(candidate, floor) for candidate in of_row[row])

            chosen = choose_times(rows.grid, duration_s, timing, of_row, worth_slicing)
            for candidate in group:
                timings = chosen.get(rows.of(candidate), ())
                placements += [placement(candidate, rows.ends.of(candidate), *times) for times in timings]
                if not timings:
                    unplaced.append(candidate)
    return placements, unplaced


def place_between(sliced: Sequence[Placement], series: Mapping[str, Series], timing: Timing) -> list[Placement]:
    """Placements of some candidates in fewer slices than their cleanest: each emits more but costs less."""
    if not sliced:
        return []
    numbers = {id(placement.candidate): len(placement.slices) for placement in sliced}
    candidates = [placement.candidate for placement in sliced]
    rows = _Rows(candidates, series, timing)
    placements = []
    for duration_s, group in rows.alike(candidates):
        found = fewer_times(
            rows.grid, duration_s, timing, {rows.of(candidate): numbers[id(candidate)] for candidate in group}
        )
        for candidate in group:
            timings = found.get(rows.of(candidate), ())
            placements += [placement(candidate, rows.ends.of(candidate), *times) for times in timings]
    return placements


class _Rows:
    """The intensity where candidates may run: a grid with a row per zone."""

    def __init__(self, candidates: Sequence[Candidate], series: Mapping[str, Series], timing: Timing) -> None:
        zones = sorted({candidate.region.zone for candidate in candidates})
        end_s = timing.deadline_s or max(timing.earliest_s + _work_s(candidate) for candidate in candidates)
        self.grid = StepGrid.of([series[zone] for zone in zones], timing.earliest_s, end_s)
        self.ends = TransferGrids(series, timing.origin, timing.earliest_s, timing.deadline_s)
        self._row = {zone: row for row, zone in enumerate(zones)}
        self._sliced = timing.interruption is not None

    def of(self, candidate: Candidate) -> Row:
        """The row of a candidate."""
        zone = candidate.region.zone
        return Row(self._row[zone], zone, _embodied_g_per_kwh(candidate) if self._sliced else 0.0)

    def alike(self, candidates: Iterable[Candidate]) -> ItemsView[float, list[Candidate]]:
        """Candidates by their running time in seconds."""
        alike: dict[float, list[Candidate]] = {}
        for candidate in candidates:
            alike.setdefault(_work_s(candidate), []).append(candidate)
        return alike.items()


def place_now(candidate: Candidate, series: Series, timing: Timing) -> Placement | None:
    """The candidate at the earliest moment without a break; None where that intensity is unknown."""
    earliest_s = timing.earliest_s
    end_s = earliest_s + _work_s(candidate)
    mean = float(StepGrid.of([series], earliest_s, end_s).mean(earliest_s, end_s)[0])
    if not np.isfinite(mean):
        return None
    series_of = {candidate.region.zone: series}
    ends = TransferGrids(series_of, timing.origin, timing.earliest_s, timing.deadline_s).of(candidate)
    return placement(candidate, ends, ((earliest_s, end_s),), mean, mean)


def placement(
    candidate: Candidate,
    ends: Ends | None,
    slices: Slices,
    mean_g_per_kwh: float,
    now_g_per_kwh: float,
    known_at_once: bool = True,
) -> Placement:
    """Emissions and cost of a candidate over slices with a known mean intensity; `ends` is given if it moves data.

    Means are rounded to a billionth of a g/kWh, which removes the rounding noise of running sums: equal times of equal
    intensity must compare as equal.
    """
    mean_g_per_kwh, now_g_per_kwh = round(mean_g_per_kwh, 9), round(now_g_per_kwh, 9)
    run, pue = candidate.run, candidate.region.pue
    hours = _running_hours(candidate, slices)
    power_kw, work_hours = run.power_kw.value, run.hours.value
    embodied_per_hour = run.embodied_kg_per_hour.value
    moved_kg = transfer_kg(candidate.transfer_kwh, ends.g_per_kwh) if ends else 0.0
    now_kg = operational_kg(power_kw * work_hours, pue, now_g_per_kwh) + moved_kg + embodied_per_hour * work_hours
    return Placement(
        candidate=candidate,
        slices=slices,
        intensity_g_per_kwh=mean_g_per_kwh,
        operational_kg=operational_kg(power_kw * hours, pue, mean_g_per_kwh),
        transfer_kg=moved_kg,
        embodied_kg=embodied_per_hour * hours,
        cost_usd=candidate.usd(hours),
        emissions_now_kg=now_kg,
        could_start_at_once=known_at_once,
        transfer_ends=ends,
    )


def _running_hours(candidate: Candidate, slices: Slices) -> float:
    """The run's hours where it is not interrupted: Unix times would round them."""
    if len(slices) == 1:
        return candidate.run.hours.value
    return sum(end - start for start, end in slices) / SECONDS_PER_HOUR


def _work_s(candidate: Candidate) -> float:
    return candidate.run.hours.value * SECONDS_PER_HOUR


def _embodied_g_per_kwh(candidate: Candidate) -> float:
    """The hardware's embodied share per kWh at the meter: the cost of time lost to a resume, besides its energy."""
    run = candidate.run
    return run.embodied_kg_per_hour.value * 1000.0 / (run.power_kw.value * candidate.region.pue)
