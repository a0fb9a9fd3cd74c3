"""The emissions of moving a workload's data: its energy at the mean of the grids at both ends.

The data are moved once, at an unplanned time: each end counts with its mean over the plan's window, or over the run
where there is no deadline. PUE is not applied, because most of the path is outside the data centres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from greenai_infra.intensity.choice.ranking import meanings
from greenai_infra.intensity.model.values import Intensity, constant
from greenai_infra.intensity.sources.embedded import EmbeddedYear, embedded_direct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from greenai_infra.intensity.model.values import Series
    from greenai_infra.planning.candidates import Candidate
    from greenai_infra.planning.workload import Window, Workload

SECONDS_PER_HOUR = 3600.0


class Origin(Struct, frozen=True):
    """The grid that hosts the data. `series` is None where its intensity is unknown; `note` names the substitute."""

    zone: str
    series: Series | None
    note: str = ""


class Ends(Struct, frozen=True):
    """Mean intensity of both ends of a transfer, g/kWh; if the origin's is unknown the destination counts alone."""

    origin_g_per_kwh: float | None
    destination_g_per_kwh: float

    @property
    def g_per_kwh(self) -> float:
        """The intensity at which the transfer's energy counts."""
        if self.origin_g_per_kwh is None:
            return self.destination_g_per_kwh
        return (self.origin_g_per_kwh + self.destination_g_per_kwh) / 2


def origin_of(workload: Workload, answers: Mapping[str, Series], window: Window, end: datetime) -> Origin | None:
    """The grid that hosts a workload's data; None if it has no data.

    A zone that the source lacks counts with a yearly mean of the same signal and basis: that of the zone, or for direct
    emissions Google's figure for its region.
    """
    region = workload.resolved.data_region
    if region is None:
        return None
    if region.zone in answers:
        return Origin(region.zone, answers[region.zone])
    asked = meanings(answer.provenance for answer in answers.values())
    where = f"the source has no intensity for {region.zone}, which hosts the data ({region.key})"
    means = [EmbeddedYear(window.now).latest([region.zone])[region.zone]]
    if region.provider == "gcp":
        means.append(embedded_direct(region.name, window.now))
    for mean in means:
        if isinstance(mean, Intensity) and meanings([mean.provenance]) == asked:
            note = f"{where}: their end of the transfer counts with its yearly mean, {mean.g_per_kwh:g} g/kWh"
            return Origin(region.zone, constant(mean, window.earliest, end), note)
    return Origin(region.zone, None, f"{where}: their transfer counts at the destination's intensity alone")


class TransferGrids:
    """The intensity at both ends of each candidate's transfer, computed once per zone and end of window."""

    def __init__(
        self, series: Mapping[str, Series], origin: Origin | None, earliest_s: float, deadline_s: float | None
    ) -> None:
        self._series = series
        self._origin = origin
        self._earliest_s = earliest_s
        self._deadline_s = deadline_s
        self._known: dict[tuple[str, float], Ends] = {}

    def of(self, candidate: Candidate) -> Ends | None:
        """The means of both ends; None if no data are moved. The destination must have a known step in the window."""
        if not candidate.transfer_kwh:
            return None
        start_s, zone = self._earliest_s, candidate.region.zone
        end_s = self._deadline_s or start_s + candidate.run.hours.value * SECONDS_PER_HOUR
        if (zone, end_s) not in self._known:
            known = self._origin.series if self._origin else None
            at_origin = _mean(known, start_s, end_s) if known else None
            at_destination = _mean(self._series[zone], start_s, end_s)
            assert at_destination is not None, "no step of the destination is known"
            self._known[zone, end_s] = Ends(at_origin, at_destination)
        return self._known[zone, end_s]


def _mean(series: Series, start_s: float, end_s: float) -> float | None:
    """Mean over the known part of [start_s, end_s); None where all of it is unknown."""
    lengths_s = np.clip(np.minimum(series.edges_s[1:], end_s) - np.maximum(series.edges_s[:-1], start_s), 0.0, None)
    lengths_s = np.where(np.isnan(series.g_per_kwh), 0.0, lengths_s)
    total_s = float(lengths_s.sum())
    return float((np.nan_to_num(series.g_per_kwh) * lengths_s).sum()) / total_s if total_s > 0 else None
