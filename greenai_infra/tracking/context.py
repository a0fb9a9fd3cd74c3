"""What a run is told: by arguments, by the environment that the stacks set, by a plan. Checked before it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.regions import find_region
from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.elapsed import Pinned, grid_of
from greenai_infra.monitoring.emissions_file import MAX_PUE
from greenai_infra.monitoring.run_report import Planned, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.catalog.regions import Region
    from greenai_infra.intensity.choice.elapsed import Grid

PIN = "GREENAI_INTENSITY_G_PER_KWH"


@dataclass(frozen=True, slots=True)
class Context:
    """Whose run it is, where, and what was planned."""

    name: str
    team: str
    project: str
    environment: str
    region: str | None
    zone: str | None
    pue: float
    pue_source: str
    planned: Planned | None


def read_context(
    environment: Mapping[str, str],
    *,
    name: str | None,
    team: str | None,
    project: str | None,
    region: str | None,
    zone: str | None,
    pue: float | None,
    plan: Path | None,
) -> tuple[Context, dict[str, Any] | None]:
    """The context, and the placement of the plan file. Raises InputError for what can't be used."""
    document = _read_plan(plan) if plan else None
    placement = document["placement"] if document else None
    region = region or environment.get("GREENAI_REGION") or None
    found = None
    if region is not None:
        try:
            found = find_region(region)
        except InputError:
            if pue is None or zone is None:
                raise
    elif placement is not None:
        found = find_region(f"{placement['provider']}:{placement['region']}")
        region = found.key
    zone = zone or environment.get("GREENAI_INTENSITY_ZONE") or (found.zone if found else None)
    value = pue if pue is not None else number_of(environment, "GREENAI_PUE")
    if value is not None:
        source = "stated"
    elif found is not None:
        scope = ", mean of the fleet" if found.pue_is_fleet_mean else ""
        value, source = found.pue, f"{found.key}, {found.pue_year}{scope}"
    else:
        value, source = 1.0, "no region is stated: a machine outside of a data centre, with no building's share"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= MAX_PUE:
        raise InputError(f"pue must be a number from 1 to {MAX_PUE:g}, not {value!r}")
    planned = _planned(environment, document, found)
    context = Context(
        name=name or environment.get("GREENAI_WORKLOAD") or "run",
        team=team or environment.get("GREENAI_TEAM", ""),
        project=project or environment.get("GREENAI_PROJECT", ""),
        environment=environment.get("GREENAI_ENVIRONMENT", ""),
        region=found.key if found else region,
        zone=zone,
        pue=float(value),
        pue_source=source,
        planned=planned,
    )
    return context, placement


def output_folder(environment: Mapping[str, str]) -> Path:
    """Where a file is kept when the job is over: SageMaker's output folder, Vertex AI's artifact bucket, or here."""
    if named := environment.get("SM_OUTPUT_DATA_DIR"):
        return Path(named)
    if "TRAINING_JOB_ARN" in environment:  # a SageMaker container without SageMaker's own Python packages
        return Path("/opt/ml/output/data")
    model = environment.get("SM_MODEL_DIR", "")
    return Path(model).parent if model.startswith("/gcs/") else Path()


def open_grid(
    intensity: float | str | Grid | None,
    zone: str | None,
    environment: Mapping[str, str],
    placement: Mapping[str, Any] | None,
    start_s: float,
) -> Grid:
    """By the argument (g/kWh, a file, a source, a Grid), else the environment's pin, the plan, or the source `auto`."""
    if not isinstance(intensity, int | float | str | None):
        return intensity
    if isinstance(intensity, int | float):
        return Pinned(intensity, "stated for the run", zone=zone)
    if isinstance(intensity, str):
        return grid_of(intensity, zone, start_s, or_state=PIN)
    pinned = number_of(environment, PIN)
    if pinned is not None:
        names = ("signal", "basis", "source", "observed_at")
        said = {name: environment.get(f"GREENAI_INTENSITY_{name.upper()}") or None for name in names}
        source = said.pop("source")
        return Pinned(pinned, PIN, zone=zone, **said, detail=f"from {source}" if source else "")
    if placement is not None:
        by = placement["intensity"]
        told = {name: by.get(name) for name in ("signal", "basis", "kind", "observed_at")}
        return Pinned(
            by["g_per_kwh"], str(by.get("source", "the plan")), zone=placement["zone"], **told, how="plan",
            detail="mean of the hours that were planned",
        )  # fmt: skip
    return grid_of(None, zone, start_s, or_state=PIN)


def _read_plan(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        placement = document["placement"]
        for name in ("provider", "region", "zone", "energy_kwh", "operational_kg", "run_hours", "pue", "intensity"):
            placement[name]
        float(placement["intensity"]["g_per_kwh"])
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path} is no plan of `greenai-infra plan --json` ({error!r})") from None
    return dict(document)


def _planned(
    environment: Mapping[str, str], document: Mapping[str, Any] | None, region: Region | None
) -> Planned | None:
    """By the plan file, else by the environment: a stack is where its plan is, and pins the plan's intensity."""
    if document is not None:
        of = document["placement"]
        return Planned(
            plan_id=document.get("plan_id"),
            energy_kwh=of["energy_kwh"],
            emissions_kg=of["operational_kg"],
            operational=True,
            hours=of["run_hours"],
            pue=of["pue"],
            intensity_g_per_kwh=of["intensity"]["g_per_kwh"],
            region=f"{of['provider']}:{of['region']}",
            hardware=f"{of.get('accelerators', '')} x {of.get('accelerator', '')}",
        )
    energy_kwh = number_of(environment, "GREENAI_PLANNED_ENERGY_KWH")
    emissions_kg = number_of(environment, "GREENAI_PLANNED_EMISSIONS_KG")
    plan_id = environment.get("GREENAI_PLAN_ID") or None
    if energy_kwh is None and emissions_kg is None and plan_id is None:
        return None
    return Planned(
        plan_id=plan_id,
        energy_kwh=energy_kwh,
        emissions_kg=emissions_kg,
        hours=number_of(environment, "GREENAI_PLANNED_HOURS"),
        pue=region.pue if region else None,
        intensity_g_per_kwh=number_of(environment, PIN),
        region=region.key if region else None,
    )
