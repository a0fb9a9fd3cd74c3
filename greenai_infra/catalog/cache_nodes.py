"""Node types of ElastiCache: all types, those that AWS still sells, and their contents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import near, table
from greenai_infra.errors import InputError

_COLUMNS = ("node_type", "sold", "vcpus", "memory_gib", "processor", "source", "evidence", "note")


@dataclass(frozen=True, slots=True)
class CacheNode:
    """A node type. `sold` says whether AWS creates new nodes of it.

    `vcpus`, `memory_gib` (available to data) and `processor` are None or empty where unknown.
    """

    node_type: str
    sold: bool
    vcpus: float | None
    memory_gib: float | None
    processor: str
    source: str
    note: str


@cache
def cache_nodes() -> dict[str, CacheNode]:
    """Every node type by its name."""
    return {
        row.text("node_type"): CacheNode(
            node_type=row.text("node_type"),
            sold=row.flag("sold"),
            vcpus=row.optional("vcpus"),
            memory_gib=row.optional("memory_gib"),
            processor=row.text("processor"),
            source=row.text("source"),
            note=row.text("note"),
        )
        for row in table("cache-nodes.csv", _COLUMNS)
    }


def find_cache_node(node_type: str) -> CacheNode:
    """The node type of that name. Raises InputError, with similar names, if it is unknown or no longer sold."""
    node = cache_nodes().get(node_type)
    sold = [node.node_type for node in cache_nodes().values() if node.sold]
    if node is None:
        raise InputError(f"unknown ElastiCache node type '{node_type}'{near(node_type, sold)}")
    if not node.sold:
        raise InputError(f"AWS no longer sells nodes of type '{node_type}'{near(node_type, sold)}")
    return node
