"""The files that a new project starts from, and writing them: the whole project or nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.files import umask
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLE = "templates/workloads/finetune-7b.yaml"
WORKLOAD = "workload.yaml"
GATE_EXAMPLE = "templates/greenai-policy.yaml"
GATE = "stacks/policy/greenai-policy.yaml"

GITIGNORE = """\
__pycache__/
.venv/
# Pulumi's state, if it is kept in this folder: pulumi login file://.
.pulumi/
"""

REQUIREMENTS = """\
# What Pulumi's Python host installs for stacks/: pulumi install. For stacks on Google Cloud: greenai-infra[gcp]
greenai-infra[aws]=={version}
"""


def write_project(target: Path, fill: Callable[[Path], None]) -> list[str]:
    """Writes a project into a new folder, or a folder without the project's files; returns the names written, in order.

    `fill` gets the unfinished folder and adds files derived from the others. If anything fails, `target` stays
    unchanged. Raises InputError naming the file that would be overwritten, or why the folder can't be written.
    """
    target = target.resolve()
    try:
        if target.exists() and not target.is_dir():
            raise InputError(f"{target} is a file; name a folder")
        with _unfinished(target) as unfinished:
            _copy_shipped(unfinished)
            _refuse_overwriting(unfinished, target)
            fill(unfinished)
            _refuse_overwriting(unfinished, target)
            names = sorted(entry.name for entry in unfinished.iterdir())
            _move(unfinished, target)
    except OSError as error:
        raise InputError(f"{error.filename or target} can't be written: {error.strerror}") from None
    return names


def _copy_shipped(folder: Path) -> None:
    shutil.copyfile(shipped("Pulumi.yaml"), folder / "Pulumi.yaml")
    shutil.copyfile(shipped(EXAMPLE), folder / WORKLOAD)
    copy_folder(shipped("stacks"), folder / "stacks")
    copy_folder(shipped("training"), folder / "training")
    shutil.copyfile(shipped(GATE_EXAMPLE), folder / GATE)
    (folder / ".gitignore").write_text(GITIGNORE, encoding="utf-8")
    (folder / "requirements.txt").write_text(REQUIREMENTS.format(version=greenai_infra.__version__), encoding="utf-8")


def copy_folder(source: Path, target: Path) -> None:
    """Copy what belongs to a program; the modes of the installation are not copied."""
    for name, file in files_to_copy(source):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target / name)


def files_to_copy(folder: Path) -> Iterator[tuple[str, Path]]:
    """Returns each file of a folder by relative path, without hidden files and compiled Python."""
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if file.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in inside.parts):
            yield inside.as_posix(), file


def _refuse_overwriting(unfinished: Path, target: Path) -> None:
    there = sorted(entry.name for entry in unfinished.iterdir() if os.path.lexists(target / entry.name))
    if there:
        older = f", or move that project to this version: greenai-infra init --upgrade {target}"
        raise InputError(
            f"{target} already has {', '.join(there)}, which is never overwritten; name another folder"
            f"{older if 'Pulumi.yaml' in there and 'stacks' in there else ''}"
        )


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A temporary folder on the target's file system, removed at the end; on failure so are parents made for it."""
    parent = target if target.exists() else target.parent
    new = [one for one in (parent, *parent.parents) if not one.exists()]
    folder = None
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=".greenai-infra-init-"))
        yield folder
    except BaseException:
        _remove(folder)
        for one in new:
            with contextlib.suppress(OSError):
                one.rmdir()
        raise
    _remove(folder)


def _remove(folder: Path | None) -> None:
    if folder:
        shutil.rmtree(folder, ignore_errors=True)


def _move(unfinished: Path, target: Path) -> None:
    """Renames the folder, or moves each entry into an existing folder; undone on failure."""
    if not target.exists():
        unfinished.chmod(0o777 & ~umask())
        unfinished.rename(target)
        return
    moved: list[Path] = []
    try:
        for entry in sorted(unfinished.iterdir()):
            entry.rename(target / entry.name)
            moved.append(entry)
    except OSError:
        for entry in moved:
            with contextlib.suppress(OSError):
                (target / entry.name).rename(entry)
        raise
