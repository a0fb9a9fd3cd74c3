"""The carbon budget of a workload stack: with alarms in this stack, or in another stack.

    greenai-infra:alarms: {...}             the alarms are built in this stack
    greenai-infra:alarms-stack: NAME        stack NAME of this project has them, for the same project and region

Read the budget before declaring resources, so that an invalid budget is refused first; declare it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_config_secret

from greenai_infra.stacks.config import bad_config, read_section

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from greenai_infra.contracts.stack.alarms import BudgetSection
    from greenai_infra.contracts.stack.fields import Tagged
    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig
    from greenai_infra.contracts.stack.inference import InferenceConfig
    from greenai_infra.contracts.stack.training import TrainingConfig
    from greenai_infra.stacks.aws.site import Site

SECTION, REFERENCE = "alarms", "alarms-stack"


@dataclass(frozen=True)
class Budget:
    """What the stack's config says about its budget: a section, the name of another stack, or neither."""

    section: BudgetSection | None = None
    stack: str | None = None


def read_budget() -> Budget:
    """The budget that the stack's config gives. Raises pulumi.RunError if it can't be used."""
    config, project = pulumi.Config(), pulumi.get_project()
    stack = config.get(REFERENCE)
    if config.get(SECTION) is None:
        return Budget(stack=stack)
    if stack:
        raise bad_config(
            f"{project}:{REFERENCE}: is '{stack}', but {project}:{SECTION} builds alarms here too; keep one of both"
        )
    from greenai_infra.contracts.stack.alarms import BUDGET_EXAMPLE, read_budget_section

    section = read_section(SECTION, read_budget_section, BUDGET_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(section)
    return Budget(section=section)


def warn_of_gaps(section: BudgetSection) -> None:
    """Warns of an alarm without recipients, and of addresses that are readable by everybody."""
    key = f"{pulumi.get_project()}:{SECTION}"
    if not section.notify.reaches_somebody:
        pulumi.log.info(
            f"{key}: notify names nobody yet, so nobody hears of the alarms; add emails, https, slack or teams "
            "(greenai-infra select PLAN --notify EMAIL)"
        )
    if section.notify.https and not is_config_secret(key):
        pulumi.log.warn(
            f"{key}: notify.https stands in the stack's file as plain text, and the engine prints config; if an "
            "address holds a token, encrypt it: pulumi config set --secret --path 'alarms.notify.https[0]' URL"
        )


def check_plan_fits(
    budget: Budget,
    slices: Sequence[tuple[datetime, datetime]],
    config: TrainingConfig | GcpTrainingConfig,
    provider: str,
) -> None:
    """Hold a planned run against the daily budget. Raises pulumi.RunError if the kill switch would stop that run.

    What trackers report is operational: energy x PUE x intensity. The plan's emissions hold transfer and the embodied
    share too, so its energy is taken. Without a PUE of the region in the catalog, the least it can be is taken, 1.
    """
    if budget.section is None or config.planned is None:
        return
    from greenai_infra.contracts.stack.alarms import busiest_day_kg
    from greenai_infra.footprint.equation import operational_kg

    daily, key = budget.section.daily_budget_kg, f"{pulumi.get_project()}:{SECTION}"
    pue, least, known = _pue(provider, config.region)
    operational = operational_kg(config.planned.energy_kwh, pue, config.carbon.intensity_g_per_kwh)
    most = busiest_day_kg(slices, operational)
    if most <= daily:
        return
    what = (
        f"{key}: daily_budget_kg: the planned run emits {least}{most:.3g} kg CO2e within a day ({known}), "
        f"the budget is {daily:g} kg"
    )
    if budget.section.kill_switch:
        raise bad_config(f"{what}, so the kill switch would stop it; raise the budget or turn kill_switch off")
    pulumi.log.warn(f"{what}: its alarm will go off on the plan itself")


def check_load_fits(budget: Budget, requests_per_second: float | None, config: InferenceConfig) -> None:
    """Warn of a planned load that uses up the daily budget: requests x energy x PUE x intensity."""
    if budget.section is None or config.planned is None or requests_per_second is None:
        return
    from greenai_infra.footprint.equation import operational_kg

    kwh_a_day = requests_per_second * 86_400 * config.planned.energy_j_per_request / 3.6e6
    pue, least, known = _pue(config.provider, config.region)
    daily_kg = operational_kg(kwh_a_day, pue, config.carbon.intensity_g_per_kwh)
    limit_kg = budget.section.daily_budget_kg
    if daily_kg > limit_kg:
        pulumi.log.warn(
            f"{pulumi.get_project()}:{SECTION}: daily_budget_kg: the planned load emits {least}{daily_kg:.3g} kg "
            f"CO2e a day ({known}), the budget is {limit_kg:g} kg: its alarm will go off on the plan itself"
        )


def _pue(provider: str, region: str) -> tuple[float, str, str]:
    """The region's PUE, or 1, the least; `at least ` in that case, and what the kilograms are, in words."""
    from greenai_infra.contracts.planned import known_pue

    pue = known_pue(provider, region)
    return (1.0, "at least ", "before PUE") if pue is None else (pue, "", "operational, with PUE")


def declare_budget(
    budget: Budget, config: TrainingConfig | InferenceConfig, site: Site, *, jobs: bool
) -> dict[str, Any]:
    """Declare an AWS stack's alarms, or read those of the stack that has them; the outputs to export.

    `jobs`: whether the stack runs training jobs (else an endpoint, which runs on).
    """
    if budget.section is not None:
        from greenai_infra.stacks.aws.alarms.budget import CarbonBudget, CarbonBudgetArgs

        args = CarbonBudgetArgs(config, budget.section, jobs, site)
        return dict(CarbonBudget(f"{site.name}-budget", args).outputs)
    return referenced_budget(budget, config, site.region)


def referenced_budget(budget: Budget, config: Tagged, region: str) -> dict[str, Any]:
    """Returns outputs that name the other stack with the alarms; empty without a named stack."""
    if not budget.stack:
        return {}
    return {"budget_alarm_arn": _referenced_alarm(budget.stack, config, region), "alarms_stack": budget.stack}


def _referenced_alarm(stack: str, config: Tagged, region: str) -> Any:
    """ARN of the budget alarm in another stack. It has to watch the same project, environment and region."""
    full = stack if "/" in stack else f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    other = pulumi.StackReference(full)
    wanted = {"project": config.project, "environment": config.environment, "region": region}
    found = {name: other.get_output(f"budget_{name}") for name in wanted}

    def checked(values: dict[str, Any]) -> Any:
        key = f"{pulumi.get_project()}:{REFERENCE}"
        if not values["arn"]:
            raise pulumi.RunError(
                f"{key}: stack {stack} has no output budget_alarm_arn; it has to run program alarms, and be up"
            )
        for name, value in wanted.items():
            if values[name] != value:
                raise pulumi.RunError(
                    f"{key}: stack {stack} watches {name} '{values[name]}', this stack has '{value}'; "
                    "name a stack whose alarms watch the same project, environment and region"
                )
        return values["arn"]

    return pulumi.Output.all(arn=other.get_output("budget_alarm_arn"), **found).apply(checked)
