"""Trains one workload in one region of AWS or Google Cloud, when the plan says; or in the active one of several."""

from __future__ import annotations

from typing import Any

from greenai_infra.contracts.stack.several_regions import SeveralRegions
from greenai_infra.stacks.config import read_provider, read_regions


def run() -> dict[str, Any]:
    """Declare the stack; what a person needs to use it."""
    return {"aws": aws, "gcp": gcp}[read_provider("training")]()


def aws() -> dict[str, Any]:
    """SageMaker jobs in the planned slices, and the carbon budget's alarms."""
    from greenai_infra.contracts.stack.training import TRAINING_EXAMPLE, read_training_config
    from greenai_infra.stacks.aws import MultiRegionTraining, TrainingRegion, TrainingRegionArgs
    from greenai_infra.stacks.budget import check_plan_fits, declare_budget, read_budget

    config, budget = read_regions("training", read_training_config, TRAINING_EXAMPLE), read_budget()
    run = config.run if isinstance(config, SeveralRegions) else config
    check_plan_fits(budget, [(one.start, one.end) for one in run.slices], run, "aws")
    if isinstance(config, SeveralRegions):
        several = MultiRegionTraining(run.workload, [*config.regions.values()], active=config.active, run=run)
        watched = [declare_budget(budget, one.config, one.site, jobs=True) for one in several.in_order]
        return several.outputs | watched[0]
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    return region.outputs | declare_budget(budget, config, region.site, jobs=True)


def gcp() -> dict[str, Any]:
    """Vertex AI jobs in the planned slices, and the carbon budget's alert policies."""
    from greenai_infra.contracts.stack.gcp_training import GCP_TRAINING_EXAMPLE, read_gcp_training_config
    from greenai_infra.stacks.budget import check_plan_fits
    from greenai_infra.stacks.gcp import MultiRegionTraining, TrainingRegion, TrainingRegionArgs
    from greenai_infra.stacks.gcp_budget import declare_gcp_budget, read_gcp_budget

    config = read_regions("training", read_gcp_training_config, GCP_TRAINING_EXAMPLE)
    budget = read_gcp_budget()
    run = config.run if isinstance(config, SeveralRegions) else config
    check_plan_fits(budget, [(one.start, one.end) for one in run.slices], run, "gcp")
    if isinstance(config, SeveralRegions):
        several = MultiRegionTraining(run.workload, [*config.regions.values()], active=config.active, run=run)
        watched = [declare_gcp_budget(budget, one.config, one.site, jobs=True) for one in several.in_order]
        return several.outputs | watched[0]
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    return region.outputs | declare_gcp_budget(budget, config, region.site, jobs=True)
