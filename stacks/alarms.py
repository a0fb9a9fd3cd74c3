"""The carbon budget of one project in one region, in a stack of its own."""

from __future__ import annotations

from typing import Any

from greenai_infra.stacks.config import read_provider, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what other stacks and people need of it."""
    return {"aws": aws, "gcp": gcp}[read_provider("alarms")]()


def aws() -> dict[str, Any]:
    """CloudWatch alarms, their dashboard, and the kill switch."""
    from greenai_infra.contracts.stack.alarms import ALARMS_EXAMPLE, read_alarms_config
    from greenai_infra.stacks.aws import CarbonBudget, CarbonBudgetArgs
    from greenai_infra.stacks.budget import warn_of_gaps

    config = read_section("alarms", read_alarms_config, ALARMS_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(config)
    return dict(CarbonBudget(config.workload, CarbonBudgetArgs(config)).outputs)


def gcp() -> dict[str, Any]:
    """Alert policies of Cloud Monitoring, and their channels."""
    from greenai_infra.contracts.stack.gcp_alarms import GCP_ALARMS_EXAMPLE, read_gcp_alarms_config
    from greenai_infra.stacks.gcp import CarbonBudget, CarbonBudgetArgs
    from greenai_infra.stacks.gcp_budget import warn_of_gaps

    config = read_section("alarms", read_gcp_alarms_config, GCP_ALARMS_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(config)
    return dict(CarbonBudget(config.workload, CarbonBudgetArgs(config)).outputs)
