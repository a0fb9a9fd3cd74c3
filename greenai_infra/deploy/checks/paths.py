"""Reach into inputs by a property path such as `productionVariants[].instanceType`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def values_at(inputs: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value at the path with its own path (`productionVariants[0].instanceType`); nothing where it isn't set."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(inputs, dict) or inputs.get(name) is None:
        return
    value = inputs[name]
    found = [(name, value)]
    if head.endswith("[]"):
        found = [(f"{name}[{index}]", item) for index, item in enumerate(value)] if isinstance(value, list) else []
    for where, item in found:
        if not rest:
            yield where, item
        else:
            yield from ((f"{where}.{inner}", deeper) for inner, deeper in values_at(item, rest))
