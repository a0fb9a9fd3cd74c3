"""Reads a workload file: YAML in, a `Workload` out, every problem with file and line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from greenai_infra.clock import format_time, parse_duration_hours, parse_time
from greenai_infra.errors import InputError, WorkloadError
from greenai_infra.planning.workload import Window, Workload
from greenai_infra.planning.workload_names import unknown_names
from greenai_infra.planning.workload_problems import describe, line_of, problems, shortened
from greenai_infra.safe_yaml import SafeLoader

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.planning.workload_problems import KeyPath, Lines, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 12


class _Loader(SafeLoader):  # type: ignore[misc]
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
    if other := _another_kind(text, path):
        raise InputError(f"{path} is {other}")
    if len(text) > MAX_BYTES:
        raise InputError(f"{path}: {len(text)} bytes is no workload file (at most {MAX_BYTES})")
    return parse_workload(text, str(path))


def _another_kind(text: bytes, path: Path) -> str:
    """What a file is that is written by this package and no workload, with what to do with it; else ""."""
    head = text[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{") and b'"plan_id"' in text and b'"placement"' in text:
        return (
            f"a plan, not a workload file: show it with `greenai-infra explain {path}`, pin it with "
            f"`greenai-infra select {path}`"
        )
    if re.search(rb"(?m)^config:\s*$", head) and b"greenai-infra:" in text:
        stack = path.stem.removeprefix("Pulumi.")
        return f"a stack file, not a workload file: preview it with `greenai-infra preview --offline --stack {stack}`"
    return ""


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
        line = mark.line + 1 if mark else 1
        if "nesting depth" in str(error.problem):  # newer releases of libyaml count levels too, and before we can
            raise WorkloadError([_too_deep(where, line)]) from None
        raise WorkloadError([f"{where}:{line}: not valid YAML: {error.problem}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorkloadError([f"{where}:1: not valid YAML: {str(error).splitlines()[0]}"]) from None
    if not isinstance(values, dict):
        raise WorkloadError([f"{where}:1: a workload is a mapping with name, kind, work and hardware"])
    workload, found = _converted(values)
    if workload is not None and not found:
        return workload
    found.sort(key=lambda problem: line_of(problem[0], lines))
    raise WorkloadError([describe(where, lines, values, problem) for problem in found])


def _converted(values: dict[str, Any]) -> tuple[Workload | None, list[Problem]]:
    """The workload, if the values make one, and what is wrong with them."""
    try:
        workload = msgspec.convert(values, Workload, strict=False)
    except msgspec.ValidationError:
        pass
    else:
        return workload, unknown_names(workload)
    from greenai_infra.planning.workload_forms import understood  # most files are written as they are typed

    forms = understood(values)
    try:
        workload = msgspec.convert(forms.values, Workload, strict=False)
    except msgspec.ValidationError as error:
        return None, forms.problems + [one for one in problems(forms.values, error) if not forms.explain(one[0])]
    return workload, forms.problems + unknown_names(workload)


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
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise WorkloadError([f"{where}:{line}: '*{event.anchor}' is an alias; write the value out"])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise WorkloadError([_too_deep(where, line)])


def _too_deep(where: str, line: int) -> str:
    return f"{where}:{line}: nested deeper than {MAX_DEPTH} levels"


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
        kind = node.tag.rpartition(":")[2]
        raise WorkloadError([f"{where}:{line}: '{shortened(node.value)}' can't be read as {kind}"]) from None
