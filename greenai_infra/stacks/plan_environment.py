"""The plan as passed to a container, on any cloud: measured emissions are compared with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.clock import format_time, hours_between
from greenai_infra.stacks.tags import number

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.gcp_training import GcpTrainingConfig
    from greenai_infra.contracts.stack.inference import InferenceConfig
    from greenai_infra.contracts.stack.training import TrainingConfig


def plan_environment(config: TrainingConfig | GcpTrainingConfig | InferenceConfig) -> dict[str, str]:
    """Environment variables with the carbon facts of the plan, for the tracker in the container."""
    carbon, planned = config.carbon, config.planned
    return {
        "GREENAI_PROJECT": config.project,
        "GREENAI_TEAM": config.team,
        "GREENAI_WORKLOAD": config.workload,
        "GREENAI_ENVIRONMENT": config.environment,
        "GREENAI_REGION": config.region,
        **(
            {
                "GREENAI_PLAN_ID": planned.plan_id,
                "GREENAI_PLANNED_ENERGY_KWH": number(planned.energy_kwh),
                "GREENAI_PLANNED_EMISSIONS_KG": number(planned.emissions_kg),
                **_hours(config),
            }
            if planned
            else {}
        ),
        "GREENAI_INTENSITY_G_PER_KWH": number(carbon.intensity_g_per_kwh),
        "GREENAI_INTENSITY_ZONE": carbon.zone,
        "GREENAI_INTENSITY_SIGNAL": carbon.signal,
        "GREENAI_INTENSITY_BASIS": carbon.basis,
        "GREENAI_INTENSITY_SOURCE": carbon.source[:512],
        "GREENAI_INTENSITY_OBSERVED_AT": format_time(carbon.observed_at),
    }


def _hours(config: TrainingConfig | GcpTrainingConfig | InferenceConfig) -> dict[str, str]:
    """How long training was planned to run, all slices together; serving has no end."""
    slices = getattr(config, "slices", ())
    hours = sum(hours_between(one.start, one.end) for one in slices)
    return {"GREENAI_PLANNED_HOURS": number(hours)} if slices else {}
