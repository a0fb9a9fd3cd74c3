"""What is expected at a place of a typed file, in words and with an example.

The example is the one of the whole section; for a key that it leaves out the type's: `examples`, the default, the first
of a choice, the bound of a number.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import yaml
from msgspec import NODEFAULT, UNSET, Meta

from greenai_infra.clock import format_time
from greenai_infra.typed_yaml.checked import Secret
from greenai_infra.typed_yaml.types import alternatives, bare, field_at, fields_of, struct_of, type_at

if TYPE_CHECKING:
    from msgspec import Struct

    from greenai_infra.typed_yaml.types import KeyPath

WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a string",
    datetime: "a time",
    date: "a date",
    list: "a list",
    tuple: "a list",
    dict: "keys with values",
}


def expected_at(kind: type[Struct], at: KeyPath, example: str | None) -> str:
    """What is expected at a place, as in `expected a number, for example 4`; empty if the type has no such place."""
    wanted = type_at(kind, at)
    section = struct_of(wanted)
    if section is not None:
        keys = [key for key, one in fields_of(section).items() if one.required] or list(fields_of(section))
        return f"expected a section with {', '.join(keys)}"
    words = words_of(wanted)
    if not words:
        return ""
    value = _in_example(example, at)
    value = _example_at(kind, at) if value is None else value
    return f"expected {words}" + ("" if value is None else f", for example {json.dumps(value, default=_as_text)}")


def words_of(wanted: Any) -> str:
    """What values of a type are, in words; empty for a type without a name."""
    for one in map(bare, alternatives(wanted)):
        origin = get_origin(one)
        if origin is Literal:
            return WORDS[type(get_args(one)[0])]
        if isinstance(one, type) and issubclass(one, Secret):
            return WORDS[str]
        if (origin or one) in WORDS:
            return WORDS[origin or one]
    return ""


def _example_at(kind: type[Struct], at: KeyPath) -> Any:
    field = field_at(kind, at)
    if field is not None:
        default = field.default if field.default_factory is NODEFAULT else field.default_factory()
        return _example(field.type, None if default in (NODEFAULT, UNSET) else default)
    of_list = [] if not at or not isinstance(at[-1], int) else _metas(type_at(kind, at[:-1]), "examples")
    return next((one for whole in of_list for one in whole), None) or _example(type_at(kind, at), None)


def _example(wanted: Any, default: Any) -> Any:
    choices = [*_metas(wanted, "examples"), None if default == [] else default]
    for one in map(bare, alternatives(wanted)):
        origin, arguments = get_origin(one), get_args(one)
        if origin is Literal:
            choices.append(arguments[0])
        if origin in (list, tuple):
            inner = _example(arguments[0], None)
            choices.append(None if inner is None else [inner])
        if isinstance(one, type) and issubclass(one, Secret):
            choices += one.examples
    choices += [one + 1 for one in _bounds(wanted, "gt")] + _bounds(wanted, "ge")
    return next((one for one in choices if one is not None), None)


def _metas(wanted: Any, name: str) -> list[Any]:
    return [value for one in alternatives(wanted) for meta in _metas_of(one) for value in getattr(meta, name) or ()]


def _bounds(wanted: Any, name: str) -> list[Any]:
    values = [getattr(meta, name) for one in alternatives(wanted) for meta in _metas_of(one)]
    return [value for value in values if value is not None]


def _metas_of(wanted: Any) -> list[Meta]:
    inner = get_args(wanted) if get_origin(wanted) is Annotated else ()
    return [one for one in inner[1:] if isinstance(one, Meta)] + (_metas_of(inner[0]) if inner else [])


def _in_example(example: str | None, at: KeyPath) -> Any:
    """The example's value at a place, if it has one there that is no section."""
    value: Any = next(iter(yaml.safe_load(example).values())) if example else None
    for part in at:
        try:
            value = value[0 if isinstance(part, int) else part]
        except (KeyError, IndexError, TypeError):
            return None
    return None if isinstance(value, dict) else value


def _as_text(value: date) -> str:
    return format_time(value) if isinstance(value, datetime) else value.isoformat()
