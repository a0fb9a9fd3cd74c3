"""Reading one CSV of intensities: what its header declares, and its rows, each checked and with its line.

Columns `zone`, `datetime` (with offset) and `g_per_kwh`, in any order; optional `signal` and `basis`. Comment lines
`# key: value` before the column names may declare signal, basis, kind, source, issued_at and samples for all rows.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from greenai_infra.clock import EARLIEST_YEAR, LATEST_YEAR
from greenai_infra.errors import InputError
from greenai_infra.intensity.checks import implausible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIRED = ("zone", "datetime", "g_per_kwh")
DECLARABLE = ("signal", "basis", "kind", "source", "issued_at", "samples")
_DECLARATION = re.compile(r"#\s*([A-Za-z_ ]+?)\s*:\s*(.+?)\s*")


@dataclass(slots=True)
class Rows:
    """The rows of one zone that declare the same: times in Unix seconds, g/kWh, and the line of each."""

    times_s: list[float] = field(default_factory=list)
    g_per_kwh: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One file as read. `rows` is keyed by zone and by the row's own signal and basis ("" where there is no column)."""

    path: Path
    declared: dict[str, str]
    rows: dict[tuple[str, str, str], Rows]


def read_csv(path: Path) -> CsvFile:
    """Read and check one file. Raises InputError with file and line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            numbered = enumerate(stream, start=1)
            declared, column_line, header = _read_head(path, numbered)
            columns = _columns(path, column_line, header)
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
    return CsvFile(path, declared, rows)


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


def _columns(path: Path, line: int, header: str) -> dict[str, int]:
    """Index of each column."""
    names = [name.strip().casefold() for name in next(csv.reader([header]))]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(f"{path}:{line}: no column {', '.join(missing)}; found {', '.join(names)}")
    if len(set(names)) < len(names):
        raise InputError(f"{path}:{line}: a column name occurs twice")
    return {name: index for index, name in enumerate(names)}


def _read_rows(
    path: Path, reader: Iterator[list[str]], columns: dict[str, int], column_line: int
) -> dict[tuple[str, str, str], Rows]:
    zone_at, time_at, value_at = (columns[name] for name in REQUIRED)
    signal_at, basis_at = columns.get("signal"), columns.get("basis")
    found: dict[tuple[str, str, str], Rows] = {}
    parse_time = datetime.fromisoformat
    for line, row in enumerate(reader, start=column_line + 1):
        if not row:
            continue
        if len(row) > len(columns):  # as 21,4 makes two fields, the first of which would be believed
            raise InputError(f"{path}:{line}: {_what_is_wrong(row, columns)}")
        try:
            moment, value = parse_time(row[time_at].strip()), float(row[value_at])
            key = (
                row[zone_at].strip(),
                "" if signal_at is None else row[signal_at].strip(),
                "" if basis_at is None else row[basis_at].strip(),
            )
        except (ValueError, IndexError):
            raise InputError(f"{path}:{line}: {_what_is_wrong(row, columns)}") from None
        if moment.tzinfo is None:
            raise InputError(f"{path}:{line}: '{row[time_at]}' has no time zone; write 'Z' or an offset like +02:00")
        if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            raise InputError(
                f"{path}:{line}: '{row[time_at]}' is not a time of this era; "
                f"years from {EARLIEST_YEAR} to {LATEST_YEAR} are understood"
            )
        if not key[0] or (problem := implausible(value)):
            raise InputError(f"{path}:{line}: {problem if key[0] else 'no zone'}")
        rows = found.get(key)
        if rows is None:
            rows = found[key] = Rows()
        rows.times_s.append(moment.timestamp())
        rows.g_per_kwh.append(value)
        rows.lines.append(line)
    return found


def _what_is_wrong(row: list[str], columns: dict[str, int]) -> str:
    """Why a row could not be parsed."""
    if not max(columns.values()) < len(row) <= len(columns):
        return f"{len(row)} fields where {len(columns)} columns are named"
    try:
        float(row[columns["g_per_kwh"]])
    except ValueError:
        return f"'{row[columns['g_per_kwh']]}' is not a number"
    return f"'{row[columns['datetime']]}' is not a time; write it like 2026-01-31T18:00:00Z"
