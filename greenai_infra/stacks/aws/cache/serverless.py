"""A cache that grows and shrinks by itself, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

if TYPE_CHECKING:
    import pulumi

    from greenai_infra.contracts.stack.cache import CacheConfig, Serverless
    from greenai_infra.stacks.aws.cache.parts import CacheParts

PORTS = (6379, 6380)
"""Writes and reads; reads that may be a little old."""


def serverless_cache(config: CacheConfig, limits: Serverless, parts: CacheParts, opts: pulumi.ResourceOptions) -> Any:
    """ElastiCache Serverless for Valkey. Encryption in transit is always on there."""
    site = parts.site
    return aws.elasticache.ServerlessCache(
        f"{site.name}-cache",
        name=site.name,
        description=f"Answers of {site.workload}",
        engine="valkey",
        major_engine_version=config.engine_version.split(".")[0],
        cache_usage_limits={
            "data_storage": {"maximum": limits.max_data_gb, "unit": "GB"},
            "ecpu_per_seconds": [{"maximum": limits.max_ecpu_per_second}],
        },
        # Without snapshots, the snapshot time must be empty.
        daily_snapshot_time="03:00" if config.snapshot_retention_days else None,
        snapshot_retention_limit=config.snapshot_retention_days,
        kms_key_id=parts.key_arn,
        security_group_ids=[parts.security_group_id],
        subnet_ids=list(parts.subnet_ids),
        user_group_id=parts.user_group_id,
        region=site.region,
        tags=dict(site.tags),
        opts=opts,
    )
