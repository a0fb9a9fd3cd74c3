"""When a cache becomes too small: alarms on memory, evictions, connections and, serverless, requests.

Each node reports separately. An alarm covers a shard: the worst of its nodes, or for evictions their sum. An alarm
takes at most ten metrics, and a shard has at most six nodes. A serverless cache reports as a whole, under the dimension
`clusterId`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from greenai_infra.stacks.aws.cache.replication_group import node_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from greenai_infra.contracts.stack.cache import CacheConfig
    from greenai_infra.stacks.aws.site import Site

NAMESPACE = "AWS/ElastiCache"
PERIOD_SECONDS = 60
OF_PERIODS = 5
"""An alarm looks at five minutes, and rings when three of them were too high."""
RINGING_PERIODS = 3
BYTES_PER_GB = 1e9


@dataclass(frozen=True)
class Watch:
    """A watch: a metric, how its values within a minute and over several nodes are aggregated, and a limit."""

    what: str
    metric: str
    statistic: str
    together: str
    limit: float
    words: str


def node_watches(config: CacheConfig) -> list[Watch]:
    """What is watched of each shard."""
    limits = config.alarms
    return [
        Watch("memory", "DatabaseMemoryUsagePercentage", "Maximum", "MAX", limits.memory_percent, "% of memory used"),
        Watch("evictions", "Evictions", "Sum", "SUM", limits.evictions_per_minute, "keys evicted a minute"),
        Watch("connections", "CurrConnections", "Maximum", "MAX", limits.connections, "connections to one node"),
    ]


def serverless_watches(config: CacheConfig) -> list[Watch]:
    """Returns the watches of a serverless cache, which has separate limits."""
    limits, serverless = config.alarms, config.serverless
    assert serverless is not None
    stored = limits.memory_percent / 100 * serverless.max_data_gb * BYTES_PER_GB
    requests = limits.requests_percent / 100 * serverless.max_ecpu_per_second * PERIOD_SECONDS
    return [
        Watch("memory", "BytesUsedForCache", "Maximum", "MAX", stored, "bytes stored"),
        Watch("requests", "ElastiCacheProcessingUnits", "Sum", "SUM", requests, "processing units a minute"),
        Watch("evictions", "Evictions", "Sum", "SUM", limits.evictions_per_minute, "keys evicted a minute"),
        Watch("connections", "CurrConnections", "Maximum", "MAX", limits.connections, "connections"),
    ]


def cache_alarms(config: CacheConfig, site: Site, topic_arn: Any, opts: pulumi.ResourceOptions) -> list[Any]:
    """All alarms of a cache; each tells the topic when it rings and when it is over."""
    if config.replication_group is None:
        dimensions = [{"clusterId": site.name}]
        return [_alarm(site, watch, "", dimensions, topic_arn, opts) for watch in serverless_watches(config)]
    shards = node_names(site.name, config.replication_group)
    return [
        _alarm(site, watch, f"-{number}", [{"CacheClusterId": node} for node in nodes], topic_arn, opts)
        for number, nodes in enumerate(shards, start=1)
        for watch in node_watches(config)
    ]


def _alarm(
    site: Site,
    watch: Watch,
    suffix: str,
    dimensions: Sequence[dict[str, str]],
    topic_arn: Any,
    opts: pulumi.ResourceOptions,
) -> Any:
    shard = f" in shard {suffix[1:]}" if suffix else ""
    return aws.cloudwatch.MetricAlarm(
        f"{site.name}-{watch.what}{suffix}",
        alarm_description=f"Cache {site.workload}{shard}: more than {watch.limit:g} {watch.words}",
        comparison_operator="GreaterThanThreshold",
        threshold=watch.limit,
        evaluation_periods=OF_PERIODS,
        datapoints_to_alarm=RINGING_PERIODS,
        # An unused cache may report no data; clients notice a missing cache first.
        treat_missing_data="notBreaching",
        **_metric(watch, dimensions),
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        region=site.region,
        tags=dict(site.tags),
        opts=opts,
    )


def _metric(watch: Watch, dimensions: Sequence[dict[str, str]]) -> dict[str, Any]:
    if len(dimensions) == 1:
        return {
            "namespace": NAMESPACE,
            "metric_name": watch.metric,
            "statistic": watch.statistic,
            "period": PERIOD_SECONDS,
            "dimensions": dimensions[0],
        }
    nodes = [
        {
            "id": f"node{number}",
            "metric": {
                "namespace": NAMESPACE,
                "metric_name": watch.metric,
                "stat": watch.statistic,
                "period": PERIOD_SECONDS,
                "dimensions": one,
            },
        }
        for number, one in enumerate(dimensions, start=1)
    ]
    ids = ", ".join(str(node["id"]) for node in nodes)
    total = {
        "id": "shard",
        "expression": f"{watch.together}([{ids}])",
        "label": watch.words,
        "return_data": True,
    }
    return {"metric_queries": [total, *nodes]}
