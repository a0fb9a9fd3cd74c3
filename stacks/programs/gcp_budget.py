"""The carbon budget on Google Cloud: in a stack of its own, or in one that builds something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_config_secret

from greenai_infra.deploy.stack_configs.alarms import BUDGET_EXAMPLE
from greenai_infra.deploy.stack_configs.gcp_alarms import (
    GCP_ALARMS_EXAMPLE,
    GcpBudgetSection,
    read_gcp_alarms_config,
    read_gcp_budget_section,
)
from programs.carbon_budget import REFERENCE, SECTION, Budget, read_budget, referenced_budget, warn_of_gaps
from programs.config import read_section

if TYPE_CHECKING:
    from components.gcp.site import Site
    from greenai_infra.deploy.stack_configs.fields import CarbonTagged


def run() -> dict[str, Any]:
    """The program `alarms`: declare the stack; what other stacks and people need of it."""
    from components.gcp.alarms.budget import GcpCarbonBudget, GcpCarbonBudgetArgs
    from components.gcp.site import Site
    from components.tags import gcp_labels, stack_facts

    config = read_section(SECTION, read_gcp_alarms_config, GCP_ALARMS_EXAMPLE, secrets_allowed=True)
    _warn(config)
    site = Site(config.workload, config.gcp_project, config.region, gcp_labels(stack_facts(config)))
    return dict(GcpCarbonBudget(config.workload, GcpCarbonBudgetArgs(site, config, config)).outputs)


def read_gcp_budget() -> Budget:
    """The budget that the config of a stack on Google Cloud gives. Raises pulumi.RunError if it can't be used."""
    if pulumi.Config().get(SECTION) is None or pulumi.Config().get(REFERENCE):
        return read_budget()  # of another stack, or none; if both are given, it says that one is too much
    section = read_section(SECTION, read_gcp_budget_section, BUDGET_EXAMPLE, secrets_allowed=True)
    _warn(section)
    return Budget(section=section)


def _warn(section: GcpBudgetSection) -> None:
    """Tell of an alarm that nobody would hear, and of what anybody could read."""
    warn_of_gaps(section)
    key = f"{pulumi.get_project()}:{SECTION}"
    if section.notify.slack_channel is not None and not is_config_secret(key):
        pulumi.log.warn(
            f"{key}: notify.slack_channel.token stands in the stack's file as plain text; encrypt it: "
            "pulumi config set --secret --path 'alarms.notify.slack_channel.token' TOKEN"
        )


def declare_gcp_budget(budget: Budget, config: CarbonTagged, site: Site, *, jobs: bool) -> dict[str, Any]:
    """Declare the stack's alert policies, or read those of the stack that has them; the outputs to export."""
    if budget.section is not None:
        from components.gcp.alarms.budget import GcpCarbonBudget, GcpCarbonBudgetArgs

        assert isinstance(budget.section, GcpBudgetSection)  # as `read_gcp_budget` reads it
        args = GcpCarbonBudgetArgs(site, config, budget.section, jobs)
        return dict(GcpCarbonBudget(f"{config.workload}-budget", args).outputs)
    return referenced_budget(budget, config, site.region)
