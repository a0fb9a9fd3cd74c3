"""Reach into what a resource declares: by a path of property names, into JSON texts, and through everything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEEPEST = 64
"""The deepest nesting that is read. Real declarations stay far below."""


def values_at(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Returns every value at `a[].b` with its path (`a[0].b`): UNKNOWN below an unknown value, no entry if not set.

    Secrets on the way are unwrapped.
    """
    yield from _at(dict(values), path.split("."), "")


def _at(value: Any, steps: list[str], where: str) -> Iterator[tuple[str, Any]]:
    while isinstance(value, Secret):
        value = value.value
    if value is UNKNOWN:
        yield where, UNKNOWN
        return
    if not steps:
        if value is not None:
            yield where, value
        return
    name, is_list = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    if not isinstance(value, dict) or name not in value:
        return
    inner, place = value[name], f"{where}.{name}" if where else name
    while isinstance(inner, Secret):
        inner = inner.value
    if not is_list or inner is UNKNOWN:
        yield from _at(inner, steps[1:], place)
    else:
        for index, item in enumerate(inner if isinstance(inner, list) else [inner]):
            yield from _at(item, steps[1:], f"{place}[{index}]")


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """Returns the first value at a path, or None."""
    return next((value for _, value in values_at(values, path)), None)


def parsed(text: Any) -> Any:
    """Parses a JSON text that holds an object or a list; returns None for anything else."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def leaves(value: Any, where: str = "", depth: int = 0, *, into_texts: bool = True) -> Iterator[tuple[str, Any]]:
    """Every text, number, flag and UNKNOWN with its path, also inside JSON texts (a text itself comes first).

    Without `into_texts` only what the resource itself declares: JSON in a parameter or a message is data.
    """
    while isinstance(value, Secret):
        value = value.value
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{where}.{key}" if where else str(key), depth + 1, into_texts=into_texts)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, f"{where}[{index}]", depth + 1, into_texts=into_texts)
    else:
        yield where, value
        if into_texts and (inner := parsed(value)) is not None:
            yield from leaves(inner, where, depth + 1)


def objects(value: Any, where: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with its path, outermost first, also inside JSON texts."""
    while isinstance(value, Secret):
        value = value.value
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        value = parsed(value)
    if isinstance(value, dict):
        yield where, value
        for key, item in value.items():
            yield from objects(item, f"{where}.{key}" if where else str(key), depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from objects(item, f"{where}[{index}]", depth + 1)


def texts(value: Any) -> list[str]:
    """A text, or the texts of a list."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def is_true(value: Any) -> bool:
    """Whether a flag is on; some of AWS's are texts."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def is_false(value: Any) -> bool:
    """Whether a flag is off, and said to be."""
    return value is False or (isinstance(value, str) and value.lower() == "false")
