"""The program `cache`: a cache of a model's answers in one region, on the cloud that its section names."""

from __future__ import annotations

import pulumi

from greenai_infra.deploy.stack_configs.cache import CACHE_EXAMPLE, read_cache_config
from programs.config import read_provider, read_section


def run() -> None:
    """Declare the stack and export what clients need to connect."""
    if read_provider("cache") == "gcp":
        from programs import gcp_cache

        return gcp_cache.run()
    config = read_section("cache", read_cache_config, CACHE_EXAMPLE)
    from components.aws.cache.inference_cache import InferenceCache, InferenceCacheArgs

    cache = InferenceCache(config.workload, InferenceCacheArgs(config))
    for name, value in cache.outputs.items():
        pulumi.export(name, value)
    return None
