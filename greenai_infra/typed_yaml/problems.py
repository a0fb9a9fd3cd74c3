"""From what a validator says of a file to `file:line: key: message (is value)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

MAX_SHOWN = 60  # characters of a value in an error

KeyPath = tuple[str | int, ...]
Lines = dict[KeyPath, int]
Problem = tuple[KeyPath, str]


def problems(
    values: dict[str, Any], error: msgspec.ValidationError, whole: type[msgspec.Struct], in_words: Mapping[str, str]
) -> list[Problem]:
    """Every key that is wrong or missing; of a section whose keys are right by themselves, what is wrong with it.

    `in_words` says what a pattern wants.
    """
    return _in_struct(values, whole, (), error, in_words)


def _in_struct(
    values: dict[str, Any],
    struct: type[msgspec.Struct],
    at: KeyPath,
    error: msgspec.ValidationError,
    in_words: Mapping[str, str],
) -> list[Problem]:
    found: list[Problem] = []
    known = {section.name: section for section in msgspec.structs.fields(struct)}
    for key in filter(known.__contains__, values):
        try:
            msgspec.convert(values[key], known[key].type, strict=False)
        except msgspec.ValidationError as inner:
            found += _in_value(values[key], known[key].type, (*at, key), inner, in_words)
    found += [((*at, name), "is missing") for name, one in known.items() if one.required and name not in values]
    return found or [_split(error, at, _nodes(struct), in_words)]


def _in_value(
    value: Any, wanted: Any, at: KeyPath, error: msgspec.ValidationError, in_words: Mapping[str, str]
) -> list[Problem]:
    nodes = _nodes(wanted)
    struct = next((node.cls for node in nodes if isinstance(node, inspect.StructType)), None)
    if struct is not None and isinstance(value, dict):
        return _in_struct(value, struct, at, error, in_words)
    entries, items = _entries(value, nodes)
    found = []
    for key, inner in entries:
        for item in items:
            try:
                msgspec.convert(inner, item, strict=False)
            except msgspec.ValidationError as wrong:
                found += _in_value(inner, item, (*at, key), wrong, in_words)
    return found or [_split(error, at, nodes, in_words)]


def _entries(value: Any, nodes: list[inspect.Type]) -> tuple[Iterable[tuple[str | int, Any]], list[type]]:
    """The entries of a mapping or list whose entries are sections, and what these are to be."""
    entries: Iterable[tuple[str | int, Any]] = ()
    inner: list[inspect.Type] = []
    if isinstance(value, dict):
        entries, inner = value.items(), [node.value_type for node in nodes if isinstance(node, inspect.DictType)]
    elif isinstance(value, list):
        entries, inner = enumerate(value), [node.item_type for node in nodes if isinstance(node, inspect.ListType)]
    plain = [one for node in inner for one in _plain_types(node)]
    return entries, [node.cls for node in plain if isinstance(node, inspect.StructType)]


def describe(where: str, lines: Lines, values: Any, problem: Problem) -> str:
    """One `file:line: key: message (is value)`."""
    at, message = problem
    value = values
    for part in at:
        inside = isinstance(value, dict) and part in value
        value = value[part] if inside or (isinstance(value, list) and isinstance(part, int)) else None
    named = (*at, *message.partition(" ")[0].rstrip(":").split("."))  # a rule about several keys names one first
    line = line_of(named if named in lines else at, lines)
    is_shown = (
        isinstance(value, str | int | float) and not message.startswith("unknown key") and f"'{value}'" not in message
    )
    shown = f" (is {shortened(repr(value))})" if is_shown else ""
    key = ".".join(map(str, at))
    return f"{where}:{line}: {key + ': ' if key else ''}{message}{shown}"


def line_of(at: KeyPath, lines: Lines) -> int:
    """The line of a key, or of the nearest around it that stands in the file."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def shortened(text: str) -> str:
    """A value as it fits into an error."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def _split(
    error: msgspec.ValidationError, section: KeyPath, nodes: list[inspect.Type], in_words: Mapping[str, str]
) -> Problem:
    """Where in a section a problem lies, and what it is. `nodes` are the types that the section may have."""
    message, _, trail = str(error).partition(" - at `")
    is_key, _, trail = trail.replace("[...]", "").rpartition("$")
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]`]+", trail)]
    at: KeyPath = (*section, *parts)
    missing = re.fullmatch(r"Object missing required field `(.*)`", message)
    if missing:
        return (*at, missing[1]), "is missing"
    of = "each name " if is_key else ""
    for pattern, words in in_words.items():
        if repr(pattern) in message:
            return at, f"{of}must be {words}"
    if message.startswith("Invalid enum value"):
        found = message.removeprefix("Invalid enum value ") if is_key else ""
        said = f"{of}must be {' or '.join(_choices(parts, nodes, keys=bool(is_key)))}"
        return at, f"{said}, not {found}" if found else said
    return at, message.replace("`", "'")


def _choices(at: Sequence[str | int], nodes: list[inspect.Type], *, keys: bool) -> list[str]:
    """What may stand at a place within some types that takes one of some words, or as a key there."""
    for part in at:
        inner = [
            field.type
            for node in nodes
            if isinstance(node, inspect.StructType)
            for field in node.fields
            if field.encode_name == part
        ]
        inner += [node.item_type for node in nodes if isinstance(node, inspect.ListType)]
        nodes = [plain for one in inner for plain in _plain_types(one)]
    if keys:
        mappings = [node for node in nodes if isinstance(node, inspect.DictType)]
        nodes = [plain for node in mappings for plain in _plain_types(node.key_type)]
    words = [str(word) for node in nodes if isinstance(node, inspect.LiteralType) for word in node.values]
    return ["a list" for node in nodes if isinstance(node, inspect.ListType)] + words


def _nodes(wanted: Any) -> list[inspect.Type]:
    return list(_plain_types(inspect.type_info(wanted)))


def _plain_types(node: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a union or an annotation stands for."""
    if isinstance(node, inspect.UnionType):
        for one in node.types:
            yield from _plain_types(one)
    elif isinstance(node, inspect.Metadata):
        yield from _plain_types(node.type)
    else:
        yield node
