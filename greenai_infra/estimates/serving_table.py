"""A CSV of serving runs with estimates added: ten thousand rows at once, the text of each line unchanged."""

from __future__ import annotations

import csv
import io
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, TextIO

from greenai_infra.errors import InputError
from greenai_infra.estimates.serving import ServingRow, estimate_serving, resolve
from greenai_infra.estimates.serving_names import read_architecture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from greenai_infra.estimates.serving import Resolved

READ = (
    "model", "params_b", "active_params_b", "architecture", "gpu", "n_gpus", "precision", "batch", "input_tokens",
    "output_tokens", "engine",
)  # fmt: skip
REQUIRED = ("model", "gpu")
ADDED = (
    "gpu_j_per_output_token", "gpu_j_per_output_token_low", "gpu_j_per_output_token_high",
    "wall_j_per_output_token", "step_time_ms", "gpu_power_w", "note",
)  # fmt: skip


def estimated_table(path: Path) -> str:
    """The text of a CSV with the columns of ADDED. An empty cell means unknown; `note` says what replaces it.

    Columns of READ that the file lacks count as empty. Raises InputError with file and line.
    """
    lines = _lines(path)
    header = [name.strip() for name in lines[0].cells] if lines else []
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InputError(f"{path}:1: column {', '.join(missing)} is missing; this command reads: {', '.join(READ)}")
    taken = [name for name in ADDED if name in header]
    if taken:
        raise InputError(f"{path}:1: column {', '.join(taken)} exists already; rename it, as this command adds it")
    if twice := sorted({name for name in READ if header.count(name) > 1}):
        raise InputError(f"{path}:1: column {', '.join(twice)} appears twice")
    body = [line for line in lines[1:] if line.cells]
    if not body:
        raise InputError(f"{path}: has no rows below its header")
    runs = [_resolved(f"{path}:{line.number}", header, line.cells) for line in body]
    columns = [[f"{value:.6g}" for value in column] for column in estimate_serving(runs)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    text.write(f"{lines[0].text},")
    writer.writerow(ADDED)
    for line, run, *values in zip(body, runs, *columns, strict=True):
        text.write(f"{line.text},")
        writer.writerow([*values, "; ".join(run.notes)])
    return text.getvalue()


class _Line(NamedTuple):
    """A row of the file: its position, its text without the end of line, its cells (empty for an empty line)."""

    number: int
    text: str
    cells: list[str]


def _lines(path: Path) -> list[_Line]:
    """Every row with its text unchanged: quotes, blanks, digits. Raises InputError."""
    taken: list[str] = []

    def told(file: TextIO) -> Iterator[str]:
        for text in file:
            taken.append(text)
            yield text

    found, number = [], 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for cells in csv.reader(told(file)):
                found.append(_Line(number, "".join(taken).rstrip("\r\n"), cells))
                number += len(taken)
                taken.clear()
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}:{number}: is not a CSV file: {error}") from None
    return found


def _resolved(where: str, header: list[str], cells: list[str]) -> Resolved:
    if len(cells) != len(header):
        raise InputError(f"{where}: {len(cells)} cells where the header has {len(header)}")
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    try:
        return resolve(_row(row))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _row(row: Mapping[str, str]) -> ServingRow:
    billions, active = _number(row, "params_b"), _number(row, "active_params_b")
    count = _number(row, "n_gpus")
    if count is not None and count != int(count):
        raise InputError(f"n_gpus '{row['n_gpus']}' is not a whole number")
    return ServingRow(
        model=row["model"],
        accelerator=row["gpu"],
        accelerators=None if count is None else int(count),
        precision=row.get("precision") or None,
        batch=_number(row, "batch"),
        input_tokens=_number(row, "input_tokens", least=0),
        output_tokens=_number(row, "output_tokens"),
        engine=row.get("engine") or None,
        architecture=read_architecture(row.get("architecture")),
        parameters=None if billions is None else billions * 1e9,
        active_parameters=None if active is None else active * 1e9,
    )


def _number(row: Mapping[str, str], name: str, least: float | None = None) -> float | None:
    """A number above 0 (or at least `least`); None for an empty cell or a missing column."""
    text = row.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{name} '{text}' is not a number") from None
    if not isfinite(value) or (value <= 0 if least is None else value < least):
        bound = "above 0" if least is None else f"from {least:g} on"
        raise InputError(f"{name} '{text}' is not possible; give a finite number {bound}")
    return value
