"""The program `alarms`: the carbon budget of one project in one region, in a stack of its own."""

from __future__ import annotations

from typing import Any

from programs.carbon_budget import warn_of_gaps
from programs.config import read_provider, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what other stacks and people need of it. SDKs of its own cloud only."""
    if read_provider("alarms") == "gcp":
        from programs import gcp_budget

        return gcp_budget.run()
    from components.aws.alarms.budget import CarbonBudget, CarbonBudgetArgs
    from components.aws.site import Site
    from components.tags import aws_tags, stack_facts
    from greenai_infra.deploy.stack_configs.alarms import ALARMS_EXAMPLE, read_alarms_config

    config = read_section("alarms", read_alarms_config, ALARMS_EXAMPLE, secrets_allowed=True)
    warn_of_gaps(config)
    site = Site(config.workload, config.region, aws_tags(stack_facts(config)))
    return dict(CarbonBudget(config.workload, CarbonBudgetArgs(site, config, config.carbon, config)).outputs)
