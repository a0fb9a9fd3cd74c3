"""`file:PATH`: a user's own history or forecast from CSV files (see csv_file.py for the format)."""

from __future__ import annotations

import difflib
import glob
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from greenai_infra.catalog.grid_zones import zones_by_folded_name
from greenai_infra.catalog.read import near
from greenai_infra.clock import format_time, from_unix
from greenai_infra.errors import InputError
from greenai_infra.intensity.model.checks import MAX_BAD_SHARE, STALE_AFTER, implausible, wrong_unit
from greenai_infra.intensity.model.steps import even_steps, means_of_samples
from greenai_infra.intensity.model.values import Flag, Intensity, Kind, Provenance, Series, Unavailable, cut
from greenai_infra.intensity.sources.csv_file import NAN, read_csv
from greenai_infra.intensity.sources.declaration import Declaration, FileKind, Samples, declare

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from greenai_infra.intensity.model.checks import Meaning
    from greenai_infra.intensity.model.values import Basis, Signal
    from greenai_infra.intensity.sources.csv_file import CsvFile, Rows


class FileSource:
    """Intensities from one CSV file, every CSV file of a directory, or a glob pattern, in gCO2eq/kWh.

    Signal and basis must be stated by the file, its publisher's format or here; they are never guessed. Zones are known
    by their names in any case; `warnings` say which are unknown. Raises InputError, with file and
    line, for any implausible value, when the source is opened.
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
        files = [read_csv(one, basis, kind) for one in _files(path)]
        known = zones_by_folded_name()
        strange = {zone for file in files for zone, _, _ in file.rows if zone.casefold() not in known}
        self.warnings = [f"{self.name}: zone {zone} is unknown{near(zone, known.values())}" for zone in sorted(strange)]
        self.notes.extend(self.warnings)
        self._declared: dict[str, Declaration] = {}
        parts: dict[str, list[tuple[CsvFile, Rows]]] = {}
        for file in files:
            for (zone_named, row_signal, row_basis), rows in file.rows.items():
                by_row = {"signal": row_signal, "basis": row_basis}
                where = f"{file.path}:{rows.lines[0]}"
                declaration = declare(file, by_row, stated, where)
                zone = known.get(zone_named.casefold(), zone_named)
                if self._declared.setdefault(zone, declaration) != declaration:
                    raise InputError(f"{where}: {zone} is declared differently elsewhere in {path}")
                _check_bounds(zone, file, rows, (declaration.signal, declaration.basis))
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
        """Returns the steps that overlap [start, end) and had ended by `as_of`; empty if the file is a forecast."""
        return {zone: self._window(zone, start, end, FileKind.HISTORY) for zone in zones}

    def forecast(self, zones: Sequence[str], start: datetime, end: datetime) -> dict[str, Series | Unavailable]:
        """The steps that overlap [start, end), if the file is declared a forecast."""
        return {zone: self._window(zone, start, end, FileKind.FORECAST) for zone in zones}

    def whole(self, zone: str) -> Series | Unavailable:
        """All steps of a zone that may be seen at `as_of`, be the file a history or a forecast."""
        return self._find(zone)

    def _build(self, zone: str, parts: list[tuple[CsvFile, Rows]]) -> Series | Unavailable:
        """All steps of a zone that may be seen at `as_of`."""
        left_out = "; ".join(filter(None, (_gaps_of(file, rows) for file, rows in parts)))
        places = [(file.path, line) for file, rows in parts for line in rows.lines]
        times_s = np.array([time for _, rows in parts for time in rows.times_s])
        values = np.array([value for _, rows in parts for value in rows.g_per_kwh])
        edges_s, values, repeated = even_steps(times_s, values, lambda row: f"{places[row][0]}:{places[row][1]}")
        if repeated:
            self.notes.append(f"{self.name}: {repeated} repeated rows of {zone} were dropped")
        known = np.flatnonzero(~np.isnan(values))
        if not known.size:
            return Unavailable(zone, f"{self.name} has no value of {zone}: {left_out}")
        edges_s, values = edges_s[: known[-1] + 2], values[: known[-1] + 1]
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
        estimated = sum(rows.estimated for _, rows in parts)
        provenance = self._provenance(declaration, edges_s, values, detail)
        if estimated:
            detail = f"{estimated} of {values.size} steps are estimated by the publisher"
            provenance = provenance.flagged(Flag.ESTIMATED, detail=detail)
        return Series(zone, edges_s, values, replace(provenance, left_out=left_out))

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


def _check_bounds(zone: str, file: CsvFile, rows: Rows, meaning: Meaning) -> None:
    """Raises InputError for values that are impossible for this meaning; in a publisher's export a few become gaps."""
    known = rows.g_per_kwh
    if rows.missing or rows.bad:
        known = [value for value in known if not isnan(value)]
    if known and implausible(min(known), meaning):
        for row, value in enumerate(rows.g_per_kwh):
            if not isnan(value) and (problem := implausible(value, meaning)):
                rows.bad[rows.lines[row]] = problem
                rows.g_per_kwh[row] = NAN
    if len(rows.bad) > (MAX_BAD_SHARE * (len(rows.lines) - len(rows.missing)) if file.is_export else 0):
        first = min(rows.bad)
        more = f" ({len(rows.bad)} values of {zone} are such)" if len(rows.bad) > 1 else ""
        raise InputError(f"{file.path}:{first}: {rows.bad[first]}{more}")
    if problem := wrong_unit(zone, meaning, known):
        raise InputError(f"{file.path}:{rows.lines[0]}: {problem}")


def _gaps_of(file: CsvFile, rows: Rows) -> str:
    """Which rows of a file are gaps, and why; "" without gaps."""
    said = []
    if rows.bad:
        first = min(rows.bad)
        said.append(f"{len(rows.bad)} that can't be believed (line {first}: {rows.bad[first]})")
    if rows.missing:
        said.append(f"{len(rows.missing)} without a value (the first is line {rows.missing[0]})")
    gaps = len(rows.bad) + len(rows.missing)
    return f"{gaps} of {len(rows.lines)} rows of {file.path.name} are gaps: {', '.join(said)}" if said else ""


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
