"""What a stack's config says about carbon: the program's section, and the budget in this or another stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.programs import DEFAULT_PROGRAM
from greenai_infra.contracts.stack.several_regions import regional_sections
from greenai_infra.errors import InputError
from greenai_infra.project.project import read_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenai_infra.project.project import StackProgram

ALARMS = "alarms"
OTHER_STACK = "alarms-stack"


def section_of(program: StackProgram, name: str) -> dict[str, Any]:
    """A config section as a mapping; empty where it is missing, or no section."""
    try:
        values = json.loads(program.config.get(f"{program.project}:{name}", ""))
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def program_section(program: StackProgram) -> dict[str, Any]:
    """Returns the section of the stack's program; with several regions, the active region's section."""
    return program_sections(program)[0]


def program_sections(program: StackProgram) -> list[dict[str, Any]]:
    """Returns the sections of the stack's program, one per region, the active region's first."""
    section = section_of(program, program.config.get(f"{program.project}:program") or DEFAULT_PROGRAM)
    return list(regional_sections(section).values())


def budget(program: StackProgram) -> dict[str, Any] | None:
    """Returns the carbon budget in kg CO2e a day and a month, and whose alarms watch it; None without a budget.

    The budget is in the section `alarms` of the stack, or of the stack that `alarms-stack` names.
    """
    own = _limits(section_of(program, ALARMS))
    if own is not None:
        return {**own, "stack": program.stack}
    other = program.config.get(f"{program.project}:{OTHER_STACK}")
    if not other:
        return None
    try:
        watched = _limits(section_of(read_stack(program.root, other), ALARMS))
    except InputError:
        return None  # the program says what is wrong with the reference
    return {**watched, "stack": other} if watched else None


def _limits(section: Mapping[str, Any]) -> dict[str, float] | None:
    daily, monthly = section.get("daily_budget_kg"), section.get("monthly_budget_kg")
    if not isinstance(daily, int | float) or not isinstance(monthly, int | float):
        return None
    return {"daily_kg": float(daily), "monthly_kg": float(monthly)}
