"""The sum over the runs of emissions reports, each run counted once.

A tracker's rows are cumulative, so the last row of a `run_id` counts. Where all figures of an id fall, its tracker was
restarted, and the parts add up. Ambiguous rows (some figures fall, others rise; a row without a run id that may
continue an earlier row) raise InputError with the lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

from greenai_infra.errors import InputError
from greenai_infra.monitoring.emissions_file import EmissionsRow, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SLACK_S = 5.0  # timestamps are whole seconds, and a row is written a moment after it is counted


@dataclass(frozen=True)
class Measured:
    """The sum over the runs in a report."""

    runs: int
    restarts: int
    """Number of restarts of runs, with figures from zero again; the parts are added up."""
    without_energy: int
    """Runs whose tracker measured nothing."""
    hours: float
    emissions_kg: float
    energy_kwh: float
    """Energy, including the PUE if the tracker has a PUE."""
    server_kwh: float
    places: tuple[str, ...]
    pues: tuple[str, ...]
    tracker: str

    @property
    def g_per_kwh(self) -> float | None:
        """Mean carbon intensity that the tracker used; None if no energy was measured."""
        return 1000 * self.emissions_kg / self.energy_kwh if self.energy_kwh > 0 else None


def read_emissions(paths: Sequence[Path]) -> Measured:
    """Reads reports. Raises InputError with the file and line of unusable rows."""
    return _summed(*read_runs(paths))


def read_runs(paths: Sequence[Path]) -> tuple[list[list[EmissionsRow]], int]:
    """The runs in reports, each as the last row of each of its parts and tasks, which add up; and the restarts.

    Raises InputError with the file and line of unusable rows.
    """
    files: list[list[EmissionsRow]] = []
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise InputError(f"{path} is given twice")
        seen.add(path.resolve())
        files.append(read_rows(path))
    known: dict[tuple[str, str], list[list[EmissionsRow]]] = {}
    unnamed: dict[tuple[str, ...], list[EmissionsRow]] = {}
    for rows in files:
        for key, of_run in _by_run(rows).items():
            known.setdefault(key, []).append(of_run)
        for row in rows:
            if row.run_id is None:
                of = tuple(row.fields.get(name, "") for name in ("project_name", "experiment_id", "task_name"))
                unnamed.setdefault(of, []).append(row)
    runs: dict[str, list[EmissionsRow]] = {}
    restarts = 0
    for (run_id, task), of_files in known.items():
        whole = known.get((run_id, ""))
        if task and whole:
            raise InputError(
                f"{of_files[0][0].where}: task {task} is in {whole[0][0].where} already, with all of run {run_id}; "
                "give the report of the run or that of its tasks"
            )
        parts = list(_parts(_joined(of_files)))
        restarts += len(parts) - 1
        runs.setdefault(run_id, []).extend(parts)
    single = [[row] for rows in unnamed.values() for row in _each_a_run(rows)]
    return [*runs.values(), *single], restarts


def _summed(runs: list[list[EmissionsRow]], restarts: int) -> Measured:
    """Runs, each with the last row of each of its parts and tasks, as one total."""
    rows = [row for parts in runs for row in parts]
    return Measured(
        runs=len(runs),
        restarts=restarts,
        without_energy=sum(not any(row.energy_kwh for row in parts) for parts in runs),
        hours=sum(row.duration_s for row in rows) / 3600,
        emissions_kg=sum(row.emissions_kg for row in rows),
        energy_kwh=sum(row.energy_kwh for row in rows),
        server_kwh=sum(row.energy_kwh / row.pue for row in rows),
        places=_different(row.fields.get("region") or row.fields.get("country_name") for row in rows),
        pues=_different(f"{row.pue:g}" for row in rows if row.pue != 1),
        tracker=rows[-1].fields.get("codecarbon_version", ""),
    )


def _by_run(rows: list[EmissionsRow]) -> dict[tuple[str, str], list[EmissionsRow]]:
    """The rows of each run, and of each task of a run, which counts from zero."""
    runs: dict[tuple[str, str], list[EmissionsRow]] = {}
    for row in rows:
        if row.run_id is not None:
            runs.setdefault((row.run_id, row.fields.get("task_name", "")), []).append(row)
    return runs


def _joined(files: list[list[EmissionsRow]]) -> list[EmissionsRow]:
    """The rows of a run in the order of time: a file is appended to, and files are put in order by timestamp."""
    if len(files) > 1:
        first = [rows[0] for rows in files]
        undated = next((row for row in first if row.ended_s is None), None)
        if undated is not None and any(row.fields != first[0].fields for rows in files for row in rows):
            raise InputError(
                f"{undated.where}: run {undated.run_id} is in {len(files)} reports and this row has no timestamp, so "
                "their order is unknown; leave out all but one"
            )
        files = sorted(files, key=lambda rows: rows[0].ended_s or 0.0)
    seen: set[tuple[str, ...]] = set()
    rows = []
    for row in (row for rows in files for row in rows):
        written = tuple(row.fields.values())
        if written not in seen:
            seen.add(written)
            rows.append(row)
    return rows


def _parts(rows: list[EmissionsRow]) -> Iterator[EmissionsRow]:
    """The last row of each part of a run: a part ends where the tracker is started again."""
    last = rows[0]
    for row in rows[1:]:
        step = _step(last, row)
        if step == "restart":
            yield last
        if step != "earlier":
            last = row
    yield last


def _step(last: EmissionsRow, row: EmissionsRow) -> Literal["goes on", "restart", "earlier"]:
    """The relation of a row to the row before; refuses ambiguous rows."""
    pairs = list(zip(row.figures, last.figures, strict=True))
    rises, falls = (all(now >= then for now, then in pairs), all(now <= then for now, then in pairs))
    same_start = _difference(row.started_s, last.started_s) == 0
    if rises and (same_start or not _follows(row, last)):
        return "goes on"
    if rises:
        raise InputError(
            f"{row.where}: this row of run {row.run_id} begins (timestamp less duration) after line {last.line} has "
            "ended, yet no figure is smaller: a restart, or a clock that was put forward? Give each run its own id"
        )
    if falls and same_start and row.duration_s < last.duration_s - SLACK_S:
        return "earlier"  # the rows were sorted by something else
    fresh = row.energy_kwh < last.energy_kwh or row.energy_kwh == last.energy_kwh == 0  # a tracker's energy never falls
    if fresh and ((falls and not same_start) or _follows(row, last)):
        return "restart"
    raise InputError(
        f"{row.where}: some figures of run {row.run_id} have fallen since line {last.line} and some have not "
        f"({_in_words(last)}, then {_in_words(row)}): neither one run nor a restart. A tracker of tasks writes such "
        "rows; give the report of its tasks, or keep one row a run"
    )


def _each_a_run(rows: list[EmissionsRow]) -> list[EmissionsRow]:
    """Rows without a run id, each a separate run; refuses a row that may continue an earlier row."""
    running: list[tuple[int, EmissionsRow]] = []
    for place, row in sorted(enumerate(rows), key=lambda at: -inf if at[1].started_s is None else at[1].started_s):
        running = [at for at in running if not _follows(row, at[1])]
        for other_place, other in running:
            lasts_s = _difference(row.ended_s, other.ended_s)
            first, then = (other, row) if (lasts_s or place - other_place) > 0 else (row, other)
            if all(a <= b for a, b in zip(first.figures, then.figures, strict=True)):
                raise InputError(
                    f"{then.where}: run_id {then.fields.get('run_id', '')!r} names no run, and this row may go on with "
                    f"{first.where} or be a run beside it ("
                    + ("no timestamps tell" if lasts_s is None else "their times overlap")
                    + "). Keep the last row of each run, and give each run an id"
                )
        running.append((place, row))
    return rows


def _follows(row: EmissionsRow, other: EmissionsRow) -> bool:
    """Whether a row began when another had ended."""
    pause_s = _difference(row.started_s, other.ended_s)
    return pause_s is not None and pause_s >= 0


def _difference(a_s: float | None, b_s: float | None) -> float | None:
    """Seconds from b to a, None if either is unknown; differences within the slack count as zero."""
    if a_s is None or b_s is None:
        return None
    return a_s - b_s if abs(a_s - b_s) > SLACK_S else 0.0


def _in_words(row: EmissionsRow) -> str:
    return f"{row.duration_s:g} s, {row.emissions_kg:g} kg, {row.energy_kwh:g} kWh"


def _different(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
