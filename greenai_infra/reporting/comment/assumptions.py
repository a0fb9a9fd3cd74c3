"""The basis of a comment's figures: intensity, its source and time, hours, PUE, source of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.numbers import significant
from greenai_infra.reporting.comment.markdown import NOTHING, Markdown, code, prose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.contracts.preview import Preview

SOURCES_SHOWN = 4


def assumptions(head: Preview, plan: PlanFile | None) -> list[tuple[Markdown, Markdown]]:
    """(what, value) of each assumption; assumptions missing in the preview are left out, not guessed."""
    rows: list[tuple[str, Markdown]] = []
    if head.standing:
        rows += _of_standing(head)
    elif head.tags.common:
        rows += _of_tags(head)
    if plan:
        rows.append(("PUE of the planned region", _pue(plan, head.region)))
    if head.plan_id:
        rows.append(("plan", code(head.plan_id)))
    return [(Markdown(what), value) for what, value in rows if value]


def _of_standing(head: Preview) -> list[tuple[str, Markdown]]:
    standing = head.standing
    assert standing is not None
    rows = []
    if standing.intensity:
        one = standing.intensity
        rows = [
            ("carbon intensity", Markdown(f"{significant(one.g_per_kwh)} gCO2eq/kWh, zone {code(one.zone)}")),
            ("signal and basis", prose(f"{one.signal}, {one.basis}", 80)),
            ("source of intensity", prose(f"{one.source}, {one.kind}" if one.kind else one.source, 160)),
            ("observed at", code(one.observed_at, 40)),
        ]
    else:
        rows = [("carbon intensity", Markdown("not known for this stack"))]
    rows.append(("hours in a month", Markdown(significant(standing.hours_per_month))))
    stand = [one for one in standing.resources if one.stands]
    rows.append(("energy from", _sources(one.energy_source for one in stand if one.energy_kwh_per_month)))
    rows.append(("prices from", _sources(one.price_source for one in stand if one.cost_usd_per_month)))
    rows.append(("notes", _sources(one.note for one in stand)))
    return rows


def _of_tags(head: Preview) -> list[tuple[str, Markdown]]:
    """The carbon facts that every resource carries, for a preview without standing figures."""
    tags = head.tags.common
    named = (
        ("carbon intensity, gCO2eq/kWh", "carbon-intensity-g-per-kwh"),
        ("grid zone", "carbon-zone"),
        ("signal", "carbon-signal"),
        ("basis", "carbon-basis"),
        ("source of intensity", "carbon-source"),
        ("kind", "carbon-kind"),
        ("observed at", "carbon-observed-at"),
    )
    return [(words, prose(tags[key], 160)) for words, key in named if key in tags]


def _sources(sources: Iterable[str | None]) -> Markdown:
    """The different ones, first seen first."""
    found = list(dict.fromkeys(one for one in sources if one))
    shown = "; ".join(prose(one, 160) for one in found[:SOURCES_SHOWN])
    return Markdown(shown + (f"; and {len(found) - SOURCES_SHOWN} more" if len(found) > SOURCES_SHOWN else ""))


def _pue(plan: PlanFile, region: str) -> Markdown:
    for one in plan.ranked:
        if one.region == region and one.pue is not None:
            year = f" ({one.pue_year}{', fleet mean' * one.pue_is_fleet_mean})" if one.pue_year else ""
            return Markdown(f"{one.pue:g}{year}")
    return NOTHING
