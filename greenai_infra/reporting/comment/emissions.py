"""The emissions report of a run (CodeCarbon's `emissions.csv`) beside what the stack's plan foresaw.

Columns read: `run_id`, `duration` (s), `emissions` (kg CO2e), `energy_consumed` (kWh); `region`, `country_name`, `pue`
and `codecarbon_version` where there. Rows of one `run_id` are cumulative, so the last counts; runs (slices) add up.
Intensity is emissions over energy; the column `emissions_rate` is kg/s and no intensity. CodeCarbon's energy is already
multiplied by `pue`, while a plan's is at the servers: they are compared without it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from greenai_infra import __version__
from greenai_infra.errors import InputError
from greenai_infra.footprint.equivalents import edition
from greenai_infra.numbers import counted, duration, percent
from greenai_infra.reporting.comment.figures import amount, equals
from greenai_infra.reporting.comment.markdown import NOTHING, Markdown, code, prose

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenai_infra.reporting.comment.preview_file import Preview

NEEDED = ("duration", "emissions", "energy_consumed")
MAX_ROWS = 100_000


@dataclass(frozen=True)
class Measured:
    """What the runs in a report took together."""

    runs: int
    hours: float
    emissions_kg: float
    energy_kwh: float
    """With the PUE, if the tracker was given one."""
    server_kwh: float
    places: tuple[str, ...]
    pues: tuple[str, ...]
    tracker: str

    @property
    def g_per_kwh(self) -> float | None:
        """Mean carbon intensity that the tracker used; None if no energy was measured."""
        return 1000 * self.emissions_kg / self.energy_kwh if self.energy_kwh > 0 else None


def read_emissions(paths: Iterable[Path]) -> Measured:
    """Read reports. Raises InputError naming the line and column that can't be used."""
    runs: dict[str, dict[str, Any]] = {}
    for path in paths:
        runs.update(_rows(path))
    rows = list(runs.values())
    return Measured(
        runs=len(rows),
        hours=sum(row["duration"] for row in rows) / 3600,
        emissions_kg=sum(row["emissions"] for row in rows),
        energy_kwh=sum(row["energy_consumed"] for row in rows),
        server_kwh=sum(row["energy_consumed"] / row["pue"] for row in rows),
        places=_different(row.get("region") or row.get("country_name") for row in rows),
        pues=_different(f"{row['pue']:g}" for row in rows if row["pue"] != 1),
        tracker=str(rows[-1].get("codecarbon_version") or ""),
    )


def view_emissions(sign: Markdown, head: Preview, measured: Measured) -> dict[str, Any]:
    """The variables of `emissions.md.j2`."""
    planned = head.standing.planned_run if head.standing else None
    energy = planned.energy_kwh if planned else None
    share = percent(100 * measured.server_kwh / energy) if energy else ""
    return {
        "marker": sign,
        "stack": code(head.stack),
        "project": code(head.project),
        "runs": Markdown(counted(measured.runs, "run")),
        "duration": Markdown(duration(measured.hours)),
        "emissions": amount(measured.emissions_kg),
        "energy": amount(measured.server_kwh),
        "energy_with_pue": amount(measured.energy_kwh) if measured.pues else NOTHING,
        "intensity": amount(measured.g_per_kwh),
        "planned_energy": amount(energy),
        "planned_emissions": amount(planned.emissions_kg if planned else None),
        "energy_share": Markdown(f"{share} of what was planned" if share else ""),
        "equals": equals(measured.emissions_kg) if measured.emissions_kg else NOTHING,
        "places": prose(", ".join(measured.places[:4]), 160),
        "pues": prose(", ".join(measured.pues[:4]), 80),
        "tracker": prose(f"CodeCarbon {measured.tracker}" if measured.tracker else "CodeCarbon's format", 60),
        "edition": Markdown(edition()),
        "version": Markdown(__version__),
    }


def _rows(path: Path) -> dict[str, dict[str, Any]]:
    """The last row of each run in a report, its figures as numbers."""
    runs: dict[str, dict[str, Any]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path} lacks the column {missing[0]}; expected CodeCarbon's emissions.csv")
            for number, row in enumerate(reader, 2):
                if number > MAX_ROWS:
                    raise InputError(f"{path} has more than {MAX_ROWS:,} lines")
                figures = {name: _number(row[name], name, f"{path}:{number}") for name in NEEDED}
                figures["pue"] = _number(row.get("pue") or "1", "pue", f"{path}:{number}", at_least=1)
                runs[row.get("run_id") or f"{path}:{number}"] = {**row, **figures}
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{path} is not CSV text in UTF-8") from None
    if not runs:
        raise InputError(f"{path} holds no run; did the tracker stop before it could write?")
    return runs


def _number(text: str | None, column: str, where: str, at_least: float = 0) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = float("nan")
    if not isfinite(value) or value < at_least:
        raise InputError(f"{where}: {column}: expected a number of {at_least:g} or more, found {text!r}")
    return value


def _different(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(one) for one in values if one))
