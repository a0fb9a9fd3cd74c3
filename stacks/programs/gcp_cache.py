"""The program `cache` on Google Cloud: Memorystore for Valkey."""

from __future__ import annotations

from typing import Any

from components.gcp.cache.memorystore import InferenceCache, InferenceCacheArgs
from greenai_infra.deploy.stack_configs.gcp_cache import GCP_CACHE_EXAMPLE, read_gcp_cache_config
from programs.config import read_section


def run() -> dict[str, Any]:
    """Declare the stack; what the cache library reads."""
    config = read_section("cache", read_gcp_cache_config, GCP_CACHE_EXAMPLE)
    return dict(InferenceCache(config.workload, InferenceCacheArgs(config)).outputs)
