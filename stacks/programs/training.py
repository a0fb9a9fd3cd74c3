"""The program `training`: one region of AWS or Google Cloud that trains one workload when the plan says."""

from __future__ import annotations

from typing import Any

from programs.carbon_budget import check_plan_fits, declare_budget, read_budget
from programs.config import read_provider, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what a person needs to use it."""
    return {"aws": _aws, "gcp": _gcp}[read_provider("training")]()


def _aws() -> dict[str, Any]:
    from components.aws.training.region import TrainingRegion, TrainingRegionArgs
    from greenai_infra.deploy.stack_configs.training import TRAINING_EXAMPLE, read_training_config

    config = read_section("training", read_training_config, TRAINING_EXAMPLE)
    budget = read_budget()
    check_plan_fits(budget, [(one.start, one.end) for one in config.slices], config, "aws")
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    return region.outputs | declare_budget(budget, config, region.site, jobs=True)


def _gcp() -> dict[str, Any]:
    from components.gcp.training.region import GcpTrainingRegion, GcpTrainingRegionArgs
    from greenai_infra.deploy.stack_configs.gcp_training import GCP_TRAINING_EXAMPLE, read_gcp_training_config
    from programs.gcp_budget import declare_gcp_budget, read_gcp_budget

    config = read_section("training", read_gcp_training_config, GCP_TRAINING_EXAMPLE)
    budget = read_gcp_budget()
    check_plan_fits(budget, [(one.start, one.end) for one in config.slices], config, "gcp")
    region = GcpTrainingRegion(config.workload, GcpTrainingRegionArgs(config))
    return region.outputs | declare_gcp_budget(budget, config, region.site, jobs=True)
