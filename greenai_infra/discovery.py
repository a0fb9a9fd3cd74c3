"""What is added in one file: the modules of a folder are the list, so that no second list can miss one."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def modules_of(package: str) -> list[ModuleType]:
    """The modules and packages in the folders of an imported package, by name; those that start with "_" are left out.

    Reads names only before it imports, without `pkgutil`, whose own import takes longer than this.
    """
    names = {name for folder in sys.modules[package].__path__ for name in _names_in(folder)}
    return [import_module(f"{package}.{name}") for name in sorted(names)]


def _names_in(folder: str) -> set[str]:
    found = set()
    for entry in os.scandir(folder):
        name = entry.name.removesuffix(".py")
        if name.startswith("_") or not name.isidentifier():
            continue
        if name != entry.name or os.path.isfile(os.path.join(entry.path, "__init__.py")):
            found.add(name)
    return found
