"""CSV files as publishers hand them out, recognised by their column names: where the figures are, and what they are.

Electricity Maps' portal: `Datetime (UTC)`, `Zone id`, and a column of intensities for each basis; older files say `LCA`
for the life cycle. NESO's data portal: the historic generation mix (`DATETIME`, ..., `CARBON_INTENSITY`, ...) and the
national forecast (`datetime`, `forecast`, `actual`, `index`), of Great Britain, direct as NESO's own factors are; the
same from carbonintensity.org.uk (`Datetime (UTC)`, `Actual Carbon Intensity (gCO2/kWh)`, `Forecast ...`, `Index`).
Their times are UTC and mostly written without an offset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra.catalog.signals import Basis, Signal
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EM_INTENSITY = re.compile(r"carbon intensity gco2(?:eq)?/kwh \((direct|lca|life ?cycle)\)")
HINT = "Electricity Maps' portal export and NESO's generation mix and national forecast are read as downloaded"


@dataclass(frozen=True, slots=True)
class Export:
    """Where the columns of a publisher's file are, and what is `declared` of all rows.

    Without `zone_at`, `zone` holds for all rows; the column `estimated_at` says `true` for estimated rows.
    """

    declared: Mapping[str, str]
    time_at: int
    value_at: int
    zone_at: int | None = None
    zone: str = ""
    estimated_at: int | None = None


def recognised(header: Sequence[str], basis: str | None, kind: str | None) -> Export | None:
    """Returns the known export with these column names, or None.

    `basis` and `kind` choose among several intensity columns; by default life cycle and measured values.
    Raises InputError for a basis that the file lacks.
    """
    names = [" ".join(name.casefold().replace("\u2082", "2").split()) for name in header]
    at = {name: index for index, name in enumerate(names)}
    if {"datetime (utc)", "zone id"} <= at.keys():
        return _electricity_maps(names, at, basis)
    neso = {"signal": Signal.AVERAGE.value, "basis": Basis.DIRECT.value}
    if {"datetime", "carbon_intensity", "generation"} <= at.keys():
        source = {"source": "NESO, historic generation mix", "kind": "history"}
        return Export(neso | source, at["datetime"], at["carbon_intensity"], zone="GB")
    column = "forecast" if kind == "forecast" else "actual"
    source = {"source": f"NESO, national carbon intensity, {column}", "kind": kind or "history"}
    for time, value in (("datetime", "{}"), ("datetime (utc)", "{} carbon intensity (gco2/kwh)")):
        if {time, value.format("forecast"), value.format("actual")} <= at.keys():
            return Export(neso | source, at[time], at[value.format(column)], zone="GB")
    return None


def _electricity_maps(names: Sequence[str], at: Mapping[str, int], basis: str | None) -> Export | None:
    columns = {}
    for index, name in enumerate(names):
        if match := _EM_INTENSITY.fullmatch(name):
            columns[Basis.DIRECT if match[1] == "direct" else Basis.LIFECYCLE] = index
    if not columns:
        return None
    chosen = Basis(basis) if basis else Basis.LIFECYCLE
    if chosen not in columns:
        there = " and ".join(columns)
        raise InputError(f"this export of Electricity Maps has no {chosen} intensity, only {there}; give --basis")
    source = "Electricity Maps, portal export"
    declared = {"signal": Signal.AVERAGE.value, "basis": chosen.value, "kind": "history", "source": source}
    return Export(
        declared,
        at["datetime (utc)"],
        columns[chosen],
        zone_at=at["zone id"],
        estimated_at=at.get("data estimated"),
    )
