"""Energy and emissions by calculation, before anything is run: `estimate.inference(...)`, as `greenai-infra estimate`.

Each function returns figures with their band and notes; `as_json()` of the result is what the command prints.
"""

from __future__ import annotations

from greenai_infra.estimates.cache import estimate_cache as cache
from greenai_infra.estimates.distillation import estimate_distillation as distillation
from greenai_infra.estimates.precisions import compare_precisions
from greenai_infra.estimates.request import estimate_inference as inference
from greenai_infra.planning.training_estimate import estimate_training as training

__all__ = ["cache", "compare_precisions", "distillation", "inference", "training"]
