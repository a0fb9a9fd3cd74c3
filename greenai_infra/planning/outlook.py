"""The expected intensity of a zone, and when a plan would start a run of a given length in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from greenai_infra.clock import from_unix
from greenai_infra.errors import DataUnavailable
from greenai_infra.intensity.forecasting.accuracy import Accuracy
from greenai_infra.intensity.forecasting.predict import Method, method_of, predict
from greenai_infra.intensity.model.values import Series
from greenai_infra.planning.timing import Row, Timing, choose_times
from greenai_infra.planning.waiting import WaitRule, WaitRules
from greenai_infra.planning.windows import StepGrid, best_windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from greenai_infra.intensity.forecasting.forecast_archive import ForecastArchive
    from greenai_infra.intensity.model.source import IntensitySource


@dataclass(frozen=True, slots=True)
class Spell:
    """The time of a run, and the mean intensity over it."""

    start: datetime
    end: datetime
    g_per_kwh: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """Expected intensity of a zone over [start, end), shorter than asked for if the source ends earlier.

    `at_once`, `best` and `chosen` are the run started at once, at its cleanest time, and where the rule puts it; None
    where the intensity is not known for long enough.
    """

    zone: str
    series: Series
    start: datetime
    end: datetime
    run_hours: float
    at_once: Spell | None
    best: Spell | None
    chosen: Spell | None
    rule: WaitRule
    notes: tuple[str, ...]
    answered_by: str

    @property
    def saving_percent(self) -> float | None:
        """The saving of the cleanest time relative to a start at once; None where either is unknown, or zero."""
        if self.best is None or self.at_once is None or self.at_once.g_per_kwh == 0:
            return None
        return 100 * (1 - self.best.g_per_kwh / self.at_once.g_per_kwh)


def look_ahead(
    source: IntensitySource,
    zone: str,
    hours: float,
    run_hours: float,
    open_archive: Callable[[], ForecastArchive] | None = None,
) -> Outlook:
    """The outlook of a zone for the next `hours`. Raises DataUnavailable, with what was tried, if nothing is known."""
    start = source.as_of
    found = predict(source, [zone], start, start + timedelta(hours=hours))
    series = found.answers[zone]
    if not isinstance(series, Series):
        hint = f" ({series.hint})" if series.hint else ""
        tried = "".join(f"\n  {note}" for note in found.notes)
        raise DataUnavailable(f"no expected intensity for {zone}: {series.reason}{hint}{tried}")
    archive = open_archive() if open_archive and series.provenance.service else None
    if archive:
        archive.keep([series])
    end = min(start + timedelta(hours=hours), series.end)
    rules = WaitRules(None, None, start, end, "a yearly mean says nothing of hours")
    if method_of(series) is not Method.YEARLY_MEAN:
        rules = WaitRules(None, Accuracy(found, archive), start, end)
    return Outlook(
        zone=zone,
        series=series,
        start=start,
        end=end,
        run_hours=run_hours,
        **_spells(series, start.timestamp(), end.timestamp(), run_hours * 3600, rules),
        rule=rules.of(zone, run_hours, method_of(series)),
        notes=tuple(found.notes),
        answered_by=found.answered_by,
    )


def _spells(
    series: Series, start_s: float, end_s: float, duration_s: float, rules: WaitRules
) -> dict[str, Spell | None]:
    grid = StepGrid.of([series], start_s, end_s)
    at_once = best = chosen = None
    if start_s + duration_s <= end_s:
        at_once = _spell(start_s, duration_s, float(grid.mean(start_s, start_s + duration_s)[0]))
        starts, means = best_windows(grid, duration_s, start_s, end_s)
        best = _spell(float(starts[0]), duration_s, float(means[0]))
    timing = Timing(start_s, end_s, None, rules.default, rules.measured)
    row = Row(0, series.zone, 0.0)
    for timed in choose_times(grid, duration_s, timing, [row]).get(row, ()):
        chosen = _spell(timed.slices[0][0], duration_s, timed.mean_g_per_kwh)
    return {"at_once": at_once, "best": best, "chosen": chosen}


def _spell(start_s: float, duration_s: float, g_per_kwh: float) -> Spell | None:
    """The mean; None for infinity, which stands for a gap."""
    if g_per_kwh == float("inf"):
        return None
    return Spell(from_unix(start_s), from_unix(start_s + duration_s), g_per_kwh)
