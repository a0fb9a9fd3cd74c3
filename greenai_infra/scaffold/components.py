"""The components of the package by name, and the files that define them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra import stacks
from greenai_infra.catalog.read import near
from greenai_infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ROOT = Path(stacks.__file__).parent
_COMPONENT = re.compile(r"^class (\w+)\(pulumi\.ComponentResource\)", re.MULTILINE)


@cache
def components() -> Mapping[str, Path]:
    """`aws.TrainingRegion` -> the file that defines it, for every component of both clouds."""
    return {
        f"{file.relative_to(ROOT).parts[0]}.{name}": file
        for file in sorted(ROOT.rglob("*.py"))
        for name in _COMPONENT.findall(file.read_text(encoding="utf-8"))
    }


def find_component(name: str, clouds: Collection[str]) -> str:
    """Returns the full name of a component. The cloud may be left out if a single cloud has the component, or if the
    project uses a single cloud.

    Raises InputError.
    """
    full = [one for one in components() if name in (one, one.partition(".")[2])]
    if len(full) > 1:
        full = [one for one in full if one.partition(".")[0] in clouds]
    if len(full) == 1:
        return full[0]
    if full:
        raise InputError(f"both clouds have a component {name}; say {' or '.join(full)}")
    short = sorted({one.partition(".")[2] for one in components()})
    there = f"; there are {', '.join(short)}"
    raise InputError(f"unknown component '{name}'{near(name, short) or there}")


def components_in(file: Path) -> list[str]:
    """The full names of the components that a file of the package defines."""
    return [name for name, where in components().items() if where == file]


def module_of(file: Path) -> str:
    """The module that a file of the package is."""
    return ".".join(["greenai_infra.stacks", *file.relative_to(ROOT).with_suffix("").parts])
