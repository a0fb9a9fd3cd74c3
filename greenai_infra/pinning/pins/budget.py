"""The carbon budget of a plan in a stack's file: the section `alarms`, or the name of the stack that has the alarms.

The plan, or the user's options to `select`, set the two budgets. The author sets the rest of the section: kill switch,
addresses, the minutes of silence. E-mail addresses are written if given. If the section still lacks addresses, those of
the workload file are written, else the addresses notified of the stack's runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra.contracts.stack.alarms import read_budget_section
from greenai_infra.contracts.stack.gcp_alarms import read_gcp_budget_section
from greenai_infra.errors import InputError
from greenai_infra.project import yaml_edit
from greenai_infra.project.project import hide_encrypted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.plan import PlanFile
    from greenai_infra.contracts.stack.alarms import BudgetSection
    from greenai_infra.pinning.pins.options import Options
    from greenai_infra.project.stack_files import StackFile

SECTION, REFERENCE = "alarms", "alarms-stack"


def budget_changes(plan: PlanFile, file: StackFile, options: Options, provider: str) -> dict[yaml_edit.Path, Any]:
    """What to set in the file. Raises InputError for budgets that contradict each other or can't be used."""
    section, reference = ("config", file.key(SECTION)), ("config", file.key(REFERENCE))
    if options.alarms_stack:
        if options.daily_budget_kg is not None or options.monthly_budget_kg is not None:
            raise InputError(
                "--alarms-stack takes the budget of another stack; leave out --daily-budget-kg and --monthly-budget-kg"
            )
        return {reference: options.alarms_stack, section: yaml_edit.REMOVE}
    asked = options.daily_budget_kg is not None or options.monthly_budget_kg is not None
    if plan.workload.carbon_budget is None and not asked:
        return {}
    if file.value(REFERENCE) and not asked:
        return {}  # another stack has the alarms, and the options ask for no others
    own = file.value(SECTION)
    hears_of_runs = options.notify or file.section.get("notify_emails") or ()
    values = _values(plan, own if isinstance(own, dict) else {}, options, hears_of_runs)
    merged = {**(own if isinstance(own, dict) else {}), **values}
    _read(merged, file, provider)
    return {reference: yaml_edit.REMOVE, **{(*section, key): value for key, value in values.items()}}


def names_nobody(file: StackFile, text: str, provider: str) -> bool:
    """Whether the alarms in the new text of a stack's file lack a recipient."""
    section = yaml.safe_load(text)["config"].get(file.key(SECTION))
    return section is not None and not _read(section, file, provider).notify.reaches_somebody


def _read(section: dict[str, Any], file: StackFile, provider: str) -> BudgetSection:
    read = read_gcp_budget_section if provider == "gcp" else read_budget_section
    return read(hide_encrypted(section), f"{file.path.name}: {file.key(SECTION)}")


def _values(plan: PlanFile, own: dict[str, Any], options: Options, hears_of_runs: Sequence[str]) -> dict[str, Any]:
    planned = plan.workload.carbon_budget
    daily = options.daily_budget_kg if options.daily_budget_kg is not None else planned and planned.daily_kg
    monthly = options.monthly_budget_kg if options.monthly_budget_kg is not None else planned and planned.monthly_kg
    values: dict[str, Any] = {
        "daily_budget_kg": own.get("daily_budget_kg") if daily is None else daily,
        "monthly_budget_kg": own.get("monthly_budget_kg") if monthly is None else monthly,
    }
    if missing := [key for key, value in values.items() if value is None]:
        raise InputError(
            f"{missing[0]} is not known: give --daily-budget-kg and --monthly-budget-kg both, or write carbon_budget "
            "into the workload file and plan again"
        )
    own_notify = own.get("notify")
    notify: dict[str, Any] = own_notify if isinstance(own_notify, dict) else {}
    emails = list(options.notify) or list(planned.notify if planned else []) or list(hears_of_runs)
    if emails and (options.notify or not notify.get("emails")):
        values["notify"] = {**notify, "emails": emails}
    return values
