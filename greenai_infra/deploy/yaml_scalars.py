"""YAML scalars as Pulumi's engine reads them, and writing them so that every reader takes them for the same.

The engine reads YAML 1.2, with octal numbers as in 1.1; PyYAML reads 1.1, where `12:30` is a number and `1e3` is none.
Times stay the text that was written.
"""

from __future__ import annotations

import re

import yaml

INT = r"[-+]?(?:0b[01][01_]*|0o?[0-7_]+|0x[0-9a-fA-F][0-9a-fA-F_]*|0|[1-9][0-9_]*)"
FLOAT = (
    r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

# tag, what has it, characters that it begins with; the first that fits
SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", INT, "-+0123456789"),
    ("float", FLOAT, "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)


class Loader(yaml.SafeLoader):
    """Safe; scalars as the engine reads them, with times as text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own attribute


class Dumper(yaml.SafeDumper):
    """Quotes what any reader would take for something else than text; lists are indented under their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


for _tag, _pattern, _first in SCALARS:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
    if _tag in ("int", "float"):
        Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
