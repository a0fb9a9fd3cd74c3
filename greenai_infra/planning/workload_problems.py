"""From what a validator says of a workload file to `file:line: key: message (is value)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from greenai_infra.planning.workload import IN_WORDS, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SHOWN = 60  # characters of a value in an error

KeyPath = tuple[str | int, ...]
Lines = dict[KeyPath, int]
Problem = tuple[KeyPath, str]


def problems(values: dict[str, Any], error: msgspec.ValidationError) -> list[Problem]:
    """The first problem of each section, so that several are shown at once; `error` if only the whole is wrong."""
    found: list[Problem] = []
    known = {section.name: section for section in msgspec.structs.fields(Workload)}
    for key in filter(known.__contains__, values):
        try:
            msgspec.convert(values[key], known[key].type, strict=False)
        except msgspec.ValidationError as in_section:
            found.append(_split(in_section, (key,)))
    found += [((name,), "is missing") for name, section in known.items() if section.required and name not in values]
    return found or [_split(error, ())]


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


def _split(error: msgspec.ValidationError, section: KeyPath) -> Problem:
    """Where in the values a problem lies, and what it is."""
    message, _, trail = str(error).partition(" - at `$")
    parts = (int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]`]+", trail))
    at: KeyPath = (*section, *parts)
    missing = re.fullmatch(r"Object missing required field `(.*)`", message)
    if missing:
        return (*at, missing[1]), "is missing"
    for pattern, words in IN_WORDS.items():
        if repr(pattern) in message:
            return at, f"must be {words}"
    if message.startswith("Invalid enum value"):
        return at, f"must be {' or '.join(_choices(at))}"
    return at, message.replace("`", "'")


def _choices(at: KeyPath) -> list[str]:
    """What may stand at a place of the workload file that takes one of some words."""
    nodes = list(_plain_types(msgspec.inspect.type_info(Workload)))
    for part in at:
        inner = [
            field.type
            for node in nodes
            if isinstance(node, msgspec.inspect.StructType)
            for field in node.fields
            if field.encode_name == part
        ]
        inner += [node.item_type for node in nodes if isinstance(node, msgspec.inspect.ListType)]
        nodes = [plain for one in inner for plain in _plain_types(one)]
    words = [str(word) for node in nodes if isinstance(node, msgspec.inspect.LiteralType) for word in node.values]
    return ["a list" for node in nodes if isinstance(node, msgspec.inspect.ListType)] + words


def _plain_types(node: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    """The types that a union or an annotation stands for."""
    if isinstance(node, msgspec.inspect.UnionType):
        for one in node.types:
            yield from _plain_types(one)
    elif isinstance(node, msgspec.inspect.Metadata):
        yield from _plain_types(node.type)
    else:
        yield node
