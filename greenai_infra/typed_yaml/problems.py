"""What is wrong with values that are not of their type: every key, in words, with its value and what is expected."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from greenai_infra.typed_yaml.checked import Secret, WrongFields, convert
from greenai_infra.typed_yaml.expected import expected_at, words_of
from greenai_infra.typed_yaml.types import alternatives, bare, fields_of, inner_type, struct_of, type_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from msgspec import Struct

    from greenai_infra.typed_yaml.types import KeyPath, Lines, Problem

MAX_SHOWN = 60
"""Characters of a value in an error."""
ALIKE = 0.65
"""Of a key and the one that is meant (difflib's ratio)."""
NO_SECTION = "must be a section with keys and values"
FLAG = "true and false are no value here"


def problems(values: Any, wanted: Any, in_words: Mapping[str, str] | None = None, at: KeyPath = ()) -> list[Problem]:
    """Every key that is wrong, missing or unknown; of a section whose keys are right, what contradicts what.

    `in_words` says what a pattern of a text wants.
    """
    try:
        convert(values, wanted)
    except msgspec.ValidationError as error:
        kind = struct_of(wanted)
        if kind is not None and isinstance(values, dict):
            found = list(_in_struct(values, kind, in_words or {}, at))
        else:
            found = list(_in_entries(values, wanted, in_words or {}, at))
        return found or _own_problems(values, wanted, error, in_words or {}, at)
    return []


def _in_struct(
    values: dict[str, Any], kind: type[Struct], in_words: Mapping[str, str], at: KeyPath
) -> Iterator[Problem]:
    fields = fields_of(kind)
    for key, field in fields.items():
        if key in values:
            yield from problems(values[key], field.type, in_words, (*at, key))
        elif field.required:
            yield (*at, key), "is missing"
    if kind.__struct_config__.forbid_unknown_fields:
        for key in values:
            if key not in fields:
                near = near_key(str(key), fields)
                instead = f"did you mean '{near}'?" if near else f"known here: {', '.join(fields)}"
                yield (*at, key), f"unknown key; {instead}"


def _in_entries(values: Any, wanted: Any, in_words: Mapping[str, str], at: KeyPath) -> Iterator[Problem]:
    """Of a list or mapping."""
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(values, dict):
        entries = values.items()
    elif isinstance(values, list | tuple):
        entries = enumerate(values)
    for part, inner in entries:
        if (of := inner_type(wanted, part)) is not None:
            yield from problems(inner, of, in_words, (*at, part))


def _own_problems(
    value: Any, wanted: Any, error: msgspec.ValidationError, in_words: Mapping[str, str], at: KeyPath
) -> list[Problem]:
    """What is wrong with a value whose entries are right."""
    if isinstance(error.__cause__, WrongFields):
        return [((*at, key), message) for key, message in error.__cause__.wrong]
    message, _, place = str(error).partition(" - at `")
    if place.startswith("key`"):
        mapping = next(one for one in map(bare, alternatives(wanted)) if get_origin(one) is dict)
        return [
            ((*at, key), f"the name {said}")
            for key in value
            for _, said in problems(key, get_args(mapping)[0], in_words)
        ]
    return [(at, _in_plain_words(message, value, wanted, in_words))]


def near_key(key: str, known: Iterable[str]) -> str:
    """The known key that is most like a key; empty where none is near."""
    from difflib import get_close_matches

    plain = re.sub(r"[\s-]+", "_", key).casefold()
    folded = {one.replace("-", "_"): one for one in known}
    return next((folded[one] for one in get_close_matches(plain, list(folded), n=1, cutoff=ALIKE)), "")


_BOUND = re.compile(r"Expected `\w+` (>=|<=|>|<) (\S+)")
_LENGTH = re.compile(r"Expected `(\w+)` of length (>=|<=|==) (\d+)")
_PATTERN = re.compile(r"Expected `str` matching regex (.*)", re.DOTALL)
_COMPARED = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than", "==": "exactly"}
_COUNTED = {"array": "item", "object": "key", "str": "character"}


def _in_plain_words(message: str, value: Any, wanted: Any, in_words: Mapping[str, str]) -> str:
    types = [bare(one) for one in alternatives(wanted)]
    if struct_of(wanted) is not None and not isinstance(value, dict):
        return NO_SECTION
    if isinstance(value, bool) and bool not in types:
        return FLAG
    if _not_finite(value, types):
        return "must be a finite number"
    if found := _BOUND.match(message):
        return f"must be {_COMPARED[found[1]]} {float(found[2]):.15g}"
    if found := _LENGTH.match(message):
        number, thing = int(found[3]), _COUNTED[found[1]]
        return f"must have {_COMPARED[found[2]]} {number} {thing}{'s' * (number != 1)}"
    if found := _PATTERN.match(message):
        told = next((words for pattern, words in in_words.items() if repr(pattern) == found[1]), "")
        return f"must be {told}" if told else "must match the pattern " + found[1].replace(r"\\Z'", "$'")
    choices = [str(word) for one in types if get_origin(one) is Literal for word in get_args(one)]
    if choices:
        lists = ["a list" for one in types if get_origin(one) in (list, tuple)]
        return f"must be {' or '.join([*lists, *choices])}"
    if message.startswith("Expected `datetime` with a timezone"):
        return "must have a time zone: end it with Z for UTC, or with an offset such as +02:00"
    if message.startswith(("Expected `", "Invalid RFC3339", "Number out of range")):
        if "multiple of" in message:
            return message.replace("Expected `int` that's", "must be").replace("`", "")
        return f"must be {' or '.join(dict.fromkeys(filter(None, map(words_of, types))))}"
    return message.replace("`", "'")


def _not_finite(value: Any, types: list[Any]) -> bool:
    try:
        return float in types and not math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def described(found: Iterable[Problem], where: str, values: Any, kind: type[Struct], example: str | None = None) -> str:
    """One line a problem: the key, what is wrong with which value, and what is expected there.

    `example` is the least that the section holds. Of what may hold a secret no value is shown.
    """
    return "\n".join(_described(at, message, where, values, kind, example) for at, message in found)


def _described(at: KeyPath, message: str, where: str, values: Any, kind: type[Struct], example: str | None) -> str:
    shown = "" if _holds_secret(type_at(kind, at)) else shown_at(values, at, message)
    line = ": ".join(filter(None, (where, ".".join(map(str, at)), message))) + shown
    if message == NO_SECTION and not at:
        return f"{line}; as in\n{example}" if example else line
    is_whole = isinstance(_value_at(values, at), dict) and message != NO_SECTION
    expected = "" if is_whole or message.startswith("unknown key") else expected_at(kind, at, example)
    words, _, sample = expected.removeprefix("expected ").partition(", ")
    if sample and message == f"must be {words}":
        expected = sample
    return f"{line}; {expected}" if expected else line


def described_in_file(where: str, lines: Lines, values: Any, problem: Problem) -> str:
    """One `file:line: key: message (is value)`."""
    at, message = problem
    named = (*at, *message.partition(" ")[0].rstrip(":").split("."))  # a rule about several keys names one first
    line = line_of(named if named in lines else at, lines)
    key = ".".join(map(str, at))
    return f"{where}:{line}: {key + ': ' if key else ''}{message}{shown_at(values, at, message)}"


def shown_at(values: Any, at: KeyPath, message: str) -> str:
    """The value at a place as ` (is value)`; empty where the message has it, and for a section or list."""
    value = _value_at(values, at)
    if (
        isinstance(value, dict | list)
        or value is _NOTHING
        or message.startswith("unknown key")
        or f"'{value}'" in message
    ):
        return ""
    return f" (is {shortened(json.dumps(value) if value is None or isinstance(value, bool) else repr(value))})"


_NOTHING = object()


def _value_at(values: Any, at: KeyPath) -> Any:
    for part in at:
        inside = isinstance(values, dict) and part in values
        is_item = isinstance(values, list | tuple) and isinstance(part, int)
        values = values[part] if inside or is_item else _NOTHING
    return values


def _holds_secret(wanted: Any) -> bool:
    for one in map(bare, alternatives(wanted)):
        if isinstance(one, type) and issubclass(one, Secret):
            return True
        inner = [field.type for field in fields_of(kind).values()] if (kind := struct_of(one)) else get_args(one)
        if any(_holds_secret(of) for of in inner if of is not Ellipsis):
            return True
    return False


def line_of(at: KeyPath, lines: Lines) -> int:
    """The line of a key, or of the nearest around it that stands in the file."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def shortened(text: str) -> str:
    """A value as it fits into an error."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
