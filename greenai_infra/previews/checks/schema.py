"""Inputs against the types of the SDK: unknown names, wrong types, missing properties, at any depth."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from greenai_infra.contracts.declared import UNKNOWN, DeclaredResource, Finding, plain
from greenai_infra.previews.sdk.schema import Fields, Kind, kinds, resource_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the engine and the provider add themselves.
ADDED = frozenset({"tagsAll", "effectiveLabels", "__defaults", "version", "pluginDownloadURL"})


def check_schema(resource: DeclaredResource) -> Iterator[Finding]:
    """Every input of a resource (or explicit provider) against the SDK's types."""
    if not resource.custom or resource.read or (resource.package == "pulumi" and not resource.is_provider):
        return
    schema = resource_schema(resource.type)
    if schema is None:
        yield resource.finding(
            "schema-unknown-type",
            "",
            f"no installed SDK package has the resource type {resource.type}",
            "check the type's spelling, or install the SDK package that holds it",
            "warning",
        )
        return
    if resource.is_provider:
        return  # the SDK sends everything but text to a provider as JSON
    inputs = {key: plain(value) for key, value in resource.inputs.items() if key not in ADDED}
    yield from _check_object(resource, inputs, schema.inputs, "")


def _check_object(resource: DeclaredResource, value: dict[str, Any], fields: Fields, path: str) -> Iterator[Finding]:
    where = f"{path}." if path else ""
    for name, item in value.items():
        if name not in fields.types:
            close = difflib.get_close_matches(name, fields.types, n=1)
            remedy = f"did you mean {close[0]}?" if close else f"it takes {', '.join(sorted(fields.types)[:12])}"
            what = f"{path} of {resource.type}" if path else resource.type
            message = f"{what} has no property '{name}'"
            yield resource.finding("schema-unknown-property", where + name, message, remedy)
        else:
            yield from _check_value(resource, item, fields.types[name], where + name)
    for name in sorted(fields.required - {key for key, item in value.items() if item is not None}):
        message = f"{where}{name} is required and not set"
        yield resource.finding("schema-missing-property", where + name, message, f"give {name} a value")


def _check_value(resource: DeclaredResource, value: Any, type_: Any, path: str) -> Iterator[Finding]:
    if value is None or value is UNKNOWN:
        return
    allowed = kinds(type_)
    if not allowed or any(kind.form == "any" for kind in allowed):
        return
    kind = next((kind for kind in allowed if _fits(value, kind)), None)
    if kind is None:
        wanted = " or ".join(dict.fromkeys(map(str, allowed)))
        message = f"{path} is {_shown(value)}; {resource.type} takes {wanted}"
        yield resource.finding("schema-wrong-type", path, message, f"give {wanted}")
    elif kind.values and value not in kind.values:
        message = f"{path} is {_shown(value)}, not one of {', '.join(map(str, kind.values))}"
        yield resource.finding("schema-unknown-value", path, message, "use one of the listed values")
    elif kind.form == "object" and kind.fields is not None:
        yield from _check_object(resource, value, kind.fields, path)
    elif kind.form == "map":
        for key, item in value.items():
            yield from _check_value(resource, item, kind.item, f"{path}.{key}")
    elif kind.form == "list":
        for index, item in enumerate(value):
            yield from _check_value(resource, item, kind.item, f"{path}[{index}]")


def _fits(value: Any, kind: Kind) -> bool:
    if isinstance(value, bool):
        return kind.form == "bool"
    if isinstance(value, int):
        return kind.form in ("int", "float")
    if isinstance(value, float):
        return kind.form == "float"
    if isinstance(value, str):
        return kind.form == "str"
    if isinstance(value, list):
        return kind.form == "list"
    if "asset" in value or "archive" in value:
        return kind.form in ("asset", "map", "object")
    return kind.form in ("map", "object")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "a map" if isinstance(value, dict) else f"{value!r}"
