"""The program `training`: one AWS region that trains one workload when the plan says."""

from __future__ import annotations

import pulumi

from components.aws.training.region import TrainingRegion, TrainingRegionArgs
from greenai_infra.deploy.stack_configs.training import TRAINING_EXAMPLE, read_training_config
from programs.config import read_section


def run() -> None:
    """Declare the stack and export what a person needs to use it."""
    config = read_section("training", read_training_config, TRAINING_EXAMPLE)
    region = TrainingRegion(config.workload, TrainingRegionArgs(config))
    for name, value in region.outputs.items():
        pulumi.export(name, value)
