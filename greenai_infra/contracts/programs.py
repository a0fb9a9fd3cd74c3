"""The programs of a project: the Python files in its `stacks/`, each named as its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PROGRAM = "training"
"""What a stack runs whose config names no program."""


def program_names(folder: Path) -> list[str]:
    """Names of the programs in a folder, sorted."""
    return sorted(file.stem for file in folder.glob("*.py") if not file.name.startswith("_"))
