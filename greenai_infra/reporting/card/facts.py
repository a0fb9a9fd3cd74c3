"""The facts of a card on a training run: estimates from a plan, or measurements from CodeCarbon's emissions.csv."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenai_infra import __version__
from greenai_infra.catalog import tables
from greenai_infra.catalog.regions import find_region
from greenai_infra.clock import format_time
from greenai_infra.contracts.plan import read_plan_file
from greenai_infra.errors import InputError
from greenai_infra.footprint.constants import constant
from greenai_infra.footprint.equation import operational_kg
from greenai_infra.monitoring.emissions_runs import read_emissions, read_runs
from greenai_infra.numbers import counted, significant
from greenai_infra.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenai_infra.contracts.plan import PlanFile, PlannedModel, PlannedWork
    from greenai_infra.monitoring.emissions_file import EmissionsRow
    from greenai_infra.monitoring.emissions_runs import Measured

MAX_TEXT = 200  # characters of a text that the user's file brings


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One training run, or all runs of a report.

    `emissions_kg` is operational: energy x PUE x intensity. `energy_kwh` is with PUE, `server_kwh` without. None and ""
    stand for what the file does not say.
    """

    name: str
    estimated: bool
    emissions_kg: float
    energy_kwh: float
    energy_kwh_low: float | None
    energy_kwh_high: float | None
    server_kwh: float
    pue: str
    intensity: str
    """Value, signal, basis and source."""
    location: str
    hardware: str
    hours: float
    accelerators: int | None
    training_flop: float | None
    training_type: str
    method: str
    origin: str
    caveats: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """`estimated` or `measured`."""
        return "estimated" if self.estimated else "measured"

    @property
    def energy_band(self) -> str:
        """The band of the energy in kWh, or ""."""
        if self.energy_kwh_low is None or self.energy_kwh_high is None:
            return ""
        return f"{significant(self.energy_kwh_low)} to {significant(self.energy_kwh_high)} kWh"


def read_facts(
    path: Path, *, region: str | None, training_type: str | None, if_doubtful: Callable[[str], None]
) -> CardFacts:
    """The facts of a plan or of an emissions.csv. `if_doubtful` gets a sentence on what the reader should check.

    `region` gives a measured run its place: its grid's yearly mean and PUE replace the tracker's. Raises InputError.
    """
    if _is_plan(path):
        if region is not None:
            raise InputError(f"--region is for an emissions.csv; the plan {path} states its region")
        return _of_plan(path, read_plan_file(path, if_edited=if_doubtful), training_type or "")
    return _of_emissions(path, region, training_type or "", if_doubtful)


def _is_plan(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}") from None


def _of_plan(path: Path, plan: PlanFile, training_type: str) -> CardFacts:
    workload, chosen = plan.workload, plan.placement
    if workload.kind != "training":
        raise InputError(f"{path} is a plan for {workload.kind}; a card is about training")
    model, intensity, pue = workload.work.model, chosen.intensity, chosen.pue
    if "sandbox" in intensity.flags:
        raise InputError(f"{path} was made with a service's made-up values, which must not appear on a card")
    if (
        pue is None
        or chosen.operational_kg is None
        or chosen.energy_kwh_low is None
        or chosen.energy_kwh_high is None
        or chosen.emissions_kg_low is None
        or chosen.emissions_kg_high is None
        or chosen.run_hours is None
        or chosen.accelerators is None
    ):
        raise InputError(f"{path}: the plan lacks figures of its placement; make it again with `greenai-infra plan`")
    flags = f" ({', '.join(intensity.flags)})" if intensity.flags else ""
    if not training_type and model and model.method == "lora":
        training_type = "fine-tuning"
    total = significant(chosen.emissions_kg)
    return CardFacts(
        name=workload.name,
        estimated=True,
        emissions_kg=chosen.operational_kg,
        energy_kwh=chosen.energy_kwh * pue,
        energy_kwh_low=chosen.energy_kwh_low * pue,
        energy_kwh_high=chosen.energy_kwh_high * pue,
        server_kwh=chosen.energy_kwh,
        pue=f"{pue} ({chosen.pue_year}{', mean of the fleet' if chosen.pue_is_fleet_mean else ''})",
        intensity=(
            f"{significant(intensity.g_per_kwh)} gCO2eq/kWh, {intensity.signal}, {intensity.basis}, "
            f"{intensity.kind}{flags}: {intensity.source}, {intensity.detail or intensity.observed_at.year}"
        ),
        location=f"{chosen.place} ({chosen.key}, grid zone {chosen.zone})",
        hardware=f"{chosen.accelerators} x {chosen.accelerator} ({chosen.machines})",
        hours=chosen.run_hours,
        accelerators=chosen.accelerators,
        training_flop=_flop(model) if model else None,
        training_type=training_type,
        method=_planned_method(workload.work, chosen.estimates),
        origin=f"greenai-infra {__version__}, plan {plan.plan_id} as of {format_time(plan.as_of)}",
        caveats=(
            f"with data transfer and the embodied share of the hardware the plan counts {total} kg CO2e "
            f"({significant(chosen.emissions_kg_low)} to {significant(chosen.emissions_kg_high)})",
        ),
    )


