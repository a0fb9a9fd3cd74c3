"""Reads a CSV of intensities: the header's declarations, and the rows, each checked and with its line.

Columns `zone`, `datetime` (with offset) and `g_per_kwh`, in any order; optional `signal` and `basis`. Comment lines
`# key: value` before the column names may declare signal, basis, kind, source, issued_at and samples for all rows.
A cell that says that a value is missing (empty, NA, null, ...) is a gap. Any other implausible value is
refused, as the user can fix the file; in a publisher's export (see exports.py) it is a gap.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isnan
from typing import TYPE_CHECKING

from greenai_infra.clock import EARLIEST_YEAR, LATEST_YEAR
from greenai_infra.errors import InputError
from greenai_infra.intensity.model.checks import MAX_G_PER_KWH, implausible
from greenai_infra.intensity.sources.exports import HINT, recognised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from greenai_infra.intensity.sources.exports import Export

REQUIRED = ("zone", "datetime", "g_per_kwh")
DECLARABLE = ("signal", "basis", "kind", "source", "issued_at", "samples")
NAN = float("nan")
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_DECLARATION = re.compile(r"#\s*([A-Za-z_ ]+?)\s*:\s*(.+?)\s*")


@dataclass(slots=True)
class Rows:
    """The rows of a zone with equal declarations: times in Unix seconds, g/kWh (NaN in a gap), and the line of each.

    `missing` are the lines of rows without a value, `bad` the reasons of implausible values, by line; both
    are gaps. `estimated` counts the rows that the publisher estimated.
    """

    times_s: list[float] = field(default_factory=list)
    g_per_kwh: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    bad: dict[int, str] = field(default_factory=dict)
    estimated: int = 0


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file as read, `is_export` if it has a publisher's layout.

    `rows` is keyed by zone and by the row's signal and basis ("" without a column).
    """

    path: Path
    declared: dict[str, str]
    rows: dict[tuple[str, str, str], Rows]
    is_export: bool = False


def read_csv(path: Path, basis: str | None = None, kind: str | None = None) -> CsvFile:
    """Reads and checks a file. Raises InputError with file and line.

    `basis` and `kind` choose among the columns of a publisher's export.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            numbered = enumerate(stream, start=1)
            declared, column_line, header = _read_head(path, numbered)
            columns = _columns(path, column_line, header, basis, kind)
            for key, said in columns.declared.items():
                if declared.setdefault(key, said) != said and key != "source":
                    raise InputError(f"{path}: {key} is '{said}' by its columns but '{declared[key]}' by its header")
            reader = csv.reader((text for _, text in numbered), strict=True)
            rows = _read_rows(path, reader, columns, column_line)
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a UTF-8 text file") from None
    except csv.Error as error:
        raise InputError(f"{path}: not readable as CSV: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    if not rows:
        raise InputError(f"{path}: has no rows")
    return CsvFile(path, declared, rows, columns.export is not None)


def _read_head(path: Path, numbered: Iterator[tuple[int, str]]) -> tuple[dict[str, str], int, str]:
    """Declarations before the column names, then the line number and text of the column names."""
    declared: dict[str, str] = {}
    for line, text in numbered:
        if text.startswith("#"):
            match = _DECLARATION.fullmatch(text.strip())
            if match is None:
                continue
            key = match[1].casefold().replace(" ", "_")
            near = difflib.get_close_matches(key, DECLARABLE, n=1, cutoff=0.8)
            if near and near[0] != key:
                raise InputError(f"{path}:{line}: '{match[1]}' is not known; did you mean '{near[0]}'?")
            if near and declared.setdefault(key, match[2]) != match[2]:
                raise InputError(f"{path}:{line}: '{key}' is declared as '{declared[key]}' and as '{match[2]}'")
        elif text.strip():
            return declared, line, text
    raise InputError(f"{path}: empty; it needs the columns {', '.join(REQUIRED)}")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the cells are. `export` is the publisher's layout, None for the user's own file."""

    names: tuple[str, ...]
    time_at: int
    value_at: int
    zone_at: int | None
    signal_at: int | None = None
    basis_at: int | None = None
    export: Export | None = None

    @property
    def declared(self) -> Mapping[str, str]:
        return self.export.declared if self.export else {}


