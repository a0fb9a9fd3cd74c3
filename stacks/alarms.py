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
    from greenai_infra.stacks.aws.alarms.budget import CarbonBudget, CarbonBudgetArgs
    from greenai_infra.stacks.aws.site import Site
    from greenai_infra.stacks.budget import warn_of_gaps
    from greenai_infra.stacks.tags import aws_tags, stack_facts

    config = read_section("alarms", read_alarms_config, ALARMS_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(config)
    site = Site(config.workload, config.region, aws_tags(stack_facts(config)))
    return dict(CarbonBudget(config.workload, CarbonBudgetArgs(site, config, config.carbon, config)).outputs)


def gcp() -> dict[str, Any]:
    """Alert policies of Cloud Monitoring, and their channels."""
    from greenai_infra.contracts.stack.gcp_alarms import GCP_ALARMS_EXAMPLE, read_gcp_alarms_config
    from greenai_infra.stacks.gcp.alarms.budget import GcpCarbonBudget, GcpCarbonBudgetArgs
    from greenai_infra.stacks.gcp.site import Site
    from greenai_infra.stacks.gcp_budget import warn_of_gaps
    from greenai_infra.stacks.tags import gcp_labels, stack_facts

    config = read_section("alarms", read_gcp_alarms_config, GCP_ALARMS_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(config)
    site = Site(config.workload, config.gcp_project, config.region, gcp_labels(stack_facts(config)))
    return dict(GcpCarbonBudget(config.workload, GcpCarbonBudgetArgs(site, config, config)).outputs)
