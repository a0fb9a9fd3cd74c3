"""Names by which a project that version 0.1 wrote imports what its copied stacks need: `init --upgrade` moves it on.

Such a project's programs import this package before any of their components.
"""

from __future__ import annotations

import sys
from importlib import import_module

_SECTIONS = (
    "alarms", "cache", "fields", "gcp_alarms", "gcp_cache", "gcp_inference", "gcp_training", "inference", "ledger",
    "runs", "serving", "training",
)  # fmt: skip
_NAMES = {
    "deploy.ruled_out": "pinning.ruled_out",
    "deploy.scripts": "templates",
    "deploy.stack_configs": "contracts.stack",
    **{f"deploy.stack_configs.{name}": f"contracts.stack.{name}" for name in _SECTIONS},
    "deploy.standing": "contracts",
    "deploy.standing.planned": "contracts.planned",
    "monitoring.burn_rate": "contracts.burn_rate",
    "monitoring.gcp_metrics": "contracts.gcp_metrics",
    "monitoring.metrics": "contracts.metrics",
    "policy.labels": "contracts.labels",
    "serving.connection": "contracts.cache_connection",
}

for _old, _new in _NAMES.items():
    sys.modules[f"greenai_infra.{_old}"] = import_module(f"greenai_infra.{_new}")
