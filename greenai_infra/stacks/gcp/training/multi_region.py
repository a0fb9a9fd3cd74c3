"""Training in one of several regions: all are ready, and the active region starts the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from greenai_infra.stacks.gcp.training.region import TrainingRegion, TrainingRegionArgs
from greenai_infra.stacks.names import regional_name
from greenai_infra.stacks.regions import active_config, regional_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig


class MultiRegionTraining(pulumi.ComponentResource):  # type: ignore[misc]
    """A `TrainingRegion` in each of the regions; the job of Cloud Scheduler is paused in all but the active one.

    `run` is the current plan of the active region, if it differs from the plan it was built with. It is in that job,
    so a new plan that moves the run changes only two such jobs. `outputs` are those of the active
    region, and under `regions` the data and image of each region. `in_order` begins with the active region.
    """

    def __init__(
        self,
        name: str,
        regions: Sequence[GcpTrainingConfig],
        *,
        active: str,
        run: GcpTrainingConfig | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("greenai:gcp:MultiRegionTraining", name, None, opts)
        run = run or active_config(name, regions, active)
        self.regions = {
            config.region: TrainingRegion(
                regional_name(name, config.region),
                TrainingRegionArgs(config, run if config.region == active else config, active=config.region == active),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for config in regions
        }
        self.active = self.regions[active]
        self.in_order = [self.active, *(one for place, one in self.regions.items() if place != active)]
        self.outputs = regional_outputs(self.regions, active)
        self.register_outputs(self.outputs)
