"""What each resource of a previewed stack takes in a month by standing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import counted, significant
from greenai_infra.reporting.section import Name, Section, SectionSpec, Table

if TYPE_CHECKING:
    from greenai_infra.contracts.preview import Preview


def describe(preview: Preview) -> Section | None:
    """The greatest emitters first."""
    everything = preview.standing.resources if preview.standing else []
    resources = sorted(
        (one for one in everything if one.stands),
        key=lambda one: (-(one.emissions_kg_per_month or 0.0), -(one.cost_usd_per_month or 0.0), one.name),
    )
    if not resources:
        return None
    rows = tuple(
        (
            Name(one.name),
            one.what,
            *map(_amount, (one.energy_kwh_per_month, one.emissions_kg_per_month, one.cost_usd_per_month)),
        )
        for one in resources
    )
    rest = len(everything) - len(resources)
    verbs = "takes nothing by standing there, or is" if rest == 1 else "take nothing by standing there, or are"
    return Section(
        title="What stands all month",
        table=Table(headers=("", "what", "kWh", "kg CO2e", "USD"), rows=rows, right=frozenset({2, 3, 4})),
        notes=(f"{counted(rest, 'other resource')} {verbs} billed by use",) if rest else (),
        detail=True,
    )


def _amount(value: float | None) -> str:
    return "not known" if value is None else significant(value)


SPEC = SectionSpec(report="preview", order=10, describe=describe)
