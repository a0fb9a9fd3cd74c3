"""Finds the program that a stack runs: each Python file in `stacks/` that defines `run()`, named after the file."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

import pulumi

from greenai_infra.catalog.read import near
from greenai_infra.contracts.programs import DEFAULT_PROGRAM, program_names
from greenai_infra.stacks.config import bad_config

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def run_program(folder: Path) -> None:
    """Run the program that the stack's config names, and export what it returns. Raises pulumi.RunError."""
    name, names = pulumi.Config().get("program") or DEFAULT_PROGRAM, program_names(folder)
    if name not in names:
        raise bad_config(
            f"{pulumi.get_project()}:program: unknown program '{name}'; {folder.name}/ has {', '.join(names)}"
            f"{near(name, names)}"
        )
    outputs: dict[str, Any] = _load(folder / f"{name}.py").run()
    for key, value in outputs.items():
        pulumi.export(key, value)


def _load(file: Path) -> ModuleType:
    """Loads the file under a unique module name, so that `training.py` can't clash with a package `training`."""
    name = f"stack_program_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
