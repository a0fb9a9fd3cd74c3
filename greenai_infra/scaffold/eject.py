"""Copy one component's source into a project, for who wants to own it: the rest stays in the package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from greenai_infra import stacks
from greenai_infra.catalog.read import near
from greenai_infra.errors import InputError
from greenai_infra.files import read_text, write_all
from greenai_infra.project.stack_files import read_project

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "own"
"""The folder in `stacks/`, which the engine has on the import path."""
_COMPONENT = re.compile(r"^class (\w+)\(pulumi\.ComponentResource\)", re.MULTILINE)


@dataclass(frozen=True)
class Ejected:
    """`file` is the copy, `changed` what now imports it, `users` the components that still import the package's."""

    component: str
    file: Path
    changed: tuple[Path, ...]
    users: tuple[str, ...]


@cache
def components() -> Mapping[str, Path]:
    """`aws.TrainingRegion` -> the file that defines it, for every component of both clouds."""
    root = Path(stacks.__file__).parent
    return {
        f"{file.relative_to(root).parts[0]}.{name}": file
        for file in sorted(root.rglob("*.py"))
        for name in _COMPONENT.findall(file.read_text(encoding="utf-8"))
    }


def find_component(name: str) -> str:
    """The full name of a component, whose cloud may be left out where only one has it. Raises InputError."""
    full = [one for one in components() if name in (one, one.partition(".")[2])]
    if len(full) == 1:
        return full[0]
    if full:
        raise InputError(f"both clouds have a component {name}; say {' or '.join(full)}")
    short = sorted({one.partition(".")[2] for one in components()})
    raise InputError(f"unknown component '{name}'{near(name, [*short, *components()])}; there are {', '.join(short)}")


def eject(project_dir: Path, name: str) -> Ejected:
    """Copy the component, and let the project's programs import the copy. Raises InputError; nothing is overwritten."""
    component = find_component(name)
    read_project(project_dir)
    folder = project_dir / "stacks"
    if not (folder / "__main__.py").is_file():
        raise InputError(f"{project_dir} has no stacks/__main__.py: init has not written this project")
    source = components()[component]
    cloud, _, short = component.partition(".")
    module = f"{cloud}_{source.stem}" if _defined(source) > 1 else f"{cloud}_{_snake(short)}"
    file = folder / OWN / f"{module}.py"
    if file.exists():
        raise InputError(f"{file} is there already, and is never overwritten")
    if (folder / "components").is_dir():
        raise InputError(f"{project_dir} has copies of all components: move it first with init --upgrade {project_dir}")
    imported = _Import(cloud, short, _module(source), f"{OWN}.{module}")
    texts = {one: read_text(one) for one in sorted(folder.rglob("*.py")) if "__pycache__" not in one.parts}
    changed = {one: new for one, text in texts.items() if (new := imported.of_the_copy(text)) != text}
    file.parent.mkdir(exist_ok=True)
    write_all({file: source.read_text(encoding="utf-8"), **changed})
    others = {one: where.read_text(encoding="utf-8") for one, where in components().items() if where != source}
    users = [one for one, text in others.items() if imported.of_the_copy(text) != text]
    return Ejected(component, file, tuple(changed), tuple(users))


@dataclass(frozen=True)
class _Import:
    """How a program imports a component: from its module, or by the public name of its cloud's package."""

    cloud: str
    component: str
    module: str
    copy: str

    def of_the_copy(self, text: str) -> str:
        """The text with the copy imported in place of the package's."""
        text = re.sub(rf"\bfrom {re.escape(self.module)} import\b", f"from {self.copy} import", text)
        public = rf"^([ \t]*)from greenai_infra\.stacks\.{self.cloud} import ([\w, ]+)$"
        return re.sub(public, self._parted, text, flags=re.MULTILINE)

    def _parted(self, line: re.Match[str]) -> str:
        """The line without the component's names, after a line that takes them from the copy."""
        indent, names = line[1], [name.strip() for name in line[2].split(",")]
        own = [name for name in names if name.removesuffix("Args") == self.component]
        rest = [name for name in names if name not in own]
        if not own:
            return line[0]
        kept = [f"{indent}from greenai_infra.stacks.{self.cloud} import {', '.join(rest)}"] if rest else []
        return "\n".join([*kept, f"{indent}from {self.copy} import {', '.join(own)}"])


def _module(file: Path) -> str:
    return ".".join(["greenai_infra.stacks", *file.relative_to(Path(stacks.__file__).parent).with_suffix("").parts])


def _defined(file: Path) -> int:
    return len(_COMPONENT.findall(file.read_text(encoding="utf-8")))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
