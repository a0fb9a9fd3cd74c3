"""The program `alarms`: the carbon budget of one project in one region, in a stack of its own."""

from __future__ import annotations

from typing import Any

import pulumi

from programs.config import read_section


def run() -> None:
    """Declare the stack and export what other stacks and people need of it."""
    for name, value in _declare(_provider()).items():
        pulumi.export(name, value)


def _declare(provider: str) -> dict[str, Any]:
    """The outputs of the program on one cloud. SDKs are imported here: a stack needs that of its own cloud only."""
    if provider == "aws":
        return _aws()
    raise pulumi.RunError(f"{pulumi.get_project()}:alarms: provider: there is no '{provider}'; there is aws")


def _provider() -> str:
    try:
        values = pulumi.Config().get_object("alarms")
    except pulumi.ConfigTypeError:
        return "aws"  # what reads the section says what is wrong with it
    return str(values.get("provider", "aws")) if isinstance(values, dict) else "aws"


def _aws() -> dict[str, Any]:
    from components.aws.alarms.budget import CarbonBudget, CarbonBudgetArgs
    from components.aws.site import Site
    from components.tags import aws_tags, stack_facts
    from greenai_infra.deploy.stack_configs.alarms import ALARMS_EXAMPLE, read_alarms_config

    config = read_section("alarms", read_alarms_config, ALARMS_EXAMPLE, secrets_allowed=True)
    site = Site(config.workload, config.region, aws_tags(stack_facts(config)))
    return dict(CarbonBudget(config.workload, CarbonBudgetArgs(site, config, config.carbon, config)).outputs)
