"""A cache of a model's answers in one region: ElastiCache on AWS, Memorystore on Google Cloud."""

from __future__ import annotations

from typing import Any

from greenai_infra.stacks.config import read_provider, read_section


def run() -> dict[str, Any]:
    """Declare the stack; what clients need to connect."""
    return {"aws": aws, "gcp": gcp}[read_provider("cache")]()


def aws() -> dict[str, Any]:
    """ElastiCache for Valkey."""
    from greenai_infra.contracts.stack.cache import CACHE_EXAMPLE, read_cache_config
    from greenai_infra.stacks.aws import InferenceCache, InferenceCacheArgs

    config = read_section("cache", read_cache_config, CACHE_EXAMPLE)
    return dict(InferenceCache(config.workload, InferenceCacheArgs(config)).outputs)


def gcp() -> dict[str, Any]:
    """Memorystore for Valkey."""
    from greenai_infra.contracts.stack.gcp_cache import GCP_CACHE_EXAMPLE, read_gcp_cache_config
    from greenai_infra.stacks.gcp import InferenceCache, InferenceCacheArgs

    config = read_section("cache", read_gcp_cache_config, GCP_CACHE_EXAMPLE)
    return dict(InferenceCache(config.workload, InferenceCacheArgs(config)).outputs)
