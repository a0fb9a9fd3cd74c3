"""The regions that a plan ranked, for the comment's table: from the plan, else from the project's stack files."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from greenai_infra.numbers import short_time
from greenai_infra.reporting.comment.figures import amount
from greenai_infra.reporting.comment.markdown import Markdown, code, prose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.contracts.preview import Preview
    from greenai_infra.project.stack_files import StackFile

SHOWN = 5
CHOSEN = "chosen"


@dataclass(frozen=True)
class Regions:
    """Rows of the table, and where they are from in words."""

    rows: list[dict[str, Markdown]]
    source: Markdown
    more: int = 0


def regions_of(preview: Preview, plan: PlanFile | None, stacks: Sequence[StackFile]) -> Regions | None:
    """The ranking that holds for this stack; None if neither its plan nor stack files tell one."""
    return _from_plan(plan, preview) if plan else _from_stacks(preview, stacks)


def _from_plan(plan: PlanFile, preview: Preview) -> Regions:
    rows = [
        _row(
            rank,
            chosen=one.region == preview.region,
            region=one.key,
            zone=one.zone,
            intensity=one.intensity.g_per_kwh,
            emissions_kg=one.emissions_kg,
            cost_usd=one.cost_usd,
            start=one.start.strftime("%Y-%m-%d %H:%M"),
        )
        for rank, one in enumerate(plan.ranked, 1)
    ]
    shown = _with_chosen(rows)
    measure = f"{plan.placement.intensity.signal}, {plan.placement.intensity.basis}"
    edited = ", edited after it was made," if plan.edited else ""
    words = Markdown(f"plan {code(plan.plan_id)}{edited} of {plan.as_of:%Y-%m-%d %H:%M} UTC, intensity {measure}")
    return Regions(shown, words, len(rows) - len(shown))


def _from_stacks(preview: Preview, stacks: Sequence[StackFile]) -> Regions | None:
    found = {one.stack: planned for one in stacks if (planned := _planned(one))}
    own = found.get(preview.stack)
    if own is None:
        return None
    ranked = sorted(
        (one for one in found.values() if one["plan_id"] == own["plan_id"] and one["workload"] == own["workload"]),
        key=lambda one: float(one["rank"]),
    )
    rows = [
        _row(
            one["rank"],
            chosen=one is own,
            region=one["region"],
            zone=one["zone"],
            intensity=one["intensity"],
            emissions_kg=one["emissions_kg"],
            cost_usd=one["cost_usd"],
            start=one["start"],
        )
        for one in ranked
    ]
    shown = _with_chosen(rows)
    return Regions(shown, Markdown(f"stack files of plan {code(own['plan_id'])}"), len(rows) - len(shown))


def _planned(stack: StackFile) -> dict[str, Any] | None:
    """What `select` has pinned into a stack's section, whichever program it is for; None if nothing whole is there."""
    for section in stack.config.values():
        planned, carbon = (section.get("planned"), section.get("carbon")) if isinstance(section, dict) else (None, None)
        if not isinstance(planned, dict) or not isinstance(carbon, dict) or "plan_id" not in planned:
            continue
        figures = [planned.get("emissions_kg"), planned.get("cost_usd"), carbon.get("intensity_g_per_kwh")]
        rank = _number(planned.get("rank"))
        slices = section.get("slices")
        first = slices[0].get("start") if isinstance(slices, list) and slices and isinstance(slices[0], dict) else None
        return {
            "plan_id": str(planned["plan_id"]),
            "workload": str(section.get("workload", "")),
            "rank": rank if rank is not None else float("inf"),
            "region": section.get("region") or "",
            "zone": carbon.get("zone") or "",
            "emissions_kg": _number(figures[0]),
            "cost_usd": _number(figures[1]),
            "intensity": _number(figures[2]),
            "start": short_time(str(first)) if first else "",
        }
    return None


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0
    return float(value) if usable else None


def _row(
    rank: float,
    *,
    chosen: bool,
    region: str,
    zone: str,
    intensity: float | None,
    emissions_kg: float | None,
    cost_usd: float | None,
    start: str,
) -> dict[str, Markdown]:
    return {
        "rank": Markdown(f"{rank:g}" if isfinite(rank) else ""),
        "region": Markdown(f"{code(region)} (this stack)" if chosen else code(region)),
        "zone": code(zone),
        "intensity": amount(intensity),
        "emissions": amount(emissions_kg),
        "cost": amount(cost_usd),
        "start": prose(start, 20),
        CHOSEN: Markdown("yes" if chosen else ""),
    }


def _with_chosen(rows: list[dict[str, Markdown]]) -> list[dict[str, Markdown]]:
    """The first rows, and the chosen one if it comes later."""
    return [row for place, row in enumerate(rows) if place < SHOWN or row[CHOSEN]]
