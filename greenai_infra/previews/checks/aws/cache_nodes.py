"""Node types of ElastiCache: AWS's service model does not list them, so they are checked against the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenai_infra.catalog.cache_nodes import find_cache_node
from greenai_infra.contracts.declared import DeclaredResource, Finding, plain
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_cache_node_type(resource: DeclaredResource) -> Iterator[Finding]:
    """A node type that ElastiCache does not have, or of which AWS makes no new nodes."""
    value = plain(resource.inputs.get("nodeType"))
    if not resource.type.startswith("aws:elasticache/") or not isinstance(value, str):
        return
    try:
        find_cache_node(value)
    except InputError as error:
        remedy = (
            "use a node type of greenai_infra/data/cache-nodes.csv; if AWS has added this one since, add a row there"
        )
        yield resource.finding("aws-unknown-cache-node", "nodeType", f"nodeType: {error}", remedy)
