"""Reads a workload file: YAML in, a `Workload` out, every problem with file and line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from greenai_infra.clock import format_time, parse_duration_hours, parse_time
from greenai_infra.errors import InputError, WorkloadError
from greenai_infra.planning.workload import IN_WORDS, Window, Workload

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
MAX_SHOWN = 60  # characters of a value in an error

KeyPath = tuple[str | int, ...]
Lines = dict[KeyPath, int]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe loader that leaves times and country codes as text.

    YAML 1.1 would take a time without an offset for UTC, and NO (Norway) for false.
    """


_AS_TEXT = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _AS_TEXT]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def read_workload(path: Path) -> Workload:
    """The workload of a file. Raises WorkloadError with one `file:line: message` for each problem."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if len(text) > MAX_BYTES:
        raise InputError(f"{path}: {len(text)} bytes is no workload file (at most {MAX_BYTES})")
    return parse_workload(text, str(path))


def parse_workload(text: bytes | str, where: str) -> Workload:
    """The workload of YAML text; `where` is named in errors."""
    lines: Lines = {}
    try:
        _check_shape(text, where)
        loader = _Loader(text)
        node = loader.get_single_node()
        values = _plain(loader, node, (), lines, where) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise WorkloadError([f"{where}:{mark.line + 1 if mark else 1}: not valid YAML: {error.problem}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorkloadError([f"{where}:1: not valid YAML: {str(error).splitlines()[0]}"]) from None
    if not isinstance(values, dict):
        raise WorkloadError([f"{where}:1: a workload is a mapping with name, kind, work and hardware"])
    try:
        return msgspec.convert(values, Workload, strict=False)
    except msgspec.ValidationError as error:
        problems = _section_problems(values) or [_split(error)]
    raise WorkloadError([_describe(where, lines, values, *problem) for problem in problems])


def window_of(workload: Workload, now: datetime) -> Window:
    """The absolute times of a workload. Raises InputError for a deadline that has passed or lies before the start."""
    earliest = max(_moment("when.earliest", workload.when.earliest, now) or now, now)
    deadline = _moment("when.deadline", workload.when.deadline, now)
    if deadline is not None and deadline <= now:
        raise InputError(f"when.deadline {format_time(deadline)} has passed (now is {format_time(now)})")
    if deadline is not None and deadline <= earliest:
        raise InputError(
            f"when.deadline {format_time(deadline)} does not lie after the earliest start {format_time(earliest)}"
        )
    return Window(now=now, earliest=earliest, deadline=deadline)


def _moment(key: str, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        return now + timedelta(hours=parse_duration_hours(text[1:])) if text.startswith("+") else parse_time(text)
    except InputError as error:
        raise InputError(f"{key}: {error}") from None
    except OverflowError:
        raise InputError(f"{key}: '{text}' lies outside of the calendar") from None


def _check_shape(text: bytes | str, where: str) -> None:
    """Refuse, before anything is built, what would grow without bound: deep nesting, and aliases (`*name`)."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise WorkloadError([f"{where}:{line}: '*{event.anchor}' is an alias; write the value out"])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise WorkloadError([f"{where}:{line}: nested deeper than {MAX_DEPTH} levels"])


def _plain(loader: Any, node: yaml.Node, at: KeyPath, lines: Lines, where: str) -> Any:
    """Plain values of a YAML node; notes the line of each key, refuses duplicate keys."""
    line = node.start_mark.line + 1
    lines.setdefault(at, line)
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(getattr(key_node, "value", ""))
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key in mapping or key == "<<":
                raise WorkloadError([f"{where}:{key_line}: '{key}' can't be a key here, or stands twice"])
            lines[(*at, key)] = key_line
            mapping[key] = _plain(loader, value_node, (*at, key), lines, where)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, (*at, index), lines, where) for index, item in enumerate(node.value)]
    try:
        return loader.construct_object(node)
    except (ValueError, AttributeError):  # a tag or number that the text does not fit, such as `!!int abc`
        shown = node.value if len(node.value) <= MAX_SHOWN else node.value[:MAX_SHOWN] + "..."
        kind = node.tag.rpartition(":")[2]
        raise WorkloadError([f"{where}:{line}: '{shown}' can't be read as {kind}"]) from None


def _section_problems(values: dict[str, Any]) -> list[tuple[KeyPath, str]]:
    """The first problem of each section, so that several are shown at once; none if only the whole is wrong."""
    problems: list[tuple[KeyPath, str]] = []
    known = {section.name: section for section in msgspec.structs.fields(Workload)}
    for key, value in values.items():
        if key not in known:
            problems.append(((key,), "unknown key"))
            continue
        try:
            msgspec.convert(value, known[key].type, strict=False)
        except msgspec.ValidationError as error:
            at, message = _split(error)
            problems.append(((key, *at), message))
    missing = [name for name, section in known.items() if section.required and name not in values]
    return [*problems, *((((name,), "is missing")) for name in missing)]


def _split(error: msgspec.ValidationError) -> tuple[KeyPath, str]:
    """Where in the values a problem lies, and what it is."""
    message, _, trail = str(error).partition(" - at `$")
    at: KeyPath = tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]`]+", trail))
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", message)
    if unknown:
        return (*at, unknown[1]), "unknown key"
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
    """What may stand at a place of the workload file, where that is a choice of words."""
    nodes = [msgspec.inspect.type_info(Workload)]
    for part in (*at, None):
        nodes = [one for node in nodes for one in (node.types if isinstance(node, msgspec.inspect.UnionType) else [node])]
        if part is None:
            break
        fields = [f for node in nodes if isinstance(node, msgspec.inspect.StructType) for f in node.fields]
        items = [node.item_type for node in nodes if isinstance(node, msgspec.inspect.ListType)]
        nodes = items if isinstance(part, int) else [f.type for f in fields if f.encode_name == part]
    words = [str(word) for node in nodes if isinstance(node, msgspec.inspect.LiteralType) for word in node.values]
    lists = ["a list such as [H100, A100-80GB]" for node in nodes if isinstance(node, msgspec.inspect.ListType)]
    return lists + words


def _describe(where: str, lines: Lines, values: Any, at: KeyPath, message: str) -> str:
    """One `file:line: key: message (is value)`."""
    value = values
    for part in at:
        inside = isinstance(value, dict) and part in value
        value = value[part] if inside or (isinstance(value, list) and isinstance(part, int)) else None
    named = (*at, *message.partition(" ")[0].rstrip(":").split("."))  # a rule about several keys names the first one first
    place = named if named in lines else at
    while place and place not in lines:
        place = place[:-1]
    text = repr(value) if len(repr(value)) <= MAX_SHOWN else repr(value)[:MAX_SHOWN] + "..."
    shown = f" (is {text})" if isinstance(value, str | int | float) and message != "unknown key" else ""
    key = ".".join(map(str, at))
    return f"{where}:{lines.get(place, 1)}: {key + ': ' if key else ''}{message}{shown}"
