"""Why a run emitted more or less than planned, in kg for each reason.

kg = hours x mean kW x PUE x g/kWh / 1000, planned and measured. Each factor gets ln(measured / planned) times the
logarithmic mean of both sums (LMDI), so that the parts add up to the difference, whatever their order.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from greenai_infra.monitoring.run_report import Difference
from greenai_infra.numbers import significant

if TYPE_CHECKING:
    from greenai_infra.monitoring.run_report import Planned, RunReport


def differences_of(report: RunReport) -> list[Difference]:
    """The parts for a report with known figures; else empty."""
    if not (report.planned and report.energy_kwh and report.intensity_g_per_kwh):
        return []
    hardware = report.hardware
    return differences(
        report.planned,
        hours=report.duration_s / 3600,
        energy_kwh=report.energy_kwh,
        pue=report.pue,
        g_per_kwh=report.intensity_g_per_kwh,
        region=report.region,
        hardware=f"{hardware.gpu_count} x {hardware.gpu}" if hardware.gpu else hardware.cpu,
    )


def differences(
    planned: Planned,
    *,
    hours: float,
    energy_kwh: float,
    pue: float,
    g_per_kwh: float,
    region: str | None,
    hardware: str,
) -> list[Difference]:
    """The parts; empty where a factor of the plan is unknown, or either side is zero."""
    p = planned
    if not (p.hours and p.energy_kwh and p.pue and p.intensity_g_per_kwh):
        return []
    if not (hours > 0 and energy_kwh > 0 and g_per_kwh > 0):
        return []
    planned_kg = p.energy_kwh * p.pue * p.intensity_g_per_kwh / 1000
    kg = energy_kwh * pue * g_per_kwh / 1000
    mean_kg = kg if abs(kg / planned_kg - 1) < 1e-12 else (kg - planned_kg) / log(kg / planned_kg)
    kw, planned_kw = energy_kwh / hours, p.energy_kwh / p.hours
    moved = region is not None and p.region is not None and region != p.region
    grid_log = log(g_per_kwh / p.intensity_g_per_kwh)
    place_log = log(pue / p.pue) + (grid_log if moved else 0.0)

    def grid(at: str | None, with_pue: float, intensity: float) -> str:
        return f"{at or 'no region stated'}: PUE {with_pue:g}, {significant(intensity)} g/kWh"

    parts = [
        Difference(
            reason="duration",
            kg=mean_kg * log(hours / p.hours),
            planned=f"{significant(p.hours)} h",
            measured=f"{significant(hours)} h",
        ),
        Difference(
            reason="hardware",
            kg=mean_kg * log(kw / planned_kw),
            planned=f"{p.hardware or 'hardware not stated'}: {significant(planned_kw)} kW",
            measured=f"{hardware or 'hardware unknown'}: {significant(kw)} kW",
        ),
        Difference(
            reason="place",
            kg=mean_kg * place_log,
            planned=grid(p.region, p.pue, p.intensity_g_per_kwh),
            measured=grid(region, pue, g_per_kwh),
        ),
    ]
    if not moved:
        parts.append(
            Difference(
                reason="time",
                kg=mean_kg * grid_log,
                planned=f"{significant(p.intensity_g_per_kwh)} g/kWh",
                measured=f"{significant(g_per_kwh)} g/kWh",
            )
        )
    return parts
