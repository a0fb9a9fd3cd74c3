"""The comment on the emissions of a stack's runs, compared with the stack's plan.

Intensity is emissions over energy; a report's column `emissions_rate` is kg/s and no intensity. CodeCarbon's energy is
already multiplied by `pue`, while a plan's is at the servers: they are compared without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from greenai_infra import __version__
from greenai_infra.footprint.equivalents import edition
from greenai_infra.numbers import counted, duration, percent
from greenai_infra.reporting.comment.figures import amount, equals
from greenai_infra.reporting.comment.markdown import NOTHING, Markdown, prose
from greenai_infra.reporting.comment.sections import markdown_of
from greenai_infra.reporting.sections import sections_of

if TYPE_CHECKING:
    from greenai_infra.monitoring.emissions_runs import Measured
    from greenai_infra.monitoring.run_report import RunReport


class Plan(Protocol):
    """A plan's figures."""

    @property
    def energy_kwh(self) -> float | None:
        """At the servers."""

    @property
    def emissions_kg(self) -> float | None:
        """CO2e."""


OWN = "greenai-infra"
"""How our own tracker's name begins."""


def view_emissions(
    sign: Markdown, subject: Markdown, planned: Plan | None, measured: Measured, report: RunReport | None = None
) -> dict[str, Any]:
    """The variables of `emissions.md.j2`. `report`: of a single run, which has sections."""
    energy = planned.energy_kwh if planned else None
    own = measured.tracker.startswith(OWN)
    share = percent(100 * measured.server_kwh / energy) if energy else ""
    return {
        "marker": sign,
        "subject": subject,
        "runs": Markdown(counted(measured.runs, "run") + _restarts(measured.restarts)),
        "duration": Markdown(duration(measured.hours)),
        "emissions": amount(measured.emissions_kg),
        "energy": amount(measured.server_kwh),
        "energy_with_pue": amount(measured.energy_kwh) if measured.pues else NOTHING,
        "intensity": amount(measured.g_per_kwh),
        "planned_energy": amount(energy),
        "planned_emissions": amount(planned.emissions_kg if planned else None),
        "energy_share": Markdown(f"{share} of what was planned" if share else ""),
        "without_energy": Markdown(counted(measured.without_energy, "run") if measured.without_energy else ""),
        "equals": equals(measured.emissions_kg) if measured.emissions_kg else NOTHING,
        "places": prose(", ".join(measured.places[:4]), 160),
        "pues": prose(", ".join(measured.pues[:4]), 80),
        "tracker": prose(_tracker(measured.tracker), 80),
        "why_energy": Markdown("the run had its own hours' intensity" if own else "the tracker has its own intensity"),
        "intensity_from": Markdown(
            "energy of each interval x intensity of that interval; the report names its source"
            if own
            else "the tracker's own; its report does not state signal or basis"
        ),
        "sections": markdown_of(sections_of("run", report)) if report else NOTHING,
        "edition": Markdown(edition()),
        "version": Markdown(__version__),
    }


def _tracker(name: str) -> str:
    """Our own tracker names itself; CodeCarbon's file has its version alone."""
    if name.startswith(OWN):
        return name
    return f"CodeCarbon {name}" if name else "CodeCarbon's format"


def _restarts(count: int) -> str:
    return f" ({counted(count, 'restart')}: their figures are added up)" if count else ""
