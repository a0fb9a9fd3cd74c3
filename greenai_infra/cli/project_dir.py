"""The folder of the Pulumi project: the option that names it, and the same option in commands to copy."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

PROJECT_DIR = click.option(
    "--dir",
    "project_dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder with Pulumi.yaml. Default: the current one.",
)


def in_dir(option: str, project_dir: Path) -> str:
    """The option that makes a command to copy work from here, empty in the project's own folder."""
    return "" if project_dir == Path() else f" {option} {shlex.quote(str(project_dir))}"