def _flop(model: PlannedModel) -> float:
    per_token: float = constant(f"flops_per_parameter_token_{model.method}").value
    return per_token * model.parameters * (model.tokens or 0.0)


def _planned_method(work: PlannedWork, estimates: list[str]) -> str:
    """How the energy was estimated, in words."""
    if work.measured is not None:
        how = "taken from an earlier measured run of the same hardware"
    elif work.accelerator_hours is not None:
        how = "stated accelerator-hours x node power at the wall"
    else:
        how = "FLOP (a constant x parameters x tokens) over peak FLOPS x MFU gives hours; x node power at the wall"
    return f"Estimated before the run: {how}, x PUE" + "".join(f"; {one}" for one in estimates)


def _of_emissions(path: Path, region: str | None, training_type: str, if_doubtful: Callable[[str], None]) -> CardFacts:
    measured = read_emissions([path])
    if not measured.energy_kwh > 0:
        raise InputError(f"{path}: no run in it has measured energy, so a card would be empty")
    runs, _ = read_runs([path])
    rows = [row for parts in runs for row in parts]
    caveats = _measured_caveats(measured, rows)
    fields = rows[-1].fields
    by_tracker = f"CodeCarbon {plain(fields.get('codecarbon_version', ''))}".strip()
    if region is not None:
        energy_kwh, emissions_kg, pue, intensity, location = _in_region(measured, region)
    else:
        energy_kwh, emissions_kg = measured.energy_kwh, measured.emissions_kg
        pue = f"{', '.join(measured.pues)} (the tracker's)" if measured.pues else "1 (the building's share is left out)"
        intensity = (
            f"{significant(measured.g_per_kwh or 0)} gCO2eq/kWh, mean that {by_tracker} used; its report states "
            "neither signal nor basis"
        )
        location = _text(", ".join(measured.places))
        if "quebec" in location.casefold():
            if_doubtful(
                f"{path} says Quebec, which is also what CodeCarbon writes where it has no internet; --region gives "
                "the run its place, PUE and intensity"
            )
    gpus, model = _number(fields.get("gpu_count")), _text(fields.get("gpu_model", ""))
    return CardFacts(
        name=_text(fields.get("project_name", "")) or path.stem,
        estimated=False,
        emissions_kg=emissions_kg,
        energy_kwh=energy_kwh,
        energy_kwh_low=None,
        energy_kwh_high=None,
        server_kwh=measured.server_kwh,
        pue=pue,
        intensity=intensity,
        location=location,
        hardware=model or _text(fields.get("cpu_model", "")),
        hours=measured.hours,
        accelerators=int(gpus) if gpus else None,
        training_flop=None,
        training_type=training_type,
        method=(
            f"Energy measured during {counted(measured.runs, 'run')} by {by_tracker}: GPU energy from the driver; CPU "
            "and memory from counters where the machine has them, else modelled by the tracker"
        ),
        origin=f"{by_tracker}, {path.name}",
        caveats=caveats,
    )


def _in_region(measured: Measured, name: str) -> tuple[float, float, str, str, str]:
    """Energy with PUE, emissions, and PUE, intensity and place in words, by a region's yearly figures."""
    region = find_region(name)
    mean = tables.lifecycle(region.zone)
    if mean is None:
        raise InputError(f"no yearly mean of {region.zone}, the grid zone of {region.key}, comes with the package")
    fleet = ", mean of the fleet" if region.pue_is_fleet_mean else ""
    return (
        measured.server_kwh * region.pue,
        operational_kg(measured.server_kwh, region.pue, mean.g_per_kwh),
        f"{region.pue} ({region.pue_year}{fleet})",
        f"{significant(mean.g_per_kwh)} gCO2eq/kWh, {mean.signal}, {mean.basis}, yearly mean: {mean.source}, mean of "
        f"{mean.year}",
        f"{region.place} ({region.key}, grid zone {region.zone})",
    )


def _measured_caveats(measured: Measured, rows: list[EmissionsRow]) -> tuple[str, ...]:
    found = []
    if measured.without_energy:
        found.append(f"{counted(measured.without_energy, 'run')} measured no energy, so that the true figure is higher")
    if not any(_number(row.fields.get("gpu_energy")) for row in rows):
        found.append("no GPU energy was measured")
    return tuple(found)


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _text(text: str) -> str:
    """A text of the user's file on one line, without control characters."""
    return " ".join(plain(text).split())[:MAX_TEXT]
