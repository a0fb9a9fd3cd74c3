"""The runs of emissions reports (`emissions_report.json`, CodeCarbon's `emissions.csv`), ready for a ledger."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.errors import InputError
from greenai_infra.monitoring.emissions_runs import read_runs
from greenai_infra.monitoring.run_report import is_report, read_report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenai_infra.monitoring.emissions_file import EmissionsRow


@dataclass(frozen=True, slots=True)
class Reported:
    """kg CO2e of a run; its id is the tracker's, or a hash of the content where the tracker gives no id."""

    run_id: str
    kg: float
    source: str


def runs_reported(paths: Sequence[Path]) -> list[Reported]:
    """Each run of the reports once. Raises InputError with file and line for impossible figures.

    Reading the same report again gives the same ids, whatever the file is called, so nothing is recorded twice.
    """
    tracked = [path for path in paths if is_report(path)]
    found, same = _tracked(tracked), Counter[str]()
    rows = [path for path in paths if path not in tracked]
    for parts in read_runs(rows)[0] if rows else []:
        run_id = _id_of(parts[-1])
        same[run_id] += 1
        if same[run_id] > 1:  # equal rows without an id are separate runs
            run_id = f"{run_id}-{same[run_id]}"
        found.append(Reported(run_id, sum(row.emissions_kg for row in parts), parts[-1].where))
    return found


def _tracked(paths: Sequence[Path]) -> list[Reported]:
    """The runs of reports written by `greenai-infra track`."""
    runs: dict[str, Reported] = {}
    for path in paths:
        report = read_report(path)
        if report.emissions_kg is None:
            raise InputError(f"{path}: the emissions of this run are unknown, so there is nothing to record")
        if report.status == "running":
            raise InputError(f"{path}: the run is still going on, or was killed; record the known part with --kg")
        content = msgspec.json.encode(_without_nulls(msgspec.to_builtins(report)))
        run_id = report.run_id or f"report-{hashlib.sha256(content).hexdigest()[:16]}"
        if run_id in runs:
            raise InputError(f"{path}: run {run_id} is already in {runs[run_id].source}")
        runs[run_id] = Reported(run_id, report.emissions_kg, str(path))
    return list(runs.values())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _id_of(row: EmissionsRow) -> str:
    if row.run_id is not None:
        return row.run_id
    content = json.dumps(sorted(row.fields.items()), ensure_ascii=False)
    return f"row-{hashlib.sha256(content.encode(errors='surrogatepass')).hexdigest()[:16]}"
