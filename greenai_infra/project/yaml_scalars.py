"""YAML scalars as Pulumi's engine reads them, and writing them so that every reader takes them for the same.

The engine reads YAML 1.2, with octal numbers as in 1.1; PyYAML reads 1.1, where `12:30` is a number and `1e3` is text.
Times stay the text that was written. Like the engine's reader, ours takes no key twice, and no value within itself.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

INT = r"[-+]?(?:0b[01][01_]*|0o?[0-7_]+|0x[0-9a-fA-F][0-9a-fA-F_]*|0|[1-9][0-9_]*)"
FLOAT = (
    r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

# tag, pattern of its scalars, their first characters; the first match wins
SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", INT, "-+0123456789"),
    ("float", FLOAT, "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)


MOST_VALUES = 100_000
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?")


class RefusedYAMLError(yaml.MarkedYAMLError):
    """What YAML's syntax allows and a stack's config may not have."""


class Loader(yaml.SafeLoader):
    """Safe; scalars as the engine reads them, with times as text. PyYAML itself takes the last of two equal keys."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own attribute

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.values = 0
        self.sizes: dict[int, int] = {}
        """Of a node by its identity, how many values it stands for, aliases written out."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Sees each mapping once, as written: keys merged by `<<` are added later."""
        node = super().compose_mapping_node(anchor)
        first: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                if key.value in first:
                    said = f"the key '{key.value}' stands twice, first in line {first[key.value]}; keep one of them"
                    raise RefusedYAMLError(None, None, said, key.start_mark)
                first[key.value] = line
        return node

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuses an alias to a node that contains it: that node has no end mark yet."""
        is_alias = self.check_event(yaml.AliasEvent)
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        before = self.values
        node = super().compose_node(parent, index)
        if is_alias and node is not None and node.end_mark is None:
            raise RefusedYAMLError(None, None, "an alias stands within the value that it names", mark)
        if not is_alias:
            self.values += 1
            self.sizes[id(node)] = self.values - before
        else:
            self.values += self.sizes[id(node)]
        if self.values > MOST_VALUES:
            raise RefusedYAMLError(None, None, f"its aliases make more than {MOST_VALUES:,} values", mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node; a tag that its text does not fit (`!!bool maybe`) ends PyYAML in any of these."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, AttributeError, LookupError):
            if not isinstance(node, yaml.ScalarNode):  # said already, of a value within
                raise
            line, kind = node.start_mark.line + 1, node.tag.rpartition(":")[2]
            raise ValueError(f"what stands in line {line} is no {kind}") from None


class PlainNumbersLoader(Loader):
    """For files that only we read: refuses 010, which is 8 in YAML 1.1 but 10 to most authors."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode) and node.style is None and LEADING_ZERO.fullmatch(node.value):
            said = f"{node.value} begins with a zero, which makes it octal to some readers; write it without the zero"
            raise RefusedYAMLError(None, None, said, node.start_mark)
        return super().construct_object(node, deep)


class Dumper(yaml.SafeDumper):
    """Quotes text that some reader would take for another type; lists are indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


for _tag, _pattern, _first in SCALARS:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
    if _tag in ("int", "float"):
        Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
