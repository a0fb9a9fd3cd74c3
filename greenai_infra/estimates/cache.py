"""A complete estimate of an answer cache: its node by type, a request in J or kg, savings in kWh and, by region, kg."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from greenai_infra.catalog.cache_nodes import find_cache_node
from greenai_infra.catalog.processors import processors
from greenai_infra.errors import InputError
from greenai_infra.estimates.in_place import Grid, grid_of
from greenai_infra.footprint.caching import CacheSaving
from greenai_infra.footprint.equation import JOULES_PER_KWH, operational_kg
from greenai_infra.footprint.standing import node_power_w

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True)
class CacheEstimate:
    """What a cache saves. kWh at the servers' wall, before PUE; kg CO2e with PUE, None without a region.

    `net_*` is negative where the cache costs more than it saves. `breakeven_hit_rate` is None if no hit rate pays.
    """

    daily_requests: float
    hit_rate: float
    request_j: float
    standing_w: float
    saved_kwh_per_day: float
    lookups_kwh_per_day: float
    standing_kwh_per_day: float
    net_kwh_per_day: float
    net_kwh_per_year: float
    breakeven_hit_rate: float | None
    grid: Grid | None
    net_kg_per_day: float | None
    net_kg_per_year: float | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The estimate as plain values."""
        return asdict(self)


def estimate_cache(
    *,
    daily_requests: float,
    hit_rate: float,
    lookup_j: float,
    embedding_j: float = 0.0,
    request_j: float | None = None,
    request_kg: float | None = None,
    node_type: str | None = None,
    nodes: int = 1,
    node_w: float | None = None,
    region: str | None = None,
) -> CacheEstimate:
    """What a cache saves per day and year, net of its lookups and nodes.

    A request is stated in J at the server's wall, or in kg CO2e in `region`. The nodes' power comes from `node_type`,
    an ElastiCache type, or is `node_w` each; 0 is a cache within the server. Raises InputError for unusable figures.
    """
    if (request_j is None) == (request_kg is None):
        raise InputError("give either the energy of a request in J, or its kg CO2e")
    if (node_type is None) == (node_w is None):
        raise InputError("give either the cache's node type, or the watts of a node (0 for a cache within the server)")
    if nodes < 1:
        raise InputError(f"{nodes} nodes are not possible; give 1 or more")
    grid = None if region is None else grid_of(region)
    if request_kg is not None:
        if grid is None:
            raise InputError("kg of a request need a region: its grid gives the emissions of a kWh")
        request_j = request_kg / operational_kg(1 / JOULES_PER_KWH, grid.pue, grid.g_per_kwh)
    assert request_j is not None
    power_w, notes = (node_w, ()) if node_w is not None else cache_node_power_w(node_type or "")
    try:
        saving = CacheSaving(daily_requests, hit_rate, request_j, lookup_j, embedding_j, power_w * nodes)
    except ValueError as error:
        raise InputError(str(error)) from None
    net_kwh = saving.net_j / JOULES_PER_KWH
    net_kg = None if grid is None else operational_kg(net_kwh, grid.pue, grid.g_per_kwh)
    return CacheEstimate(
        daily_requests=daily_requests,
        hit_rate=hit_rate,
        request_j=request_j,
        standing_w=power_w * nodes,
        saved_kwh_per_day=saving.saved_j / JOULES_PER_KWH,
        lookups_kwh_per_day=saving.lookups_j / JOULES_PER_KWH,
        standing_kwh_per_day=saving.standing_j / JOULES_PER_KWH,
        net_kwh_per_day=net_kwh,
        net_kwh_per_year=net_kwh * DAYS_PER_YEAR,
        breakeven_hit_rate=saving.breakeven_hit_rate,
        grid=grid,
        net_kg_per_day=net_kg,
        net_kg_per_year=None if net_kg is None else net_kg * DAYS_PER_YEAR,
        notes=(*notes, "the cache's hardware counts with its power only, without embodied emissions"),
    )


def cache_node_power_w(node_type: str) -> tuple[float, tuple[str, ...]]:
    """Watts of an ElastiCache node, and their derivation. Raises InputError where they are unknown."""
    node = find_cache_node(node_type)
    processor = processors().get(node.processor)
    if node.vcpus is None or node.memory_gib is None or processor is None:
        raise InputError(f"the power of {node_type} is unknown; give the watts of a node instead")
    watts = node_power_w(node.vcpus, node.memory_gib, processor.idle_w_per_vcpu, processor.full_w_per_vcpu)
    return watts, (f"{node_type}: {node.vcpus:g} vCPUs at half load and {node.memory_gib:g} GiB; {processor.source}",)
