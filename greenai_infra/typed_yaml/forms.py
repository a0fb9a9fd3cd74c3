"""What people write in a file for what is meant: `13B`, a single name for a list, a key that is almost right.

Only asked where a file can't be read as it stands. The types of its struct say what is wanted where.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from greenai_infra.numbers import COUNT_PATTERN, counted_in_words
from greenai_infra.typed_yaml.problems import near_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenai_infra.typed_yaml.types import KeyPath, Problem


@dataclass(frozen=True)
class Forms:
    """Values with the common forms made plain, and without what can't be meant."""

    values: Any
    whole: type[msgspec.Struct]
    what: str
    """The file's own name, with its article: `a workload`."""
    about_key: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)
    left_out: set[KeyPath] = field(default_factory=set)
    """Keys that a problem is about already, as they stand or as they are probably meant."""

    def explain(self, at: KeyPath) -> bool:
        """Whether what is wrong at a place may come from what was left out there, or further in."""
        return any(path[: len(at)] == at for path in self.left_out)


def understood(
    values: dict[str, Any], whole: type[msgspec.Struct], what: str, about_key: Callable[[str], str]
) -> Forms:
    """The values of a file with amounts as numbers, single names as lists, and unknown keys left out."""
    forms = Forms(None, whole, what, about_key)
    read = _read(values, inspect.type_info(whole), (), forms)
    return Forms(read, whole, what, about_key, forms.problems, forms.left_out)


def _read(value: Any, wanted: inspect.Type, at: KeyPath, forms: Forms) -> Any:
    types = list(_alternatives(wanted))
    of = {type(one[0]): one for one in types}
    if inspect.StructType in of:
        struct = of[inspect.StructType][0]
        if isinstance(value, dict):
            return _read_section(value, struct, at, forms)
        if value is not None or inspect.NoneType not in of:
            forms.problems.append((at, f"must be a mapping, as in {at[-1]}: {struct.cls.example}"))
            forms.left_out.add(at)
        return None
    if inspect.ListType in of:
        words = [word for one, _ in types if isinstance(one, inspect.LiteralType) for word in one.values]
        if isinstance(value, str | int | float) and value not in words:
            value = [value]
        if isinstance(value, list):
            item = of[inspect.ListType][0].item_type
            return [_read(one, item, (*at, index), forms) for index, one in enumerate(value)]
    if inspect.DictType in of and isinstance(value, dict):
        item = of[inspect.DictType][0].value_type
        return {key: _read(one, item, (*at, key), forms) for key, one in value.items()}
    if isinstance(value, str) and any(is_count for _, is_count in types):
        return counted_in_words(value)
    return value


def _read_section(value: dict[str, Any], struct: inspect.StructType, at: KeyPath, forms: Forms) -> dict[str, Any]:
    known = {one.encode_name: one.type for one in struct.fields}
    read = {}
    for key, inner in value.items():
        if key in known:
            read[key] = _read(inner, known[key], (*at, key), forms)
            continue
        elsewhere = [".".join(path) for path in _all_keys(inspect.type_info(forms.whole), ()) if path[-1] == key]
        near = "" if elsewhere else near_key(key, known)
        forms.left_out.update({(*at, key), (*at, near)})
        here = f"{'.'.join(map(str, at)) or forms.what} has {', '.join(known)}"
        meant = " or ".join(f"'{one}'" for one in elsewhere or [near] if one)
        instead = f"did you mean {meant}?" if meant else here
        forms.problems.append(((*at, key), forms.about_key(key) or f"unknown key; {instead}"))
    return {key: inner for key, inner in read.items() if (*at, key) not in forms.left_out}


def _all_keys(wanted: inspect.Type, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where every key of a file stands."""
    for one, _ in _alternatives(wanted):
        for inner in one.fields if isinstance(one, inspect.StructType) else ():
            yield (*at, inner.encode_name)
            yield from _all_keys(inner.type, (*at, inner.encode_name))


def _alternatives(wanted: inspect.Type, is_count: bool = False) -> Iterator[tuple[Any, bool]]:
    """The types that a union or an annotation stands for, each with whether it is a count (see COUNT_PATTERN)."""
    if isinstance(wanted, inspect.UnionType):
        for one in wanted.types:
            yield from _alternatives(one)
    elif isinstance(wanted, inspect.Metadata):
        schema = wanted.extra_json_schema or {}
        yield from _alternatives(wanted.type, is_count or schema.get("pattern") == COUNT_PATTERN)
    else:
        yield wanted, is_count


def schema_of(whole: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema of files of a struct, with every form that is understood."""
    schema: dict[str, Any] = _with_forms(msgspec.json.schema(whole))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _with_forms(part: Any) -> Any:
    """A part of the schema in which a number may be text (`7e9` is, to YAML 1.1) and a list of one may be the one."""
    if isinstance(part, list):
        return [_with_forms(one) for one in part]
    if not isinstance(part, dict):
        return part
    part = {key: _with_forms(inner) for key, inner in part.items()}
    if part.get("type") in ("number", "integer"):
        number = r"^\d+$" if part["type"] == "integer" else r"^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
        return {
            **part,
            "type": [part["type"], "string"],
            "pattern": "|".join(filter(None, [number, part.get("pattern")])),
        }
    if part.get("type") == "array":
        told = {key: part.pop(key) for key in ("description", "default") if key in part}
        return {**told, "anyOf": [part, part["items"]]}
    return part
