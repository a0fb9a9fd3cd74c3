"""Standing charges of ElastiCache: nodes by the hour; a serverless cache by the least that is metered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.cache_nodes import cache_nodes
from greenai_infra.catalog.processors import processors
from greenai_infra.contracts.declared import plain
from greenai_infra.footprint.standing import HOURS_PER_MONTH, node_power_w
from greenai_infra.previews.standing.charge import Charge, unknown
from greenai_infra.previews.standing.prices import priced

if TYPE_CHECKING:
    from greenai_infra.catalog.cache_nodes import CacheNode
    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.previews.standing.charge import Rule, Surroundings

LEAST_METERED_GB = 0.1
"""100 MB: what a serverless Valkey cache is billed for when it is empty (AWS's pricing page)."""


def replication_group(resource: DeclaredResource, _: Surroundings) -> Charge:
    """All nodes of all shards."""
    inputs = plain(dict(resource.inputs))
    nodes, node_type = _node_count(inputs), inputs.get("nodeType")
    if nodes is None or not isinstance(node_type, str):
        return unknown("cache nodes", "its node type or number of nodes is known only after up")
    what = f"{nodes} x {node_type}"
    node = cache_nodes().get(node_type)
    power_w, energy_source, energy_reason = _power(node, node_type)
    item = f"elasticache-{inputs.get('engine')}:{node_type}"
    price = priced("aws", item, resource.region, nodes * HOURS_PER_MONTH)
    return Charge(
        what,
        None if power_w is None else power_w * nodes,
        price.usd,
        energy_source,
        price.source,
        "; ".join(filter(None, (energy_reason, price.reason))),
        price.band,
    )


def serverless_cache(resource: DeclaredResource, _: Surroundings) -> Charge:
    """The metered minimum, or the minimum that the cache is configured to keep."""
    inputs = plain(dict(resource.inputs))
    stored = ((inputs.get("cacheUsageLimits") or {}).get("dataStorage") or {}).get("minimum")
    stored_gb = float(stored) if isinstance(stored, int | float) else LEAST_METERED_GB
    no_energy = "no figure is published for what a serverless cache draws"
    if inputs.get("engine") != "valkey":
        return unknown("serverless cache", f"{no_energy}; list prices are known for engine valkey only")
    item, hours = "elasticache-valkey:serverless-data", HOURS_PER_MONTH
    price = priced("aws", item, resource.region, stored_gb * hours)
    by_use = "data beyond it and requests are billed by use" if price.usd is not None else ""
    what = f"serverless cache, {stored_gb:g} GB at least"
    note = "; ".join(filter(None, (no_energy, by_use, price.reason)))
    return Charge(what, None, price.usd, "", price.source, note, price.band)


def _node_count(inputs: dict[str, object]) -> int | None:
    shards, replicas = inputs.get("numNodeGroups"), inputs.get("replicasPerNodeGroup")
    single = inputs.get("numCacheClusters")
    if isinstance(single, int | float):
        return int(single)
    if isinstance(shards, int | float):
        return int(shards) * (1 + (int(replicas) if isinstance(replicas, int | float) else 0))
    return None


def _power(node: CacheNode | None, node_type: str) -> tuple[float | None, str, str]:
    """Returns the watts of a node, the source of the figures, and why they are missing."""
    if node is None:
        return None, "", f"the catalog has no node type {node_type}"
    processor = processors().get(node.processor)
    if processor is None or node.vcpus is None or node.memory_gib is None:
        return None, "", f"no figure is known for what {node_type} draws"
    power_w = node_power_w(node.vcpus, node.memory_gib, processor.idle_w_per_vcpu, processor.full_w_per_vcpu)
    also = f" ({processor.note})" if processor.note else ""
    source = (
        f"{node.vcpus:g} vCPU of {processor.processor} at half load and {node.memory_gib:g} GiB, {power_w:.1f} W a "
        f"node, before PUE: {processor.source}{also}; Cloud Carbon Footprint's method"
    )
    return power_w, source, ""


RULES: dict[str, Rule] = {
    "aws:elasticache/replicationGroup:ReplicationGroup": replication_group,
    "aws:elasticache/serverlessCache:ServerlessCache": serverless_cache,
}
