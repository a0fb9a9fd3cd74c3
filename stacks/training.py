"""Trains one workload in one region of AWS or Google Cloud, when the plan says."""

from __future__ import annotations

from typing import Any

from greenai_infra.stacks.config import read_provider, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what a person needs to use it."""
    return {"aws": aws, "gcp": gcp}[read_provider("training")]()


def aws() -> dict[str, Any]:
    """SageMaker jobs in the planned slices, and the carbon budget's alarms."""
    from greenai_infra.contracts.stack.training import TRAINING_EXAMPLE, read_training_config
    from greenai_infra.stacks.aws import TrainingRegion, TrainingRegionArgs
    from greenai_infra.stacks.budget import check_plan_fits, declare_budget, read_budget

    config, budget = read_section("training", read_training_config, TRAINING_EXAMPLE), read_budget()
    check_plan_fits(budget, [(run.start, run.end) for run in config.slices], config, "aws")
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    return region.outputs | declare_budget(budget, config, region.site, jobs=True)


def gcp() -> dict[str, Any]:
    """Vertex AI jobs in the planned slices, and the carbon budget's alert policies."""
    from greenai_infra.contracts.stack.gcp_training import GCP_TRAINING_EXAMPLE, read_gcp_training_config
    from greenai_infra.stacks.budget import check_plan_fits
    from greenai_infra.stacks.gcp import TrainingRegion, TrainingRegionArgs
    from greenai_infra.stacks.gcp_budget import declare_gcp_budget, read_gcp_budget

    config = read_section("training", read_gcp_training_config, GCP_TRAINING_EXAMPLE)
    budget = read_gcp_budget()
    check_plan_fits(budget, [(run.start, run.end) for run in config.slices], config, "gcp")
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    return region.outputs | declare_gcp_budget(budget, config, region.site, jobs=True)
