"""`file:PATH`: a user's own history or forecast from CSV files (see csv_file.py for the format)."""

from __future__ import annotations

import difflib
import glob
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import InputError
from greenai_infra.intensity.checks import STALE_AFTER
from greenai_infra.intensity.csv_file import read_csv
from greenai_infra.intensity.declaration import Declaration, FileKind, Samples, declare
from greenai_infra.intensity.steps import even_steps, means_of_samples
from greenai_infra.intensity.values import Flag, Intensity, Kind, Provenance, Series, Unavailable, cut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from greenai_infra.intensity.csv_file import CsvFile, Rows
    from greenai_infra.intensity.values import Basis, Signal


class FileSource:
    """Intensities from one CSV file, every CSV file of a directory, or a glob pattern, in gCO2eq/kWh.

    Signal and basis must be stated by the file or here; they are never guessed. Raises InputError, with file and
    line, for anything that can't be believed, when the source is opened.
    """

    def __init__(
        self,
        path: str,
        *,
        as_of: datetime,
        signal: Signal | None = None,
        basis: Basis | None = None,
        kind: FileKind | None = None,
    ) -> None:
        self.name = f"file:{path}"
        self.as_of = as_of
        self.notes: list[str] = []
        stated = {"signal": signal, "basis": basis, "kind": kind}
        files = [read_csv(one) for one in _files(path)]
        self._declared: dict[str, Declaration] = {}
        parts: dict[str, list[tuple[CsvFile, Rows]]] = {}
        for file in files:
            for (zone, row_signal, row_basis), rows in file.rows.items():
                by_row = {"signal": row_signal, "basis": row_basis}
                declaration = declare(file, by_row, stated, f"{file.path}:{rows.lines[0]}")
                if self._declared.setdefault(zone, declaration) != declaration:
                    raise InputError(f"{file.path}:{rows.lines[0]}: {zone} is declared differently elsewhere in {path}")
                parts.setdefault(zone, []).append((file, rows))
        for zone, declaration in self._declared.items():
            if declaration.issued_at and declaration.issued_at > as_of:
                raise InputError(
                    f"{path}: the forecast for {zone} was issued at {format_time(declaration.issued_at)}, "
                    f"which is after {format_time(as_of)}"
                )
        self._series = {zone: self._build(zone, zone_parts) for zone, zone_parts in parts.items()}

    def latest(self, zones: Sequence[str]) -> dict[str, Intensity | Unavailable]:
        """Of a history the last whole step before `as_of`; of a forecast the step that holds `as_of`."""
        return {zone: self._latest(zone) for zone in zones}

    def history(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end) and had ended by `as_of`; nothing if the file is a forecast."""
        return {zone: self._window(zone, start, end, FileKind.HISTORY) for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), if the file is declared a forecast."""
        return {zone: self._window(zone, start, end, FileKind.FORECAST) for zone in zones}

    def _build(self, zone: str, parts: list[tuple[CsvFile, Rows]]) -> Series | Unavailable:
        """All steps of a zone that may be seen at `as_of`."""
        places = [(file.path, line) for file, rows in parts for line in rows.lines]
        times_s = np.array([time for _, rows in parts for time in rows.times_s])
        values = np.array([value for _, rows in parts for value in rows.g_per_kwh])
        edges_s, values, repeated = even_steps(times_s, values, lambda row: f"{places[row][0]}:{places[row][1]}")
        if repeated:
            self.notes.append(f"{self.name}: {repeated} repeated rows of {zone} were dropped")
        declaration = self._declared[zone]
        detail = f"steps of {(edges_s[1] - edges_s[0]) / 60:g} minutes"
        if declaration.samples is Samples.POINT:
            edges_s, values = edges_s[:-1], means_of_samples(values)
            detail += ", each the mean of the samples at its two ends"
        if declaration.kind is FileKind.HISTORY:
            ended = int(np.searchsorted(edges_s, self.as_of.timestamp(), side="right")) - 1
            if np.all(np.isnan(values[: max(ended, 0)])):
                return Unavailable(
                    zone,
                    f"{self.name} begins at {format_time(from_unix(float(edges_s[0])))}, "
                    f"and no step is known that had ended by {format_time(self.as_of)}",
                )
            edges_s, values = edges_s[: ended + 1], values[:ended]
        return Series(zone, edges_s, values, self._provenance(declaration, edges_s, values, detail))

    def _provenance(
        self, declaration: Declaration, edges_s: NDArray[np.float64], values: NDArray[np.float64], detail: str
    ) -> Provenance:
        if declaration.kind is FileKind.FORECAST:
            begins = from_unix(float(edges_s[0]))
            if declaration.issued_at is None:
                detail += "; the file does not say when it was issued"
            observed_at, kind = declaration.issued_at or min(begins, self.as_of), Kind.FORECAST
        else:
            known = np.flatnonzero(~np.isnan(values))
            observed_at, kind = from_unix(float(edges_s[known[-1]])), Kind.HISTORY
        return Provenance(
            declaration.source, declaration.signal, declaration.basis, kind, observed_at, frozenset(), detail
        )

    def _latest(self, zone: str) -> Intensity | Unavailable:
        series = self._find(zone)
        if isinstance(series, Unavailable):
            return series
        provenance = series.provenance
        if provenance.kind is Kind.FORECAST:
            step = int(np.searchsorted(series.edges_s, self.as_of.timestamp(), side="right")) - 1
            if not 0 <= step < series.g_per_kwh.size or np.isnan(series.g_per_kwh[step]):
                return Unavailable(zone, f"{self.name} has no step that holds {format_time(self.as_of)}")
        else:
            step = int(np.flatnonzero(~np.isnan(series.g_per_kwh))[-1])
            ended_at = from_unix(float(series.edges_s[step + 1]))
            if self.as_of - ended_at > STALE_AFTER:
                provenance = provenance.flagged(Flag.STALE)
        return Intensity(zone, float(series.g_per_kwh[step]), provenance)

    def _window(self, zone: str, start: datetime, end: datetime, kind: FileKind) -> Series | Unavailable:
        series = self._find(zone)
        if isinstance(series, Unavailable):
            return series
        if self._declared[zone].kind is not kind:
            return Unavailable(zone, f"{self.name} is a {self._declared[zone].kind}, not a {kind}")
        part = cut(series, start, end)
        if part is None or (kind is FileKind.FORECAST and part.start > start):
            return Unavailable(
                zone,
                f"{self.name} covers {format_time(series.start)} to {format_time(series.end)}, "
                f"not {format_time(start)}",
            )
        return part

    def _find(self, zone: str) -> Series | Unavailable:
        if zone in self._series:
            return self._series[zone]
        near = difflib.get_close_matches(zone, self._series, n=3)
        return Unavailable(zone, f"{self.name} has no zone {zone}", f"near: {', '.join(near)}" if near else "")


def _files(path: str) -> list[Path]:
    """The CSV files that a path, a directory or a pattern names, in order of their names."""
    given = Path(path).expanduser()
    if given.is_dir():
        found = sorted(given.glob("*.csv"))
    elif given.exists() or not glob.has_magic(path):
        found = [given] if given.exists() else []
    else:
        found = sorted(Path(match) for match in glob.glob(str(given), recursive=True))
    if not found:
        raise InputError(f"file:{path}: there is no such CSV file, directory with CSV files, or pattern that matches")
    return found
