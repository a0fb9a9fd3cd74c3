"""Put AI workloads on the cleanest grid that can run them, build them with Pulumi, and prove what was saved.

In Python:

    from greenai_infra import cache, check, estimate, plan, preview, regions, track

    plan("workload.yaml", source="embedded").emissions_kg
    regions(provider="aws", accelerator="H100").ranked[0].region.key
    preview("my-project", "finetune-7b-eu-north-1").findings
    check("my-project").passed
    estimate.inference("Llama-3.1-8B-Instruct", accelerator="H100", batch=64).wall_j_per_request

`track` measures what runs inside it, `cache` puts a cache before a model; README.md beside this file has an example of
each. The command line calls the same functions. Nothing behind a name is imported before the name is used. Errors that
a user can mend are `greenai_infra.errors.InputError`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from greenai_infra import estimate
    from greenai_infra.estimates.request import estimate_inference
    from greenai_infra.footprint.distillation import DistillationROI
    from greenai_infra.footprint.sci import sci
    from greenai_infra.intensity.choice.regions import regions
    from greenai_infra.ledger.carbon_budget import CarbonBudget
    from greenai_infra.planning.make import plan
    from greenai_infra.planning.training_estimate import estimate_training
    from greenai_infra.previews.gate_check import check
    from greenai_infra.previews.run import preview
    from greenai_infra.serving.cache import InferenceCache
    from greenai_infra.serving.factory import cache
    from greenai_infra.serving.metrics import CacheMetrics
    from greenai_infra.serving.semantic.cache import SemanticCache
    from greenai_infra.tracking.trainer import GreenTrainer, track

__version__ = "0.2.0"
__all__ = [
    "CacheMetrics",
    "CarbonBudget",
    "DistillationROI",
    "GreenTrainer",
    "InferenceCache",
    "SemanticCache",
    "cache",
    "check",
    "estimate",
    "estimate_inference",
    "estimate_training",
    "plan",
    "preview",
    "regions",
    "sci",
    "track",
]

_HOMES = {
    "CacheMetrics": "greenai_infra.serving.metrics",
    "CarbonBudget": "greenai_infra.ledger.carbon_budget",
    "DistillationROI": "greenai_infra.footprint.distillation",
    "GreenTrainer": "greenai_infra.tracking.trainer",
    "InferenceCache": "greenai_infra.serving.cache",
    "SemanticCache": "greenai_infra.serving.semantic.cache",
    "cache": "greenai_infra.serving.factory",
    "check": "greenai_infra.previews.gate_check",
    "estimate": "greenai_infra.estimate",
    "estimate_inference": "greenai_infra.estimates.request",
    "estimate_training": "greenai_infra.planning.training_estimate",
    "plan": "greenai_infra.planning.make",
    "preview": "greenai_infra.previews.run",
    "regions": "greenai_infra.intensity.choice.regions",
    "sci": "greenai_infra.footprint.sci",
    "track": "greenai_infra.tracking.trainer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES[name])
    return getattr(home, name, home)  # `estimate` is a module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
