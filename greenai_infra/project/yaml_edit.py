"""Sets values in a YAML text and leaves the rest as its author wrote it: order, comments, quotes.

Each edit replaces the text of one value, found by the parser's marks. The result is parsed and compared with the wanted
document. If a text edit can't produce it (flow style, anchors), the whole text is rewritten, without comments.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra.errors import InputError
from greenai_infra.project.yaml_scalars import Dumper, Loader, RefusedYAMLError

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str, ...]
REMOVE = object()
"""As a new value: take the key out."""

INDENT = 2


class _NotEditableError(Exception):
    """The text around a value has a form that is not edited in place."""


def load(text: str, where: str, loader: type[Loader] = Loader) -> dict[str, Any]:
    """Parses a YAML text that is a mapping or empty. Raises InputError for anything else, and for duplicate keys."""
    try:
        content = yaml.load(text, loader)
    except RefusedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{where}:{line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{where} is not valid YAML: {error}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} can't be read: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{where}: expected a mapping, found {type(content).__name__}")
    return content


def dump(value: Any) -> str:
    """Block style, keys in the given order, long lines whole."""
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000, indent=INDENT)


def edit(text: str, changes: Mapping[Path, Any], where: str) -> str:
    """The text with each path set to its value, or taken out where that is REMOVE; new keys go to the end."""
    if "\r\n" in text:
        return edit(text.replace("\r\n", "\n"), changes, where).replace("\n", "\r\n")
    wanted = copy.deepcopy(load(text, where))
    for path, value in changes.items():
        _set(wanted, path, value)
    if wanted == load(text, where):
        return text
    edited = text
    try:
        for path, value in changes.items():
            edited = _edit_one(edited, path, value)
        if load(edited, where) == wanted:
            return edited
    except (_NotEditableError, InputError):
        pass
    heading = [line for line in text.splitlines() if line.startswith("#")] if text.startswith("#") else []
    return "".join(f"{line}\n" for line in heading) + dump(wanted)


def _set(content: dict[str, Any], path: Path, value: Any) -> None:
    *parents, last = path
    for key in parents:
        if content.get(key) is None:
            if value is REMOVE:
                return
            content[key] = {}
        content = content[key]
        if not isinstance(content, dict):
            raise InputError(f"{'.'.join(path)}: '{key}' is not a mapping; correct it or remove it")
    if value is REMOVE:
        content.pop(last, None)
    else:
        content[last] = value


def _edit_one(text: str, path: Path, value: Any) -> str:
    *parents, key = path
    node = yaml.compose(text, Loader)
    if node is None:  # empty, or comments only
        return text if value is REMOVE else f"{text.rstrip()}\n{dump(_nested(path, value))}".lstrip("\n")
    while True:
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            raise _NotEditableError
        entries = {name.value: (name, below) for name, below in node.value}
        if not parents or parents[0] not in entries or _is_empty(entries[parents[0]][1]):
            break
        node = entries[parents.pop(0)][1]
    if value is REMOVE and (parents or key not in entries):
        return text
    if parents:  # all of these are still missing
        value, key = _nested((*parents[1:], key), value), parents[0]
    return _replace(text, *entries[key], value) if key in entries else _append(text, node, key, value)


def _nested(path: Path, value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _is_empty(node: yaml.Node) -> bool:
    """Whether the node is missing, null or an empty mapping."""
    if isinstance(node, yaml.MappingNode):
        return not node.value
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _replace(text: str, key: yaml.Node, old: yaml.Node, value: Any) -> str:
    after_colon = text.index(":", key.end_mark.index) + 1
    end = _end(text, old)
    if value is REMOVE:
        line_end = text.find("\n", end)
        start = key.start_mark.index - key.start_mark.column
        return text[:start] + (text[line_end + 1 :] if line_end >= 0 else "")
    if Loader("").construct_document(old) == value:
        return text
    return text[:after_colon] + _value_text(value, key.start_mark.column) + text[end:]


def _append(text: str, mapping: yaml.MappingNode, key: str, value: Any) -> str:
    if not mapping.value:
        raise _NotEditableError
    column = mapping.value[0][0].start_mark.column
    end = text.find("\n", _end(text, mapping))
    end = len(text) if end < 0 else end
    name = dump({key: 0}).removesuffix(": 0\n")
    return f"{text[:end]}\n{' ' * column}{name}:{_value_text(value, column)}{text[end:]}"


def _value_text(value: Any, column: int) -> str:
    """What follows a key's colon: a scalar on the same line, or a block below it."""
    if isinstance(value, dict | list) and value:
        lines = dump(value).splitlines()
        return "".join(f"\n{' ' * (column + INDENT)}{line}" for line in lines)
    return dump({"k": value}).removeprefix("k:").rstrip("\n")


def _end(text: str, node: yaml.Node) -> int:
    """Returns the index after a value's last character; a block's end mark lies after the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    end = int(node.end_mark.index)
    return len(text[:end].rstrip("\n")) if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") else end
