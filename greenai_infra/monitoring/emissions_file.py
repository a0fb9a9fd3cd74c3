"""The rows of a run's emissions report (CodeCarbon's `emissions.csv`), each checked.

A row that can't be true is refused with its file and line: a row that is shorter or longer than the header, a figure
that is no finite number, more grams per kWh than any grid emits or fewer than any, more power than a rack draws.
Columns read: `duration` (s), `emissions` (kg CO2e), `energy_consumed` (kWh, with the tracker's `pue`), and where there
`timestamp` (end of the row, local time), `run_id`, `project_name`, `experiment_id`, `task_name`, `pue`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.intensity.model.checks import LEAST_LIFECYCLE_G_PER_KWH, MAX_G_PER_KWH
from greenai_infra.numbers import significant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEEDED = ("duration", "emissions", "energy_consumed")
MAX_ROWS = 100_000
MAX_POWER_KW = 200.0  # a tracker reads one machine; a whole rack of 72 GPUs draws about 140 kW
MIN_POWER_KW = 0.0001  # less than a computer at rest
MAX_PUE = 5.0
MAX_HOURS = 10 * 8766.0
NO_ID = frozenset({"", "none", "null", "nan", "nat", "na", "n/a", "<na>", "nil", "undefined", "unknown"})


@dataclass(frozen=True)
class EmissionsRow:
    """A tracker's counts since its start, at the time of this row."""

    path: Path
    line: int
    fields: dict[str, str]
    duration_s: float
    emissions_kg: float
    energy_kwh: float
    """Energy, including the tracker's PUE."""
    pue: float

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def figures(self) -> tuple[float, float, float]:
        """The figures that never fall while a tracker runs."""
        return self.duration_s, self.emissions_kg, self.energy_kwh

    @property
    def run_id(self) -> str | None:
        """The id; None where the tracker wrote a placeholder, such as "None" with an API output."""
        text = self.fields.get("run_id", "").strip()
        return None if text.casefold() in NO_ID else text

    @cached_property
    def ended_s(self) -> float | None:
        """When the row was written, in seconds of the tracker's clock; None without a timestamp."""
        try:
            written = datetime.fromisoformat(self.fields.get("timestamp", "").strip())
        except ValueError:
            return None
        return written.replace(tzinfo=UTC).timestamp()

    @property
    def started_s(self) -> float | None:
        return None if self.ended_s is None else self.ended_s - self.duration_s


def read_rows(path: Path) -> list[EmissionsRow]:
    """The rows in the order of the file. Raises InputError with file and line for impossible figures."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(path, csv.reader(file, strict=True)))
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not CSV text in UTF-8") from None
    if not rows:
        raise InputError(f"{path} contains no run; the tracker may have stopped before it could write")
    return rows


def _rows(path: Path, reader: Iterator[list[str]]) -> Iterator[EmissionsRow]:
    names: list[str] = []
    line = count = 0
    try:
        for values in reader:
            line = reader.line_num  # type: ignore[attr-defined]  # the type of csv.reader has no public name
            if not names:
                names = _columns(path, values)
            elif values and values != names:  # reports that were joined repeat their header
                count += 1
                if count > MAX_ROWS:
                    raise InputError(f"{path} has more than {MAX_ROWS:,} rows")
                yield _row(path, line, names, values)
    except csv.Error as error:
        raise InputError(f"{path}:{line + 1}: not CSV: {error}") from None
    if not names:
        _columns(path, [])


def _columns(path: Path, names: list[str]) -> list[str]:
    for name in NEEDED:
        if name not in names:
            raise InputError(f"{path} lacks the column {name}; expected CodeCarbon's emissions.csv")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}:1: two columns are named {twice!r}")
    return names


def _row(path: Path, line: int, names: list[str], values: list[str]) -> EmissionsRow:
    where = f"{path}:{line}"
    if len(values) != len(names):
        raise InputError(f"{where}: {len(values)} fields where {len(names)} columns are named")
    if any("\n" in value or "\r" in value for value in values):
        raise InputError(f"{where}: a field spans several lines; check for a missing quotation mark")
    fields = dict(zip(names, values, strict=True))
    duration_s, emissions_kg, energy_kwh = (_number(fields[name], name, where) for name in NEEDED)
    pue = _number(fields.get("pue") or "1", "pue", where, at_least=1, at_most=MAX_PUE)
    row = EmissionsRow(path, line, fields, duration_s, emissions_kg, energy_kwh, pue)
    wrong = _untrue(row)
    if wrong:
        raise InputError(f"{where}: {wrong}")
    return row


def _number(text: str, column: str, where: str, at_least: float = 0, at_most: float = float("inf")) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or not at_least <= value <= at_most:
        upper = f" and at most {at_most:g}" if isfinite(at_most) else ""
        raise InputError(f"{where}: {column}: expected a number of {at_least:g} or more{upper}, found {text!r}")
    return value


def _untrue(row: EmissionsRow) -> str:
    """Why the figures of a row can't all be true, or ""."""
    hours, energy_kwh, emissions_kg = row.duration_s / 3600, row.energy_kwh, row.emissions_kg
    if hours > MAX_HOURS:
        return f"duration of {row.duration_s:g} s is over ten years; check that the unit is seconds"
    if energy_kwh == 0:
        return f"{emissions_kg:g} kg of no energy" if emissions_kg else ""
    given = f"{emissions_kg:g} kg over {energy_kwh:g} kWh are {significant(1000 * emissions_kg / energy_kwh)} g/kWh"
    if 1000 * emissions_kg > MAX_G_PER_KWH * energy_kwh:
        return f"{given}, more than any grid emits ({MAX_G_PER_KWH:,.0f}); are the units kg and kWh?"
    if 1000 * emissions_kg < LEAST_LIFECYCLE_G_PER_KWH * energy_kwh:
        return f"{given}, less than any grid emits ({LEAST_LIFECYCLE_G_PER_KWH:g}); are the units kg and kWh?"
    server_kwh = energy_kwh / row.pue
    drawn = f"{energy_kwh:g} kWh in {row.duration_s:g} s"
    if server_kwh > MAX_POWER_KW * hours:
        return f"{drawn} is more than {MAX_POWER_KW:g} kW, and a tracker reads one machine; are the units kWh and s?"
    if server_kwh < MIN_POWER_KW * hours and row.fields.get("tracking_mode", "").strip() != "process":
        return f"{drawn} is less than {1000 * MIN_POWER_KW:g} W, too little for a computer; check the units (kWh, s)"
    return ""
