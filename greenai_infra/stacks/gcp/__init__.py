"""Components of Google Cloud: `from greenai_infra.stacks.gcp import TrainingRegion, TrainingRegionArgs`.

A component takes a name, typed arguments and Pulumi's options. All resource names begin with that name, so a program
may hold several components, even for one workload. Using a component's name imports only that component.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.stacks import public

if TYPE_CHECKING:
    from greenai_infra.stacks.gcp.alarms.budget import CarbonBudget, CarbonBudgetArgs
    from greenai_infra.stacks.gcp.cache.memorystore import InferenceCache, InferenceCacheArgs
    from greenai_infra.stacks.gcp.inference.region import InferenceEndpoint, InferenceEndpointArgs
    from greenai_infra.stacks.gcp.training.multi_region import MultiRegionTraining
    from greenai_infra.stacks.gcp.training.region import TrainingRegion, TrainingRegionArgs

__all__ = [
    "CarbonBudget",
    "CarbonBudgetArgs",
    "InferenceCache",
    "InferenceCacheArgs",
    "InferenceEndpoint",
    "InferenceEndpointArgs",
    "MultiRegionTraining",
    "TrainingRegion",
    "TrainingRegionArgs",
]

_HOMES = {
    "CarbonBudget": "alarms.budget",
    "InferenceCache": "cache.memorystore",
    "InferenceEndpoint": "inference.region",
    "MultiRegionTraining": "training.multi_region",
    "TrainingRegion": "training.region",
}


def __getattr__(name: str) -> Any:
    return public(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
