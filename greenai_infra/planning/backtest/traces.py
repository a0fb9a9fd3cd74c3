"""Historical intensity for a replay: CSV files, read like `file:` sources, on a common grid of steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import InputError, Refused
from greenai_infra.intensity.choice.ranking import meanings
from greenai_infra.intensity.model.steps import even_steps
from greenai_infra.intensity.model.values import Kind, Series
from greenai_infra.intensity.sources.file import FileSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from greenai_infra.intensity.model.values import Basis, Signal

HOUR_S = 3600
LEAST_STEP_S = 60  # rows that fit no common grid of minutes are a mistake
END_OF_TIME = datetime.max.replace(tzinfo=UTC)  # a history is read whole


@dataclass(frozen=True, slots=True)
class Trace:
    """The history of a zone, and the files (or folders, or patterns) that it was read from."""

    series: Series
    paths: tuple[str, ...]

    @property
    def zone(self) -> str:
        """Name of the zone."""
        return self.series.zone

    @property
    def holes(self) -> int:
        """Steps without a value."""
        return int(np.isnan(self.series.g_per_kwh).sum())

    @property
    def covers(self) -> str:
        """Zone, files and range, for people."""
        return f"{self.zone} ({', '.join(self.paths)}): {period(self.series.start, self.series.end)}"


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Several zones over the time that all traces cover, in even steps that divide an hour, from a whole hour on.

    `g_per_kwh` has shape (zones, steps), NaN where a trace has a gap. `start_s` is in Unix seconds.
    """

    traces: tuple[Trace, ...]
    start_s: float
    step_s: int
    g_per_kwh: NDArray[np.float64]

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the zones, in the order of the rows."""
        return tuple(trace.zone for trace in self.traces)

    @property
    def length_s(self) -> int:
        """Length in seconds, a whole number of hours."""
        return int(self.g_per_kwh.shape[1]) * self.step_s

    @property
    def start(self) -> datetime:
        """Its begin, UTC."""
        return from_unix(self.start_s)

    @property
    def end(self) -> datetime:
        """Its end, UTC."""
        return from_unix(self.start_s + self.length_s)


class _WholeFile(FileSource):
    """A file source that returns everything it has read."""

    def everything(self) -> list[Series]:
        """The history of each zone. Raises InputError for a forecast: a replay needs history."""
        found = [series for series in self._series.values() if isinstance(series, Series)]
        for series in found:
            if series.provenance.kind is Kind.FORECAST:
                raise InputError(f"{self.name}: {series.zone} is declared a forecast; a backtest needs a history")
        return found


def read_traces(paths: Sequence[str], *, signal: Signal | None, basis: Basis | None) -> tuple[Trace, ...]:
    """The zones of CSV files, folders or patterns, in the order given; a zone may continue from one file to the next.

    Raises InputError, with file and line, for whatever a `file:` source refuses, for a forecast and for contradictory
    files; Refused for traces of different signal or basis.
    """
    parts: dict[str, list[tuple[Series, str]]] = {}
    for path in dict.fromkeys(paths):
        for series in _WholeFile(path, as_of=END_OF_TIME, signal=signal, basis=basis).everything():
            parts.setdefault(series.zone, []).append((series, path))
    traces = tuple(_joined(zone, pieces) for zone, pieces in parts.items())
    provenances = [series.provenance for pieces in parts.values() for series, _ in pieces]
    if len(found := meanings(provenances)) > 1:
        each = "; ".join(f"{t.zone} is {t.series.provenance.signal} {t.series.provenance.basis}" for t in traces)
        raise Refused(f"{' and '.join(found)} traces can't be compared: {each}; give traces of the same kind")
    return traces


def common_history(traces: Sequence[Trace]) -> History:
    """The whole hours that every trace covers, on the finest grid that fits all their steps.

    Raises InputError if they have no hour in common, or if no grid of minutes fits their rows.
    """
    starts = [float(trace.series.edges_s[0]) for trace in traces]
    steps = [float(trace.series.edges_s[1] - trace.series.edges_s[0]) for trace in traces]
    start_s = np.ceil(max(starts) / HOUR_S) * HOUR_S
    end_s = np.floor(min(float(trace.series.edges_s[-1]) for trace in traces) / HOUR_S) * HOUR_S
    if end_s <= start_s:
        raise InputError(f"the traces have no whole hour in common: {'; '.join(trace.covers for trace in traces)}")
    step_s = gcd(HOUR_S, *(int(step) for step in steps), *(int(start % HOUR_S) for start in starts))
    if step_s < LEAST_STEP_S or any(not start.is_integer() for start in starts):
        raise InputError(
            f"the rows of the traces fit no common grid of minutes: {'; '.join(trace.covers for trace in traces)}"
        )
    moments_s = np.arange(start_s, end_s, step_s)
    rows = [
        trace.series.g_per_kwh[((moments_s - start) // step).astype(np.int64)]
        for trace, start, step in zip(traces, starts, steps, strict=True)
    ]
    return History(tuple(traces), float(start_s), step_s, np.array(rows))


def period(start: datetime, end: datetime) -> str:
    """A range of time for people."""
    return f"{format_time(start)} to {format_time(end)}"


def _joined(zone: str, pieces: Sequence[tuple[Series, str]]) -> Trace:
    """One history from the pieces of a zone; the time between pieces is a gap."""
    paths = tuple(path for _, path in pieces)
    if len(pieces) == 1:
        return Trace(pieces[0][0], paths)
    steps = {float(series.edges_s[1] - series.edges_s[0]) for series, _ in pieces}
    if len(steps) > 1:
        minutes = " and ".join(f"{step / 60:g}" for step in sorted(steps))
        raise InputError(f"{zone} has steps of {minutes} minutes in {', '.join(paths)}; give only one of the two")
    known = [~np.isnan(series.g_per_kwh) for series, _ in pieces]
    owners = np.repeat(np.arange(len(pieces)), [int(mask.sum()) for mask in known])
    edges_s, values, _ = even_steps(
        np.concatenate([series.edges_s[:-1][mask] for (series, _), mask in zip(pieces, known, strict=True)]),
        np.concatenate([series.g_per_kwh[mask] for (series, _), mask in zip(pieces, known, strict=True)]),
        lambda row: f"{paths[int(owners[row])]}, {zone}",
    )
    return Trace(Series(zone, edges_s, values, pieces[0][0].provenance), paths)
