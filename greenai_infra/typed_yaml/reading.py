"""Reads a user's YAML file: text in, a typed struct out, every problem with file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
import yaml

from greenai_infra.errors import InputError, WorkloadError
from greenai_infra.safe_yaml import SafeLoader
from greenai_infra.typed_yaml.checked import convert
from greenai_infra.typed_yaml.problems import described_in_file, line_of, problems, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenai_infra.typed_yaml.types import KeyPath, Lines, Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class FileKind(Generic[T]):
    """A kind of file: its struct, what it is called, what it looks like.

    `in_words` says what a pattern of a field wants. `unknown_names` finds names that the catalog does not know.
    `about_key` says more of an unknown key than that it is unknown, or "".
    """

    struct: type[T]
    what: str
    looks: str
    in_words: Mapping[str, str]
    unknown_names: Callable[[T], list[Problem]]
    about_key: Callable[[str], str] = lambda key: ""


class _Loader(SafeLoader):  # type: ignore[misc]
    """Safe loader that leaves times and country codes as text.

    YAML 1.1 would take a time without an offset for UTC, and NO (Norway) for false.
    """


_AS_TEXT = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _AS_TEXT]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def read_text(path: Path, what: str, another_kind: Callable[[bytes, Path], str] = lambda text, path: "") -> bytes:
    """The bytes of a user's file. `another_kind` says what else the file is, with what to do with it; else ""."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if other := another_kind(text, path):
        raise InputError(f"{path} is {other}")
    if len(text) > MAX_BYTES:
        raise InputError(f"{path}: {len(text)} bytes is no {what} (at most {MAX_BYTES})")
    return text


def parse_typed(text: bytes | str, where: str, kind: FileKind[T]) -> T:
    """The struct of YAML text; `where` is named in errors. Raises WorkloadError with a line for each problem."""
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
        raise WorkloadError([f"{where}:1: {kind.looks}"])
    read, found = _converted(values, kind)
    if read is not None and not found:
        return read
    found.sort(key=lambda problem: line_of(problem[0], lines))
    raise WorkloadError([described_in_file(where, lines, values, problem) for problem in found])


def _converted(values: dict[str, Any], kind: FileKind[T]) -> tuple[T | None, list[Problem]]:
    """The struct, if the values make one, and what is wrong with them."""
    try:
        read: T = convert(values, kind.struct)
    except msgspec.ValidationError:
        pass
    else:
        return read, kind.unknown_names(read)
    from greenai_infra.typed_yaml.forms import understood  # most files are written as they are typed

    forms = understood(values, kind.struct, kind.what, kind.about_key)
    try:
        read = convert(forms.values, kind.struct)
    except msgspec.ValidationError:
        found = problems(forms.values, kind.struct, kind.in_words)
        return None, forms.problems + [one for one in found if not forms.explain(one[0])]
    return read, forms.problems + kind.unknown_names(read)


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
