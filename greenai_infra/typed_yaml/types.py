"""The types of structs, taken apart: what a union stands for, what stands at a place."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from msgspec import Struct, structs

if TYPE_CHECKING:
    from collections.abc import Iterator

KeyPath = tuple[str | int, ...]
Lines = dict[KeyPath, int]
Problem = tuple[KeyPath, str]
"""A place in a file, and what is wrong there."""


@cache
def fields_of(kind: type[Struct]) -> dict[str, structs.FieldInfo]:
    """The fields of a struct by the key that stands in a file."""
    return {one.encode_name: one for one in structs.fields(kind)}


def alternatives(wanted: Any) -> Iterator[Any]:
    """The types that a union stands for, each with its annotations; without None."""
    origin = get_origin(wanted)
    if origin is Annotated:
        inner, *metas = get_args(wanted)
        for one in alternatives(inner):
            yield Annotated[(one, *metas)]
    elif origin in (Union, UnionType):
        for one in get_args(wanted):
            yield from alternatives(one)
    elif wanted is not type(None):
        yield wanted


def bare(wanted: Any) -> Any:
    """A type without its annotations."""
    return bare(get_args(wanted)[0]) if get_origin(wanted) is Annotated else wanted


def struct_of(wanted: Any) -> type[Struct] | None:
    """The struct type among the alternatives of a type, or None."""
    plain = map(bare, alternatives(wanted))
    return next((one for one in plain if isinstance(one, type) and issubclass(one, Struct)), None)


def inner_type(wanted: Any, part: str | int) -> Any:
    """The type of an entry of a list, of a mapping or of a struct; None if there is no such entry."""
    kind = struct_of(wanted)
    if kind is not None:
        field = fields_of(kind).get(str(part))
        return None if field is None else field.type
    for one in map(bare, alternatives(wanted)):
        origin = get_origin(one)
        if (origin in (list, tuple) and isinstance(part, int)) or (origin is dict and isinstance(part, str)):
            return get_args(one)[origin is dict]
    return None


def type_at(wanted: Any, at: KeyPath) -> Any:
    """The type at a place within a type; None if there is no such place."""
    for part in at:
        if wanted is not None:
            wanted = inner_type(wanted, part)
    return wanted


def field_at(wanted: Any, at: KeyPath) -> structs.FieldInfo | None:
    """The struct field at a place; None for list and mapping entries, and for unknown places."""
    kind = struct_of(type_at(wanted, at[:-1])) if at else None
    return fields_of(kind).get(str(at[-1])) if kind else None
