"""The parts of a run that was stopped and resumed: each has a report of its own, and its figures are kept beside the
checkpoints, which outlive the job that wrote them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from greenai_infra.errors import GreenAIError
from greenai_infra.files import write_all, write_whole
from greenai_infra.monitoring.run_report import FILE_NAME, as_csv, as_json, read_report
from greenai_infra.numbers import significant
from training.contract import read_json
from training.stopping import say

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import RunReport
    from training.contract import Folders

PARTS = "parts.json"


@dataclass(frozen=True)
class Part:
    """One process's share of a run. Figures are None where they are not known; a killed part's are too low."""

    run_id: str
    status: str
    energy_kwh: float | None
    emissions_kg: float | None
    duration_s: float


def parts_before(folders: Folders) -> list[Part]:
    """The parts of the run that is not finished yet; that of a killed process is known by the report that it left."""
    found = _read(folders)
    path = folders.output / FILE_NAME
    if path.is_file():
        try:
            report = read_report(path)
        except GreenAIError as error:
            say(f"warning: the report of the part before can't be read: {error}")
        else:
            if report.run_id not in {one.run_id for one in found}:
                found = _add(folders, report)
    return _since_complete(found)


def last_run(folders: Folders) -> list[Part]:
    """All parts of the run that has ended last."""
    found = _read(folders)
    return [*_since_complete(found[:-1]), *found[-1:]]


def _since_complete(found: list[Part]) -> list[Part]:
    last_complete = max((place for place, one in enumerate(found) if one.status == "complete"), default=-1)
    return found[last_complete + 1 :]


def keep_report(folders: Folders) -> None:
    """Give the report of the part before, if there is one, a name of its own."""
    report = folders.output / FILE_NAME
    if not report.is_file():
        return
    number = 1
    while (kept := report.with_name(f"{report.stem}.earlier-{number}.json")).exists():
        number += 1
    for suffix in (".csv", ".json"):
        if report.with_suffix(suffix).is_file():
            report.with_suffix(suffix).replace(kept.with_suffix(suffix))
    say(f"the report of the part before is kept: {kept}")


def end_part(folders: Folders, report: RunReport | None, before: list[Part]) -> None:
    """Keep the figures of the part that has ended, and let its report say that there were others."""
    if report is None:
        return
    try:
        _add(folders, report)
        if before:
            told = replace(report, notes=[*report.notes, _note([*before, _part(report)])])
            path = folders.output / FILE_NAME
            write_all({path: as_json(told), path.with_suffix(".csv"): as_csv(told)})
            print(f"  note: {told.notes[-1]}")
    except (GreenAIError, OSError) as error:
        say(f"warning: the figures of this part are not kept: {error}")


def _note(parts: list[Part]) -> str:
    killed = sum(one.status == "running" for one in parts)
    sums = []
    for name, unit in (("energy_kwh", "kWh"), ("emissions_kg", "kg CO2e")):
        values = [getattr(one, name) for one in parts]
        known = [value for value in values if value is not None]
        of_whole = [getattr(one, name) for one in parts if one.status != "running"]
        sums.append(f"{unit} not known" if None in of_whole else f"{significant(sum(known))} {unit}")
    least = f"; at least, as {killed} of them {'were' if killed > 1 else 'was'} killed" if killed else ""
    return f"this is part {len(parts)} of a run that was stopped and resumed; all parts: {', '.join(sums)}{least}"


def _part(report: RunReport) -> Part:
    return Part(report.run_id, report.status, report.energy_kwh, report.emissions_kg, report.duration_s)


def _read(folders: Folders) -> list[Part]:
    rows: list[dict[str, Any]] = read_json(folders.checkpoints / PARTS).get("parts", [])
    return [Part(**row) for row in rows]


def _add(folders: Folders, report: RunReport) -> list[Part]:
    found = [*_read(folders), _part(report)]
    rows = [asdict(one) for one in found]
    write_whole(folders.checkpoints / PARTS, json.dumps({"parts": rows}, indent=2) + "\n")
    return found
