"""The facts of a card on a tracked run, from its emissions_report.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.errors import InputError
from greenai_infra.monitoring.run_report import read_report
from greenai_infra.numbers import percent, significant
from greenai_infra.reporting.card.facts import MAX_TEXT, CardFacts
from greenai_infra.terminal import plain

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.monitoring.run_report import RunReport


def facts_of_report(path: Path, *, training_type: str | None) -> CardFacts:
    """The facts. Raises InputError for an impossible report, or unknown emissions."""
    report = read_report(path)
    if report.emissions_kg is None or report.energy_kwh is None:
        raise InputError(f"{path}: the emissions of this run are unknown, so a card would be empty")
    if report.status == "running":
        raise InputError(f"{path}: the run is still going on, or was killed; a card needs a finished run")
    machine = report.hardware
    hardware = f"{machine.gpu_count} x {machine.gpu}" if machine.gpu else machine.cpu
    zone = f"grid zone {report.intensity.zone}" if report.intensity and report.intensity.zone else ""
    caveats = [] if report.status == "complete" else [f"the run {report.status}: this is what it used until then"]
    caveats += _estimated_share(report)
    return CardFacts(
        name=_text(report.name) or path.stem,
        estimated=False,
        emissions_kg=report.emissions_kg,
        energy_kwh=report.energy_kwh * report.pue,
        energy_kwh_low=None if report.energy_kwh_low is None else report.energy_kwh_low * report.pue,
        energy_kwh_high=None if report.energy_kwh_high is None else report.energy_kwh_high * report.pue,
        server_kwh=report.energy_kwh,
        pue=f"{report.pue:g} ({_text(report.pue_source) or 'as stated'})",
        intensity=_intensity(report),
        location=_text(", ".join(filter(None, [report.region, zone]))),
        hardware=_text(hardware),
        hours=report.duration_s / 3600,
        accelerators=machine.gpu_count or None,
        training_flop=None,
        training_type=training_type or "",
        method=_method(report),
        origin=f"{_text(report.tracker) or 'a tracker that does not name itself'}, {path.name}",
        caveats=tuple(caveats),
    )


def _intensity(report: RunReport) -> str:
    by = report.intensity
    said = [by.signal, by.basis, by.kind, by.source, by.detail] if by else []
    words = _text(", ".join(filter(None, said))) or "its report does not state where from"
    return f"{significant(report.intensity_g_per_kwh or 0)} gCO2eq/kWh, mean over the run: {words}"


def _method(report: RunReport) -> str:
    """Which share was measured, and which estimated, in words."""
    if not report.components or not report.energy_kwh:
        return "Energy as the report of the run states it, x PUE; what of it was measured is not stated"
    parts = [
        f"{_text(name)} {percent(100 * one.energy_kwh / report.energy_kwh)}, {one.how} ({_text(one.by)})"
        for name, one in report.components.items()
    ]
    return f"Energy during the run: {'; '.join(parts)}; x PUE x the intensity of the same hours"


def _estimated_share(report: RunReport) -> list[str]:
    """How much of the energy no counter has measured; a card that says "measured" has to say it."""
    estimated_kwh = sum(one.energy_kwh for one in report.components.values() if one.how == "estimated")
    if not estimated_kwh or not report.energy_kwh:
        return []
    return [f"{percent(100 * estimated_kwh / report.energy_kwh)} of the energy is estimated, not read from a counter"]


def _text(text: str) -> str:
    """A text of the user's file on one line, without control characters."""
    return " ".join(plain(text).split())[:MAX_TEXT]
