"""The carbon budget on Google Cloud: in a stack that builds something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime import is_config_secret

from greenai_infra.contracts.stack.alarms import BUDGET_EXAMPLE
from greenai_infra.contracts.stack.gcp_alarms import (
    GcpBudgetSection,
    read_gcp_budget_section,
)
from greenai_infra.stacks import budget as aws_budget
from greenai_infra.stacks.budget import REFERENCE, SECTION, Budget, read_budget, referenced_budget
from greenai_infra.stacks.config import read_section

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_inference import GcpInferenceConfig
    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig
    from greenai_infra.stacks.gcp.site import Site


def read_gcp_budget() -> Budget:
    """The budget that the config of a stack on Google Cloud gives. Raises pulumi.RunError if it can't be used."""
    if pulumi.Config().get(SECTION) is None or pulumi.Config().get(REFERENCE):
        return read_budget()  # another stack's budget, or none; refuses both keys together
    section = read_section(SECTION, read_gcp_budget_section, BUDGET_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(section)
    return Budget(section=section)


def warn_of_gaps(section: GcpBudgetSection) -> None:
    """Warns of an alarm without recipients, and of settings that are readable by everybody."""
    aws_budget.warn_of_gaps(section)
    key = f"{pulumi.get_project()}:{SECTION}"
    if section.notify.slack_channel is not None and not is_config_secret(key):
        pulumi.log.warn(
            f"{key}: notify.slack_channel.token stands in the stack's file as plain text; encrypt it: "
            "pulumi config set --secret --path 'alarms.notify.slack_channel.token' TOKEN"
        )


def declare_gcp_budget(
    budget: Budget, config: GcpTrainingConfig | GcpInferenceConfig, site: Site, *, jobs: bool
) -> dict[str, Any]:
    """Declare the stack's alert policies, or read those of the stack that has them; the outputs to export."""
    if budget.section is not None:
        from greenai_infra.stacks.gcp.alarms.budget import CarbonBudget, CarbonBudgetArgs

        assert isinstance(budget.section, GcpBudgetSection)  # as `read_gcp_budget` reads it
        args = CarbonBudgetArgs(config, budget.section, jobs, site)
        return dict(CarbonBudget(f"{site.name}-budget", args).outputs)
    return referenced_budget(budget, config, site.region)
