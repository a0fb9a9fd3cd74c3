"""Move a project that an older version wrote to this one: its copied components go, the short programs come.

What the older version wrote is known by its digest (`former-stacks.csv`). A file that the user has changed since
is never lost: it is kept under `before-upgrade/`. Files of the user's own stay where they are.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.files import read_text, write_all
from greenai_infra.project.stack_files import read_project
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT = "before-upgrade"
COPIED = ("stacks/components/", "stacks/programs/")
GATE = "stacks/policy/greenai-policy.yaml"
FORMER = Path(__file__).with_name("former-stacks.csv")
_REQUIREMENT = re.compile(r"^(greenai-infra\[[a-z,]+\]==)([0-9][0-9A-Za-z.]*)$", re.MULTILINE)


@dataclass(frozen=True)
class Upgrade:
    """What changes in a project's folder; paths are below it.

    `written` is path -> text, `removed` are files as an older version wrote them, `kept` files that the user changed
    and that move to `before-upgrade/`, `own` files of the user's own beside the removed ones.
    """

    folder: Path
    written: dict[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return bool(self.written or self.removed or self.kept)

    def text(self) -> str:
        """The change as a person reads it: a line for each folder that goes, a unified diff of what is written."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for folder, count in Counter("/".join(name.split("/")[:2]) for name in self.removed).items():
            what = "file" if count == 1 else "files"
            yield f"remove {folder}: {count} {what}, unchanged since init wrote them"
        for name in self.kept:
            yield f"move {name} to {KEPT}/{name}: you have changed it"
        for name in self.own:
            yield f"leave {name}: it is your own; let it import greenai_infra.stacks in place of components"
        for name, text in self.written.items():
            file = self.folder / name
            before = read_text(file).splitlines() if file.is_file() else []
            yield from difflib.unified_diff(before, text.splitlines(), name, name, lineterm="")

    def apply(self) -> None:
        """Make the change, or none of it. Raises InputError naming what can't be written."""
        moved: list[tuple[Path, Path]] = []
        try:
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".greenai-infra-upgrade-") as aside:
                try:
                    for name in self.removed:
                        _move(self.folder / name, Path(aside) / name, moved)
                    for name in self.kept:
                        _move(self.folder / name, self.folder / KEPT / name, moved)
                    for name in self.written:
                        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    write_all({self.folder / name: text for name, text in self.written.items()})
                except BaseException:
                    for source, target in reversed(moved):
                        target.rename(source)
                    raise
        except OSError as error:
            raise InputError(f"{error.filename or self.folder} can't be written: {error.strerror}") from None
        _remove_empty(self.folder / "stacks")


def upgrade_of(project_dir: Path) -> Upgrade:
    """What an upgrade would change. Raises InputError for a folder that is no project of `init`."""
    read_project(project_dir)
    stacks = project_dir / "stacks"
    if not (stacks / "__main__.py").is_file():
        raise InputError(f"{project_dir} has no stacks/__main__.py: init has not written this project")
    there = {
        file.relative_to(project_dir).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(stacks.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    if not any(name in former() and name.startswith(COPIED) for name in there):
        return Upgrade(project_dir)  # nothing of an older version is left, so whatever differs is the user's own
    now = _of_this_version()
    removed: list[str] = []
    kept: list[str] = []
    own: list[str] = []
    for name, digest in there.items():
        if name not in former():
            own += [name] if name.startswith(COPIED) else []
        elif name not in now or digest != _digest(now[name]):
            (removed if digest == former()[name] else kept).append(name)
    replaced = {name for name in (*removed, *kept) if name in now}
    written = {name: text for name, text in now.items() if name not in there or name in replaced}
    gone = tuple(name for name in removed if name not in now)
    return Upgrade(project_dir, written | _requirement(project_dir), gone, tuple(kept), tuple(own))


@cache
def former() -> dict[str, str]:
    """Path in a project -> sha256 of the file that version 0.1 wrote there."""
    with FORMER.open(encoding="utf-8", newline="") as file:
        return {row["path"]: row["sha256"] for row in csv.DictReader(file)}


@cache
def _of_this_version() -> dict[str, str]:
    folder = shipped("stacks")
    files = {f"stacks/{file.relative_to(folder).as_posix()}": file for file in sorted(folder.rglob("*"))}
    return {
        name: file.read_text(encoding="utf-8")
        for name, file in files.items()
        if file.is_file() and "__pycache__" not in file.parts and name != GATE
    }


def _requirement(project_dir: Path) -> dict[str, str]:
    """requirements.txt with this version in place of the one that `init` wrote."""
    file = project_dir / "requirements.txt"
    if not file.is_file():
        return {}
    text = read_text(file)
    changed = _REQUIREMENT.sub(rf"\g<1>{greenai_infra.__version__}", text)
    return {"requirements.txt": changed} if changed != text else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _move(source: Path, target: Path, moved: list[tuple[Path, Path]]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    moved.append((source, target))


def _remove_empty(folder: Path) -> None:
    """Remove the folders that hold nothing, or compiled Python only."""
    for one in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if one.name == "__pycache__":
            if not any((one.parent / f"{file.name.split('.')[0]}.py").exists() for file in one.iterdir()):
                shutil.rmtree(one, ignore_errors=True)
            continue
        with suppress(OSError):
            one.rmdir()