def _columns(path: Path, line: int, header: str, basis: str | None, kind: str | None) -> _Columns:
    names = tuple(name.strip() for name in next(csv.reader([header])))
    at = {name.casefold(): index for index, name in enumerate(names)}
    missing = [name for name in REQUIRED if name not in at]
    if missing:
        try:
            export = recognised(names, basis, kind)
        except InputError as error:
            raise InputError(f"{path}:{line}: {error}") from None
        if export is None:
            found = ", ".join(at)
            raise InputError(f"{path}:{line}: no column {', '.join(missing)}; found {found} ({HINT})")
        return _Columns(names, export.time_at, export.value_at, export.zone_at, export=export)
    if len(at) < len(names):
        raise InputError(f"{path}:{line}: a column name occurs twice")
    zone_at, time_at, value_at = (at[name] for name in REQUIRED)
    return _Columns(names, time_at, value_at, zone_at, at.get("signal"), at.get("basis"))


def _read_rows(
    path: Path, reader: Iterator[list[str]], columns: _Columns, column_line: int
) -> dict[tuple[str, str, str], Rows]:
    zone_at, time_at, value_at = columns.zone_at or 0, columns.time_at, columns.value_at
    signal_at, basis_at, export = columns.signal_at, columns.basis_at, columns.export
    estimated_at, zone_of_all = (export.estimated_at, export.zone) if export else (None, "")
    found: dict[tuple[str, str, str], Rows] = {}
    parse_time = datetime.fromisoformat
    for line, row in enumerate(reader, start=column_line + 1):
        if not row:
            continue
        if len(row) > len(columns.names):  # as 21,4 makes two fields, the first of which would be believed
            raise InputError(f"{path}:{line}: {_what_is_wrong(row, columns)}")
        try:
            moment = parse_time(row[time_at].strip())
            try:
                value = float(row[value_at])
            except ValueError:
                if row[value_at].strip().casefold() not in MISSING:
                    raise
                value = NAN
            key = (
                zone_of_all or row[zone_at].strip(),
                "" if signal_at is None else row[signal_at].strip(),
                "" if basis_at is None else row[basis_at].strip(),
            )
        except (ValueError, IndexError):
            raise InputError(f"{path}:{line}: {_what_is_wrong(row, columns)}") from None
        if moment.tzinfo is None:
            if export is None:
                raise InputError(
                    f"{path}:{line}: '{row[time_at]}' has no time zone; write 'Z' or an offset like +02:00"
                )
            moment = moment.replace(tzinfo=UTC)
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            raise InputError(
                f"{path}:{line}: '{row[time_at]}' is not a time of this era; "
                f"years from {EARLIEST_YEAR} to {LATEST_YEAR} are understood"
            )
        if not key[0]:
            raise InputError(f"{path}:{line}: no zone")
        rows = found.get(key)
        if rows is None:
            rows = found[key] = Rows()
        if not 0 <= value <= MAX_G_PER_KWH:  # nearly all are, and there may be millions
            if isnan(value):
                rows.missing.append(line)
            elif problem := implausible(value):
                if export is None:
                    raise InputError(f"{path}:{line}: {problem}")
                rows.bad[line] = problem
                value = NAN
        rows.times_s.append(moment.timestamp())
        rows.g_per_kwh.append(value)
        rows.lines.append(line)
        if estimated_at is not None:
            rows.estimated += "true" in row[estimated_at : estimated_at + 1]
    return found


def _what_is_wrong(row: list[str], columns: _Columns) -> str:
    """Why a row could not be parsed."""
    needed = max(at for at in (columns.time_at, columns.value_at, columns.zone_at) if at is not None)
    if not needed < len(row) <= len(columns.names):
        return f"{len(row)} fields where {len(columns.names)} columns are named"
    text = row[columns.value_at]
    try:
        float(text)
    except ValueError:
        if text.strip().casefold() not in MISSING:
            return f"'{text}' is not a number"
    return f"'{row[columns.time_at]}' is not a time; write it like 2026-01-31T18:00:00Z"
