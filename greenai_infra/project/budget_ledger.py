"""The carbon ledger that a project has configured, and what `select` and `up` ask of it.

`GREENAI_LEDGER`, or in Pulumi.yaml `config: {budget-ledger: ledger.db}`; a file's path is relative to Pulumi.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.errors import InputError, Refused
from greenai_infra.ledger.carbon_budget import CarbonBudget
from greenai_infra.ledger.locate import ledger_from_environment
from greenai_infra.numbers import significant
from greenai_infra.project.stack_files import config_of, read_project, stack_file

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.contracts.plan import PlanFile

KEY = "budget-ledger"


@dataclass(frozen=True)
class PlannedEmissions:
    """What a plan emits, and whose budget it is on."""

    plan_id: str
    team: str
    project: str
    kind: str
    kg: float

    @classmethod
    def of_plan(cls, plan: PlanFile, emissions_kg: float | None = None) -> PlannedEmissions:
        """Of a plan's first choice, or of another of its placements."""
        whose = plan.workload
        kg = plan.placement.emissions_kg if emissions_kg is None else emissions_kg
        return cls(plan.plan_id, whose.team, whose.project, whose.kind, kg)


def configured_ledger(project_dir: Path) -> str | None:
    """Returns the name of the configured ledger, or None. Raises InputError for an invalid setting."""
    if found := ledger_from_environment():
        return found
    project = read_project(project_dir)
    config = config_of(project.content, project.file)
    value: Any = config.get(KEY, config.get(f"{project.name}:{KEY}"))
    if isinstance(value, dict):
        value = value.get("value", value.get("default"))
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise InputError(f"{project.file}: config: {KEY}: expected a file, or dynamodb:TABLE@REGION, found {value!r}")
    return value if value.startswith("dynamodb:") else str(project.file.parent / value)


def check_planned(ledger: str, planned: PlannedEmissions) -> None:
    """Raises Refused, with by how much, if what is planned does not fit the budget in the ledger."""
    budget = CarbonBudget(ledger=ledger, team=planned.team, project=planned.project)
    budget.check(kg=planned.kg, kind=planned.kind, run_id=planned.plan_id)


def planned_of_stack(project_dir: Path, stack: str) -> PlannedEmissions | None:
    """Returns the emissions of a stack's plan; None for a stack without a plan."""
    file = stack_file(read_project(project_dir), stack)
    section = file.section
    try:
        planned = section["planned"]
        return PlannedEmissions(
            str(planned["plan_id"]),
            str(section["team"]),
            str(section["project"]),
            file.program,
            float(planned["emissions_kg"]),
        )
    except (KeyError, TypeError, ValueError):
        return None  # no plan, or an invalid plan, which the program reports


def reserve_stack(ledger: str, planned: PlannedEmissions) -> str:
    """Reserves the emissions of a stack's plan under its plan_id; returns a sentence on the result. Raises Refused.

    Keeps an existing reservation of the plan (another region of the plan was tried first).
    """
    budget = CarbonBudget(ledger=ledger, team=planned.team, project=planned.project)
    budget.check(kg=planned.kg, kind=planned.kind, run_id=planned.plan_id)
    if any(run.run_id == planned.plan_id for run in budget.status().runs):
        return f"plan {planned.plan_id} is recorded in {ledger}; nothing is reserved"
    if held := budget.reserved(planned.plan_id):
        now = "" if held.kg == planned.kg else f"; here it emits {significant(planned.kg)} kg"
        return f"{significant(held.kg)} kg CO2e are reserved for plan {planned.plan_id} in {ledger} already{now}"
    try:
        budget.reserve(run_id=planned.plan_id, kg=planned.kg, kind=planned.kind)
    except Refused as error:
        raise Refused(f"{planned.team}/{planned.project}: {error}") from None
    return (
        f"{significant(planned.kg)} kg CO2e are reserved for plan {planned.plan_id} in {ledger}; settle it with "
        f"greenai-infra budget record --run-id {planned.plan_id}, or give it back with budget release"
    )
