"""The reasons of a plan: savings by waiting, place and hardware, costs of constraints, sources of intensity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.numbers import counted, exact, percent, short_time, significant
from greenai_infra.planning.preference import INDISTINCT_KG
from greenai_infra.reporting.error_text import error_lines, forecast_error
from greenai_infra.reporting.lines import print_list
from greenai_infra.reporting.plan_tables import machines

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]
SLICES_SHOWN = 6


def show_reasons(document: Document) -> None:
    """Prints the reasons of the plan."""
    print_list("Why", _reasons(document))
    constraints = [f"{one['constraint']} ({one['value']}): {_constraint(one)}" for one in document["constraints"]]
    unpriced = "when.earliest, when.deadline, hardware.count, max_count and purchase are not priced"
    print_list("What each constraint costs", [*(constraints or ["none removed anything"]), unpriced])
    slices = document["placement"]["slices"]
    if len(slices) > 1:
        shown = [f"{short_time(one['start'])} to {short_time(one['end'])} UTC" for one in slices[:SLICES_SHOWN]]
        rest = len(slices) - len(shown)
        print_list("Slices", [*shown, *([f"and {rest} more"] if rest else [])])
    print_list("Where intensity comes from", [*_intensity_sources(document), *error_lines(document)])
    unfit = [f"{one['instance_type']}: {one['reason']}" for one in document["inputs"]["unfit"]]
    print_list("Instance types that can't run it", unfit)


def _reasons(document: Document) -> list[str]:
    savings = document["savings"]
    reasons = []
    if savings["waits_hours"] > 0 and savings["by_waiting_kg"] <= 0:
        reasons.append("it starts later because the source has no intensity for a start at the earliest moment")
    elif savings["by_waiting_kg"] > 0:
        reasons.append(f"waiting and slicing save {significant(savings['by_waiting_kg'])} kg against starting at once")
    else:
        threshold = forecast_error(document)["wait_threshold_percent"]
        reasons.append(f"no later start saves more than the {percent(threshold)} that a wait must save")
    for key, what in (("by_place_kg", "the place"), ("by_hardware_kg", "the hardware")):
        if savings.get(key):
            verb = "saves" if savings[key] >= 0 else "costs"
            reasons.append(f"{what} {verb} {significant(abs(savings[key]))} kg against the baseline")
    return [*reasons, *_beside_others(document)]


def _beside_others(document: Document) -> Iterator[str]:
    """How the choice stands to the next region, and why it is not the cleanest of the Pareto front."""
    chosen, cleanest = document.get("ranked") or document["placement"], document["pareto"][0]
    objective = document["workload"].get("objective")
    if weighing := document.get("carbon_priority"):
        yield _weighed(weighing, chosen)
    if objective:
        price = objective["carbon_price_usd_per_tonne"]
        usd = chosen["cost_usd"] + price * chosen["emissions_kg"] / 1000
        shown = significant(price) if weighing else exact(price)
        yield f"it costs least with carbon at {shown} USD a tonne: {significant(usd, 4)} USD"
    dirtier = [one for one in document["alternatives"] if one["emissions_kg"] >= chosen["emissions_kg"]]
    if dirtier:
        gap = dirtier[0]["emissions_kg"] - chosen["emissions_kg"]
        yield f"the next region, {dirtier[0]['provider']}:{dirtier[0]['region']}, emits {significant(gap)} kg more"
    less_kg = chosen["emissions_kg"] - cleanest["emissions_kg"]
    if less_kg <= 0:
        return
    less = (
        f"{cleanest['provider']}:{cleanest['region']} on {machines(cleanest)} emits "
        f"{significant(less_kg)} kg ({percent(100 * less_kg / chosen['emissions_kg'])}) less for "
        f"{significant(cleanest['cost_usd'] - chosen['cost_usd'])} USD more"
    )
    if objective:
        yield f"{less}, which is not worth it at that price"
    elif "max_premium_percent" in document["workload"]["limits"] and less_kg > INDISTINCT_KG * cleanest["emissions_kg"]:
        yield f"{less}, which limits.max_premium_percent does not allow"
    else:
        yield f"{less}, which is less than the precision of the figures"


def _constraint(one: Document) -> str:
    best = one["without_it"]
    if one["costs_kg"] <= 0:
        return "costs no kg"
    return (
        f"{significant(one['costs_kg'])} kg; without it {best['provider']}:{best['region']} on "
        f"{machines(best)} for {significant(best['cost_usd'], 4)} USD"
    )


def _intensity_sources(document: Document) -> list[str]:
    inputs = document["inputs"]
    zones = inputs["intensity"]
    described = {
        f"{one['source']}, {one['kind']}" + (f" ({one['detail']})" if one["detail"] else "") for one in zones.values()
    }
    lines = [f"{counted(len(zones), 'zone')}: {'; '.join(sorted(described)[:3])}", *inputs["intensity_notes"]]
    if hours := inputs.get("hours"):
        detail = f" ({hours['detail']})" if hours["detail"] else ""
        lines.insert(1, f"the hours of {hours['zone']}: {hours['source']}, {hours['kind']}{detail}")
    if inputs["zones_without_intensity"]:
        lines.append(f"no value for {', '.join(inputs['zones_without_intensity'])}")
    return lines


def _weighed(weighing: Document, chosen: Document) -> str:
    """How a carbon priority made the choice."""
    priority, least_kg, least_usd = (weighing[key] for key in ("priority", "least_kg", "least_usd"))
    kg, usd = chosen["emissions_kg"] / least_kg, chosen["cost_usd"] / least_usd
    return (
        f"carbon priority {priority:g}: of all that is allowed it has the least {priority:g} x kg / "
        f"{significant(least_kg)} + {1 - priority:g} x USD / {significant(least_usd, 4)}, the least kg and the least "
        f"USD of any: {priority:g} x {kg:.2f} + {1 - priority:g} x {usd:.2f} = {weighing['score']:.2f}"
    )
