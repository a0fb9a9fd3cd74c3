"""What is expected at a place of a typed config, in words and with an example, as the model's JSON schema has it.

The value comes from the example of the whole section; for a key that it leaves out from the model: the field's own
`examples`, its default, the first of a choice, the bound of a number.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra.clock import format_time

if TYPE_CHECKING:
    from pydantic import BaseModel

Location = tuple[int | str, ...]

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a string",
    "array": "a list",
    "object": "keys with values",
    "date-time": "a time",
    "date": "a date",
}


def expected_at(kind: type[BaseModel], location: Location, example: str | None) -> str:
    """What is expected at a place, as in `expected a number, for example 4`; empty if the model has no such place."""
    schema = kind.model_json_schema()
    node = _at(schema, location)
    if keys := node.get("required") or node.get("properties"):
        return f"expected a section with {', '.join(keys)}"
    words = _KINDS.get(node.get("format") or "") or _KINDS.get(node.get("type") or "")
    if words is None:
        return ""
    value = _in_example(example, location)
    value = _example(node, schema) if value is None else value
    return f"expected {words}" + ("" if value is None else f", for example {json.dumps(value, default=_as_text)}")


def keys_at(kind: type[BaseModel], location: Location) -> list[str]:
    """The keys that a section of the config may have."""
    return list(_at(kind.model_json_schema(), location).get("properties", ()))


def _at(schema: dict[str, Any], location: Location) -> dict[str, Any]:
    """The schema of a place; empty if there is no such place, or a choice of sections."""
    node = _resolved(schema, schema)
    for part in location:
        if isinstance(part, int):
            of_list = [one for whole in node.get("examples", ()) for one in whole]
            below = {**({"examples": of_list} if of_list else {}), **node.get("items", {})}
        else:
            of_any_name = next(iter(node.get("patternProperties", {}).values()), node.get("additionalProperties"))
            below = node.get("properties", {}).get(part, of_any_name)
        node = _resolved(below, schema) if isinstance(below, dict) else {}
    return node


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The node itself: behind references, and without the null of what may be left out."""
    while True:
        if reference := node.get("$ref"):
            behind = schema["$defs"][reference.rpartition("/")[2]]
        elif one_of := [one for one in node.get("anyOf", node.get("allOf", ())) if one.get("type") != "null"]:
            behind = one_of[0]
        else:
            return node
        node = {**behind, **{key: value for key, value in node.items() if key not in ("$ref", "anyOf", "allOf")}}


def _example(node: dict[str, Any], schema: dict[str, Any]) -> Any:
    choices = [*node.get("examples", ()), node.get("default"), node.get("const"), *node.get("enum", ())]
    if "items" in node:
        inner = _example(_resolved(node["items"], schema), schema)
        choices = [one for one in choices if one != []] + [None if inner is None else [inner]]
    if "exclusiveMinimum" in node:
        choices.append(node["exclusiveMinimum"] + 1)
    return next((one for one in [*choices, node.get("minimum")] if one is not None), None)


def _in_example(example: str | None, location: Location) -> Any:
    """The example's value at a place, if it has one there that is no section."""
    value: Any = next(iter(yaml.safe_load(example).values())) if example else None
    for part in location:
        try:
            value = value[0 if isinstance(part, int) else part]
        except (KeyError, IndexError, TypeError):
            return None
    return None if isinstance(value, dict) else value


def _as_text(value: date) -> str:
    return format_time(value) if isinstance(value, datetime) else value.isoformat()
