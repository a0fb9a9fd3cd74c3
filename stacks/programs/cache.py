"""The program `cache`: a cache of a model's answers in one region, on the cloud that its section names."""

from __future__ import annotations

from typing import Any

from greenai_infra.deploy.stack_configs.cache import CACHE_EXAMPLE, read_cache_config
from programs.config import read_provider, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what clients need to connect."""
    if read_provider("cache") == "gcp":
        from programs import gcp_cache

        return gcp_cache.run()
    config = read_section("cache", read_cache_config, CACHE_EXAMPLE)
    from components.aws.cache.inference_cache import InferenceCache, InferenceCacheArgs

    return dict(InferenceCache(config.workload, InferenceCacheArgs(config)).outputs)
