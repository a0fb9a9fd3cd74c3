"""What a preview can say about a carbon budget before the first run: whether the stack alone would use it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import Finding
from greenai_infra.numbers import exact, exceeding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CODE = "over-budget"


def over_budget(figures: Mapping[str, Any], budget: Mapping[str, Any] | None, urn: str) -> Iterator[Finding]:
    """Warns if the continuous emissions, or a planned run's emissions, exceed the monthly budget.

    All figures are operational, like the budget. Continuous: the planned load or the idle stack, whichever is more.
    """
    if budget is None:
        return
    run, load, limit = figures["planned_run"] or {}, figures["planned_load"] or {}, budget["monthly_kg"]
    idle_kg, load_kg = figures["total"]["emissions_kg_per_month"], load.get("operational_kg_per_month")
    goes_on = ("by standing there the stack emits {kg} kg CO2e a month", idle_kg)
    if load_kg is not None and load_kg > (idle_kg or 0.0):
        goes_on = ("at its planned load the stack emits {kg} kg CO2e a month (operational)", load_kg)
    for what, kg in (goes_on, ("the planned run emits {kg} kg CO2e (operational)", run.get("operational_kg"))):
        if isinstance(kg, int | float) and kg > limit:
            emits = what.format(kg=exceeding(kg, limit))
            said = f"{emits}, more than the carbon budget of {exact(limit)} kg a month"
            remedy = "take fewer or smaller machines, a cleaner region, or raise alarms.monthly_budget_kg"
            yield Finding("warning", CODE, urn, "", said, remedy)
