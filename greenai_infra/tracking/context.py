"""The context of a run, from arguments, the environment that the stacks set, and a plan. Checked before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra.catalog.regions import find_region
from greenai_infra.clock import format_time
from greenai_infra.contracts.plan import read_plan_file
from greenai_infra.errors import InputError
from greenai_infra.intensity.choice.elapsed import Pinned, grid_of
from greenai_infra.monitoring.emissions_file import MAX_PUE
from greenai_infra.monitoring.run_report import Planned, number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.catalog.regions import Region
    from greenai_infra.contracts.plan import Placement, PlanFile
    from greenai_infra.intensity.choice.elapsed import Grid

PIN = "GREENAI_INTENSITY_G_PER_KWH"


@dataclass(frozen=True, slots=True)
class Context:
    """The run's owner, its place, and its plan."""

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
) -> tuple[Context, Placement | None]:
    """The context, and the placement of the plan file. Raises InputError for unusable values."""
    read = read_plan_file(plan, if_edited=lambda _: None) if plan else None
    placement = read.placement if read else None
    region = region or environment.get("GREENAI_REGION") or None
    found = None
    if region is not None:
        try:
            found = find_region(region)
        except InputError:
            if pue is None or zone is None:
                raise
    elif placement is not None:
        found = find_region(placement.key)
        region = found.key
    zone = zone or environment.get("GREENAI_INTENSITY_ZONE") or (found.zone if found else None)
    value = pue if pue is not None else number_of(environment, "GREENAI_PUE")
    if value is not None:
        source = "stated"
    elif found is not None:
        scope = ", mean of the fleet" if found.pue_is_fleet_mean else ""
        value, source = found.pue, f"{found.key}, {found.pue_year}{scope}"
    else:
        value, source = 1.0, "no region is stated: a machine outside a data centre, without a building's overhead"
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= MAX_PUE:
        raise InputError(f"pue must be a number from 1 to {MAX_PUE:g}, not {value!r}")
    planned = _planned(environment, read, found)
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
    """The folder that outlives the job: SageMaker's output folder, Vertex AI's artifact bucket, or the current one."""
    if named := environment.get("SM_OUTPUT_DATA_DIR"):
        return Path(named)
    if "TRAINING_JOB_ARN" in environment:  # a SageMaker container without SageMaker's Python packages
        return Path("/opt/ml/output/data")
    model = environment.get("SM_MODEL_DIR", "")
    return Path(model).parent if model.startswith("/gcs/") else Path()


def open_grid(
    intensity: float | str | Grid | None,
    zone: str | None,
    environment: Mapping[str, str],
    placement: Placement | None,
    start_s: float,
) -> Grid:
    """From the argument (g/kWh, a file, a source, a Grid), else the environment's pin, the plan, or source `auto`."""
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
        by = placement.intensity
        return Pinned(
            by.g_per_kwh, by.source, zone=placement.zone, signal=by.signal, basis=by.basis, kind=by.kind,
            observed_at=format_time(by.observed_at), how="plan", detail="mean of the planned hours",
        )  # fmt: skip
    return grid_of(None, zone, start_s, or_state=PIN)


def _planned(environment: Mapping[str, str], plan: PlanFile | None, region: Region | None) -> Planned | None:
    """From the plan file, else from the environment: a stack is in its plan's place, and pins the plan's intensity."""
    if plan is not None:
        of = plan.placement
        return Planned(
            plan_id=plan.plan_id,
            energy_kwh=of.energy_kwh,
            emissions_kg=of.operational_kg,
            operational=True,
            hours=of.run_hours,
            pue=of.pue,
            intensity_g_per_kwh=of.intensity.g_per_kwh,
            region=of.key,
            hardware=f"{of.accelerators or ''} x {of.accelerator or ''}",
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
