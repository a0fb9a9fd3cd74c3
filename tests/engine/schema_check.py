"""Are a resource's inputs of the kind its SDK type declares? Unknown values pass; secrets are looked into.

Stricter than the real provider in one point: that turns "5" into 5 where a number is wanted, here it is refused.
"""

import collections.abc
import typing
from collections.abc import Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import Any

import pulumi
from pulumi import _types

from .sdk_types import Fields, fields_of
from .wire import ARCHIVE, ASSET, SIGNATURE, UNKNOWN, is_secret

Problem = tuple[str, str]
"""Path of the property (`resourceConfig.instanceCount`) and what is wrong with it."""


def problems(inputs: dict[str, Any], fields: Fields, path: str = "") -> Iterator[Problem]:
    """What is wrong with these inputs: unknown names, missing ones, values of the wrong type."""
    for name, value in inputs.items():
        if name in fields.types:
            yield from value_problems(value, fields.types[name], path + name)
        elif name != "__defaults":
            yield path + name, f"there is no property {name!r}"
    for name in sorted(fields.required - inputs.keys()):
        yield path + name, f"the property {name!r} is required and missing"


def value_problems(value: Any, declared: Any, path: str) -> Iterator[Problem]:
    """What is wrong with one value of a declared type."""
    if is_secret(value):
        value = value.get("value")
    if value is None or value == UNKNOWN or declared is Any:
        return
    members = _members(declared)
    if len(members) > 1:
        if all(list(value_problems(value, member, path)) for member in members):
            yield path, f"{_shown(value)} is none of {', '.join(_named(member) for member in members)}"
        return
    [plain] = members
    origin = typing.get_origin(plain)
    if origin in (collections.abc.Sequence, list):
        yield from _sequence_problems(value, plain, path)
    elif origin in (collections.abc.Mapping, dict):
        yield from _mapping_problems(value, plain, path)
    elif isinstance(plain, type) and _types.is_input_type(plain):
        if isinstance(value, dict):
            yield from problems(value, fields_of(plain), f"{path}.")
        else:
            yield path, f"{_shown(value)} is no block of properties"
    elif isinstance(plain, type) and not _fits(value, plain):
        yield path, f"{_shown(value)} is no {_named(plain)}"


def _sequence_problems(value: Any, declared: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield path, f"{_shown(value)} is no list"
        return
    for index, item in enumerate(value):
        yield from value_problems(item, (typing.get_args(declared) or (Any,))[0], f"{path}[{index}]")


def _mapping_problems(value: Any, declared: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield path, f"{_shown(value)} is no map"
        return
    for key, item in value.items():
        yield from value_problems(item, (typing.get_args(declared) or (str, Any))[1], f"{path}[{key!r}]")


def _members(declared: Any) -> list[Any]:
    """The plain types behind `Input[T]`, `Optional[T]` and unions; an enum beside `str` only documents it."""
    if typing.get_origin(declared) not in (typing.Union, UnionType):
        return [declared]
    wrappers = (collections.abc.Awaitable, pulumi.Output)
    parts = [part for part in typing.get_args(declared) if typing.get_origin(part) not in wrappers]
    members = [member for part in parts if part is not NoneType for member in _members(part)]
    return [member for member in members if not (str in members and _is_enum(member))] or [Any]


def _is_enum(declared: Any) -> bool:
    return isinstance(declared, type) and issubclass(declared, Enum)


def _fits(value: Any, plain: type) -> bool:
    if plain is bool:
        return isinstance(value, bool)
    if plain is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if plain is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if plain is str:
        return isinstance(value, str)
    if issubclass(plain, Enum):
        return value in [member.value for member in plain]
    if issubclass(plain, pulumi.Archive):
        return isinstance(value, dict) and value.get(SIGNATURE) == ARCHIVE
    if issubclass(plain, pulumi.Asset):
        return isinstance(value, dict) and value.get(SIGNATURE) == ASSET
    return True


def _named(declared: Any) -> str:
    names = {int: "whole number", float: "number", bool: "boolean", str: "string"}
    return names.get(declared, getattr(declared, "__name__", str(declared)))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
