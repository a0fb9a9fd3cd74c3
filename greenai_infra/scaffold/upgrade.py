"""Move a project that an older version wrote to this one: its copied components go, the short programs come.

Files written by any commit of version 0.1 are recognised by digest (`former-stacks.csv`: every file of stacks/ in git's
history from the first `init` on). Files that the user has changed are kept, in a folder `before-upgrade`. The user's
own files stay in place.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.files import read_text, write_all
from greenai_infra.project.stack_files import read_project
from greenai_infra.scaffold.imports import imports_any
from greenai_infra.scaffold.starter import GATE, files_to_copy
from greenai_infra.scaffold.what_to_do import COPIED, what_to_do, what_to_do_with_own
from greenai_infra.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMER = Path(__file__).with_name("former-stacks.csv")
_REQUIREMENT = re.compile(r"^(greenai-infra(?:\[[a-z, ]+\])?==)([0-9][0-9A-Za-z.]*)", re.MULTILINE)


@dataclass(frozen=True)
class Upgrade:
    """The changes to a project's folder; paths are relative to it.

    `written` is path -> text, `removed` are unchanged files of an older version, `kept` are files that the user changed
    and that move to the folder `kept_in`, `own` are the user's own files that need another import or place.
    """

    folder: Path
    written: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    kept_in: str = "before-upgrade"
    installs: str = ""
    """The line of requirements.txt that installs this package from elsewhere than its pinned version."""

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
            yield f"move {name} to {self.kept_in}/, as you have changed it:"
            yield f"    {what_to_do(name, self.written)}"
        for name in self.own:
            yield f"leave {name}, your own:"
            yield f"    {what_to_do_with_own(name)}"
        if self.installs:
            yield f"leave requirements.txt: let its line `{self.installs}` install {greenai_infra.__version__} or later"
        for name, text in self.written.items():
            now = text.splitlines()
            before_name = next(
                one for one in (name, name.replace("stacks/", "stacks/programs/", 1), "") if self._has(one)
            )
            before = read_text(self.folder / before_name).splitlines() if before_name else []
            if name.endswith(".md"):
                yield f"{'replace' if before else 'write'} {name}: {len(now)} lines"
            else:
                yield from difflib.unified_diff(before, now, before_name or "/dev/null", name, lineterm="")

    def _has(self, name: str) -> bool:
        return not name or (self.folder / name).is_file()

    def apply(self) -> None:
        """Makes the whole change, or leaves the folder unchanged. Raises InputError naming what can't be written."""
        done = _Done()
        try:
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".greenai-infra-upgrade-") as aside:
                try:
                    for name in self.removed:
                        done.move(self.folder / name, Path(aside) / name)
                    for name in self.kept:
                        done.move(self.folder / name, self.folder / self.kept_in / name)
                    for name in self.written:
                        done.make((self.folder / name).parent)
                    write_all({self.folder / name: text for name, text in self.written.items()})
                except BaseException:
                    done.undo()
                    raise
        except OSError as error:
            raise InputError(f"{error.filename or self.folder} can't be written: {error.strerror}") from None
        _remove_empty(self.folder / "stacks")


class _Done:
    """What was moved and made so far, to be undone."""

    def __init__(self) -> None:
        self._moved: list[tuple[Path, Path]] = []
        self._made: list[Path] = []

    def make(self, folder: Path) -> None:
        new = [one for one in (folder, *folder.parents) if not one.exists()]
        self._made += reversed(new)
        folder.mkdir(parents=True, exist_ok=True)

    def move(self, source: Path, target: Path) -> None:
        self.make(target.parent)
        source.rename(target)
        self._moved.append((source, target))

    def undo(self) -> None:
        for source, target in reversed(self._moved):
            target.rename(source)
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()


def upgrade_of(project_dir: Path) -> Upgrade:
    """Returns what an upgrade would change.

    Raises InputError for a folder without a project of `init`, and for a user's file with the name of a new program.
    """
    read_project(project_dir)
    stacks = project_dir / "stacks"
    if not (stacks / "__main__.py").is_file():
        raise InputError(f"{project_dir} has no stacks/__main__.py: init has not written this project")
    there = {f"stacks/{name}": _digest(file.read_bytes()) for name, file in files_to_copy(stacks)}
    if not any(name in former() and name.startswith(COPIED) for name in there):
        return Upgrade(project_dir)  # no files of an older version are left, so all differences are the user's
    now = _of_this_version()
    removed: list[str] = []
    kept: list[str] = []
    own: list[str] = []
    for name, digest in there.items():
        as_now = name in now and digest == _digest(now[name].encode())
        if name not in former():
            if name in now and not as_now:
                raise InputError(
                    f"{project_dir / name} is your own, and has the name of a program of this version; rename it, and "
                    "what imports it, and upgrade then"
                )
            if name.startswith(COPIED) or imports_any(_text(project_dir / name), ("components", "programs")):
                own.append(name)
        elif digest in former()[name]:
            if not as_now:
                removed.append(name)
        elif name not in now or _digest(now[name].encode()) not in former()[name]:
            kept.append(name)
    replaced = {name for name in (*removed, *kept) if name in now}
    written = {name: text for name, text in now.items() if name not in there or name in replaced}
    gone = tuple(name for name in removed if name not in now)
    requirement, installs = _requirement(project_dir)
    kept_in = _free(project_dir, Upgrade.kept_in)
    return Upgrade(project_dir, written | requirement, gone, tuple(kept), tuple(own), kept_in, installs)


def _free(folder: Path, name: str) -> str:
    """The name, with a number if something of that name is there."""
    number, found = 1, name
    while (folder / found).exists():
        number += 1
        found = f"{name}-{number}"
    return found


@cache
def former() -> Mapping[str, set[str]]:
    """Path in a project -> sha256 of each file that version 0.1 wrote there."""
    digests = defaultdict(set)
    with FORMER.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            digests[row["path"]].add(row["sha256"])
    return dict(digests)


@cache
def _of_this_version() -> dict[str, str]:
    files = {f"stacks/{name}": file for name, file in files_to_copy(shipped("stacks"))}
    return {name: file.read_text(encoding="utf-8") for name, file in files.items() if name != GATE}


def _requirement(project_dir: Path) -> tuple[dict[str, str], str]:
    """Returns requirements.txt with this version pinned, or with a line that installs it in another way."""
    file = project_dir / "requirements.txt"
    if not file.is_file():
        return {}, ""
    text = read_text(file)
    changed, pinned = _REQUIREMENT.subn(rf"\g<1>{greenai_infra.__version__}", text)
    other = [line.strip() for line in text.splitlines() if line.lstrip().startswith("greenai-infra")]
    return {"requirements.txt": changed} if changed != text else {}, other[0] if other and not pinned else ""


def _digest(content: bytes) -> str:
    """Returns the sha256 of a text, independent of its line ends."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.suffix == ".py" else ""


def _remove_empty(folder: Path) -> None:
    """Removes folders that are empty or hold only compiled Python."""
    for one in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if one.name == "__pycache__":
            if not any((one.parent / f"{file.name.split('.')[0]}.py").exists() for file in one.iterdir()):
                shutil.rmtree(one, ignore_errors=True)
            continue
        with suppress(OSError):
            one.rmdir()
