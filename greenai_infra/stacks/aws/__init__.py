"""Components of Amazon Web Services: `from greenai_infra.stacks.aws import TrainingRegion, TrainingRegionArgs`.

A component takes a name, typed arguments and Pulumi's options. All resource names begin with that name, so a program
may hold several components, even for one workload. Using a component's name imports only that component.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenai_infra.stacks import public

if TYPE_CHECKING:
    from greenai_infra.stacks.aws.alarms.budget import CarbonBudget, CarbonBudgetArgs
    from greenai_infra.stacks.aws.cache.inference_cache import InferenceCache, InferenceCacheArgs
    from greenai_infra.stacks.aws.inference.endpoint import InferenceEndpoint, InferenceEndpointArgs
    from greenai_infra.stacks.aws.ledger.carbon_ledger import CarbonLedger, CarbonLedgerArgs
    from greenai_infra.stacks.aws.training.multi_region import MultiRegionTraining
    from greenai_infra.stacks.aws.training.region import TrainingRegion, TrainingRegionArgs

__all__ = [
    "CarbonBudget",
    "CarbonBudgetArgs",
    "CarbonLedger",
    "CarbonLedgerArgs",
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
    "CarbonLedger": "ledger.carbon_ledger",
    "InferenceCache": "cache.inference_cache",
    "InferenceEndpoint": "inference.endpoint",
    "MultiRegionTraining": "training.multi_region",
    "TrainingRegion": "training.region",
}


def __getattr__(name: str) -> Any:
    return public(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
