"""Node types of ElastiCache: which there are, which AWS still makes, and what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import near, table
from greenai_infra.errors import InputError

_COLUMNS = ("node_type", "sold", "vcpus", "memory_gib", "processor", "source", "evidence", "note")


@dataclass(frozen=True, slots=True)
class CacheNode:
    """One node type. `sold` says whether AWS makes new nodes of it.

    `vcpus`, `memory_gib` (what it offers to data) and `processor` are None or empty where no figure is known.
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
    """The node type of that name. Raises InputError, naming near ones, if there is none or AWS makes no new ones."""
    node = cache_nodes().get(node_type)
    sold = [one.node_type for one in cache_nodes().values() if one.sold]
    if node is None:
        raise InputError(f"'{node_type}' is no node type of ElastiCache that the catalog knows{near(node_type, sold)}")
    if not node.sold:
        raise InputError(f"AWS makes no new nodes of type '{node_type}'{near(node_type, sold)}")
    return node
