"""The program `training`: one AWS region that trains one workload when the plan says."""

from __future__ import annotations

import pulumi

from components.aws.training.region import TrainingRegion, TrainingRegionArgs
from greenai_infra.deploy.stack_configs.training import TRAINING_EXAMPLE, read_training_config
from programs.carbon_budget import check_plan_fits, declare_budget, read_budget
from programs.config import read_section


def run() -> None:
    """Declare the stack and export what a person needs to use it."""
    config = read_section("training", read_training_config, TRAINING_EXAMPLE)
    budget = read_budget()
    check_plan_fits(budget, [(one.start, one.end) for one in config.slices], config.planned.emissions_kg)
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    outputs = region.outputs | declare_budget(budget, config, region.site, jobs=True)
    for name, value in outputs.items():
        pulumi.export(name, value)
