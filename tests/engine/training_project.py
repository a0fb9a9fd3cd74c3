"""The programs of `stacks/` as a project folder of a test's own, with one of the example stack configs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from .engine_cli import ROOT, Engine
from .project import Project

if TYPE_CHECKING:
    from pathlib import Path

CONFIGS = ROOT / "tests" / "stacks" / "configs"
GATE_SETTINGS = ROOT / "templates" / "greenai-policy.yaml"
"""As `greenai-infra init` writes them: a stack without budget alarms is only told so."""


def copy_program(folder: Path, *stacks: str) -> None:
    """Put Pulumi.yaml, stacks/, a new project's gate settings and the configs of these stacks into a folder."""
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(GATE_SETTINGS, folder / "stacks" / "policy")
    for stack in stacks:
        shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", folder)


def training_project(engine: Engine, folder: Path, stack: str) -> Project:
    """A project with one of the example stacks, which exists and is empty, in a backend of its own.

    Programs find `greenai_infra` as it is installed.
    """
    own = engine.apart(folder / "engine")
    copy_program(folder, stack)
    made = Project(own, folder, stack)
    made.pulumi("stack", "init", "--no-select")
    return made
