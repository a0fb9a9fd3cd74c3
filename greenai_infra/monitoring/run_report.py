"""The report of a tracked run (`emissions_report.json`): its shape, and reading one with every figure checked.

Energy is at the server, before PUE; emissions_kg = energy_kwh x pue x intensity_g_per_kwh / 1000. What is not known is
null: a run without an intensity has energy and no emissions.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, field, to_builtins

from greenai_infra import strict_json
from greenai_infra.errors import InputError
from greenai_infra.footprint.equation import operational_kg
from greenai_infra.intensity.model.checks import MAX_G_PER_KWH
from greenai_infra.monitoring.emissions_file import MAX_POWER_KW, MAX_PUE
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.section import Finite, NonNegative
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA_VERSION = 1
FILE_NAME = "emissions_report.json"
TOLERANCE = 1e-3
"""Tolerance between emissions_kg and its three factors: some trackers write figures with six digits."""

Status = Literal["running", "complete", "failed", "stopped"]
How = Literal["measured", "estimated"]


class Part(msgspec.Struct, frozen=True):
    """A part of a report. Keys of newer releases are left unread."""


class Component(Part, frozen=True, kw_only=True):
    """Energy of a part of the machine; `by` says what was read, or the basis of the estimate."""

    energy_kwh: NonNegative
    how: How
    by: str


class Hardware(Part, frozen=True, kw_only=True):
    """The machine that was measured, as the tracker names it; "" and null where it can't tell."""

    cpu: str = ""
    cpu_count: int | None = None
    gpu: str = ""
    gpu_count: int | None = None
    ram_gb: NonNegative | None = None
    os: str = ""


class GridIntensity(Part, frozen=True, kw_only=True):
    """Where the intensity is from. `how` is pinned, plan, file or source; `kind` and `flags` are the source's words."""

    how: Literal["pinned", "plan", "file", "source", "unknown"]
    source: str
    zone: str | None = None
    signal: str | None = None
    basis: str | None = None
    kind: str | None = None
    observed_at: str | None = None
    flags: list[str] = field(default_factory=list)
    detail: str = ""


class Planned(Part, frozen=True, kw_only=True):
    """The plan's figures. `emissions_kg` is operational where a plan file was read (`operational` true), else the
    plan's whole sum, with data transfer and embodied share."""

    plan_id: str | None = None
    energy_kwh: NonNegative | None = None
    emissions_kg: NonNegative | None = None
    operational: bool = False
    hours: NonNegative | None = None
    pue: float | None = None
    intensity_g_per_kwh: NonNegative | None = None
    region: str | None = None
    hardware: str | None = None


class Difference(Part, frozen=True, kw_only=True):
    """A part of measured less planned kg; the parts add up to the whole difference."""

    reason: Literal["duration", "hardware", "place", "time"]
    kg: Finite
    planned: str
    measured: str


class BudgetOfRun(Part, frozen=True, kw_only=True):
    """The limit of the run, and whether it was reached."""

    limit_kg: NonNegative
    source: str
    reached: bool


class SinkCount(Part, frozen=True, kw_only=True):
    """How often a sink has taken what was sent, and failed; `error` is the last failure."""

    name: str
    sent: int
    failed: int
    error: str = ""


class NodeOfRun(Part, frozen=True, kw_only=True):
    """What one machine of a distributed run adds to its sums; the nodes' known figures add up to the run's.

    `shared_kwh` is what it measured of devices that another node has counted already: the same machine, or GPUs of the
    same UUID. `status` is null where no report of the node arrived, and `running` where it ended without a last one:
    its energy is then at least `energy_kwh`.
    """

    node: Annotated[int, Meta(ge=0)]
    status: Status | None = None
    energy_kwh: NonNegative | None = None
    shared_kwh: NonNegative = 0.0
    emissions_kg: NonNegative | None = None
    intensity_g_per_kwh: NonNegative | None = None
    pue: float | None = None
    duration_s: NonNegative | None = None
    ended_at: str | None = None
    host: str = ""
    components: dict[str, Component] = field(default_factory=dict)
    gpu_kwh: dict[str, NonNegative] = field(default_factory=dict)
    hardware: Hardware = Hardware()
    notes: list[str] = field(default_factory=list)


