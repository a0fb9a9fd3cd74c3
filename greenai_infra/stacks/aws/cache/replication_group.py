"""A cache of nodes: shards with replicas in other zones, encrypted, with its logs in CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from greenai_infra.stacks.aws.logs import log_group

if TYPE_CHECKING:
    from greenai_infra.contracts.stack.cache import CacheConfig, ReplicationGroup
    from greenai_infra.stacks.aws.cache.parts import CacheParts

PORT = 6379
LOGS = {"slow-log": "slow", "engine-log": "engine"}


def node_names(workload: str, nodes: ReplicationGroup) -> list[list[str]]:
    """The names that ElastiCache gives to the nodes, by shard: its alarms have to be made before the nodes are."""
    each = range(1, nodes.replicas_per_shard + 2)
    if not nodes.cluster_mode:
        return [[f"{workload}-{node:03d}" for node in each]]
    return [[f"{workload}-{shard:04d}-{node:03d}" for node in each] for shard in range(1, nodes.shards + 1)]


def replication_group(
    config: CacheConfig, nodes: ReplicationGroup, parts: CacheParts, opts: pulumi.ResourceOptions
) -> Any:
    """Valkey on nodes of a chosen type; a lost primary's place is taken by a replica in another zone."""
    site = parts.site
    parameters = aws.elasticache.ParameterGroup(
        f"{site.name}-parameters",
        family=f"valkey{config.engine_version.split('.')[0]}",
        description=f"Cache of {site.workload}",
        parameters=[
            {"name": "maxmemory-policy", "value": nodes.maxmemory_policy},
            # A parameter set to its default would be shown as a change on every run.
            *([{"name": "cluster-enabled", "value": "yes"}] if nodes.cluster_mode else []),
        ],
        region=site.region,
        tags=dict(site.tags),
        opts=opts,
    )
    subnets = aws.elasticache.SubnetGroup(
        f"{site.name}-subnets",
        description=f"Private subnets of {site.workload}",
        subnet_ids=list(parts.subnet_ids),
        region=site.region,
        tags=dict(site.tags),
        opts=opts,
    )
    logs = {
        kind: log_group(site, f"cache-{what}", f"/aws/elasticache/{what}", parts.key_arn, config.retention_days, opts)
        for kind, what in LOGS.items()
    }
    size: dict[str, Any] = {"num_cache_clusters": nodes.replicas_per_shard + 1}
    if nodes.cluster_mode:
        size = {"num_node_groups": nodes.shards, "replicas_per_node_group": nodes.replicas_per_shard}
    return aws.elasticache.ReplicationGroup(
        f"{site.name}-cache",
        replication_group_id=site.name,
        description=f"Answers of {site.workload}",
        engine="valkey",
        engine_version=config.engine_version,
        node_type=nodes.node_type,
        cluster_mode="enabled" if nodes.cluster_mode else "disabled",
        **size,
        port=PORT,
        parameter_group_name=parameters.name,
        subnet_group_name=subnets.name,
        security_group_ids=[parts.security_group_id],
        user_group_ids=[parts.user_group_id],
        at_rest_encryption_enabled=True,
        kms_key_id=parts.key_arn,
        transit_encryption_enabled=True,
        transit_encryption_mode="required",
        automatic_failover_enabled=True,
        multi_az_enabled=True,
        auto_minor_version_upgrade=True,
        apply_immediately=True,  # else a change waits for the maintenance window, and `up` says it is done
        snapshot_retention_limit=config.snapshot_retention_days,
        snapshot_window="03:00-04:00" if config.snapshot_retention_days else None,
        maintenance_window="sun:04:30-sun:05:30",
        log_delivery_configurations=[
            {
                "destination": group.name,
                "destination_type": "cloudwatch-logs",
                "log_format": "json",
                "log_type": kind,
            }
            for kind, group in logs.items()
        ],
        region=site.region,
        tags=dict(site.tags),
        # Its name is fixed, so that alarms know its nodes: a new one can't be made beside the old one.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )
