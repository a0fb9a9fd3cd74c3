"""Node types of Memorystore for Valkey."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from greenai_infra.catalog.read import table


@dataclass(frozen=True)
class NodeType:
    """A node of a cache; None where Google's pages were not read for the size."""

    name: str
    vcpus: float | None
    memory_gb: float | None


def node_type(name: str) -> NodeType | None:
    """The node type by the API's name, such as STANDARD_SMALL."""
    return node_types().get(name)


@cache
def node_types() -> dict[str, NodeType]:
    """All node types by name."""
    rows = table("memorystore-nodes.csv", ("node_type", "vcpus", "memory_gb", "source"))
    return {
        name: NodeType(name, row.optional("vcpus"), row.optional("memory_gb"))
        for row in rows
        for name in [row.text("node_type")]
    }