class RunReport(Part, frozen=True, kw_only=True):
    """The report of one run."""

    schema_version: Annotated[int, Meta(ge=1)]
    status: Status = "complete"
    run_id: str = ""
    name: str = ""
    plan_id: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    duration_s: NonNegative
    measured_s: NonNegative | None = None
    region: str | None = None
    energy_kwh: NonNegative | None
    energy_kwh_low: NonNegative | None = None
    energy_kwh_high: NonNegative | None = None
    pue: Annotated[float, Meta(ge=1, le=MAX_PUE)]
    pue_source: str = ""
    intensity_g_per_kwh: Annotated[float, Meta(ge=0, le=MAX_G_PER_KWH)] | None
    intensity: GridIntensity | None = None
    emissions_kg: NonNegative | None
    emissions_kg_low: NonNegative | None = None
    emissions_kg_high: NonNegative | None = None
    components: dict[str, Component] = field(default_factory=dict)
    hardware: Hardware = Hardware()
    nodes: list[NodeOfRun] = field(default_factory=list)
    planned: Planned | None = None
    differences: list[Difference] = field(default_factory=list)
    budget: BudgetOfRun | None = None
    sinks: list[SinkCount] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tracker: str = ""


def report_schema() -> dict[str, Any]:
    """The JSON Schema of reports."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(RunReport)}


def is_report(path: Path) -> bool:
    """Whether a file is to be read as a report: JSON, and no plan. An emissions.csv begins otherwise."""
    try:
        text = path.read_bytes().lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    return text.startswith(b"{") and b'"workload"' not in text


def read_report(path: Path) -> RunReport:
    """Read and check a report; a folder stands for the report in it. Raises InputError that names file and value."""
    if path.is_dir():
        inside = [path / FILE_NAME, path / "output" / "data" / FILE_NAME]
        path = next((one for one in inside if one.is_file()), inside[0])
    try:
        document = strict_json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict) or "schema_version" not in document:
        raise InputError(f"{path} is not an emissions report: it has no schema_version")
    version = document["schema_version"]
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InputError(
            f"{path} is of schema_version {version}, and this greenai-infra reads up to {SCHEMA_VERSION}; install a "
            "newer one"
        )
    try:
        report = read_values(document, RunReport)
    except Unreadable as error:
        raise InputError(described(error.problems, str(path), document, RunReport)) from None
    if problem := _untrue(report):
        raise InputError(f"{path}: {problem}")
    return report


def _untrue(report: RunReport) -> str:
    """Why the figures of a report are contradictory, or ""."""
    energy_kwh, g_per_kwh, kg = report.energy_kwh, report.intensity_g_per_kwh, report.emissions_kg
    if kg is not None:
        if energy_kwh is None or g_per_kwh is None:
            missing = "energy_kwh" if energy_kwh is None else "intensity_g_per_kwh"
            return f"emissions_kg is {kg:g} while {missing} is unknown"
        expected = operational_kg(energy_kwh, report.pue, g_per_kwh)
        if abs(kg - expected) > TOLERANCE * max(kg, expected):
            return (
                f"emissions_kg is {kg:g}, but energy_kwh x pue x intensity_g_per_kwh / 1000 is {expected:g}; are the "
                "units kWh before PUE, g/kWh and kg?"
            )
    most_kw = MAX_POWER_KW * max(1, len(report.nodes))
    if energy_kwh is not None and energy_kwh * 3600 > most_kw * report.duration_s:
        return f"{energy_kwh:g} kWh in {report.duration_s:g} s is more than {most_kw:g} kW; are the units kWh and s?"
    parts = sum(one.energy_kwh for one in report.components.values())
    if report.components and energy_kwh is not None and abs(parts - energy_kwh) > TOLERANCE * max(parts, energy_kwh):
        return f"energy_kwh is {energy_kwh:g}, but its components add up to {parts:g}"
    return ""


def _as_written(report: RunReport) -> dict[str, Any]:
    """Every figure with its type: an energy of 0 is written 0.0. Raises ValidationError unless it is a number."""
    checked = msgspec.convert(to_builtins(report), RunReport)
    written: dict[str, Any] = to_builtins(checked)
    return written


def as_json(report: RunReport) -> str:
    """A report as it is written."""
    return json.dumps(_as_written(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(report: RunReport) -> str:
    """A report as one row; what is nested is left to the JSON, but for the energy of the components."""
    row: dict[str, Any] = {
        name: value
        for name, value in _as_written(report).items()
        if value is None or isinstance(value, str | int | float)
    }
    row |= {f"{name}_energy_kwh": one.energy_kwh for name, one in report.components.items()}
    row |= {f"{name}_how": one.how for name, one in report.components.items()}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    writer.writeheader()
    writer.writerow({name: _no_formula(value) for name, value in row.items()})
    return text.getvalue()


def _no_formula(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@") else value


def number_of(environment: Mapping[str, str], name: str) -> float | None:
    """A number of 0 or more that an environment variable states; None if it is unset or empty."""
    text = environment.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value < float("inf"):
        raise InputError(f"{name} must be a number of 0 or more, not {text!r}")
    return value
