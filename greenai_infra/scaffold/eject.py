"""Copies a component's source into a project, for users who want to own it: the rest stays in the package."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import greenai_infra
from greenai_infra.errors import InputError
from greenai_infra.files import read_text, write_all
from greenai_infra.project.stack_files import read_project
from greenai_infra.scaffold.ci_files import clouds_of
from greenai_infra.scaffold.components import components, components_in, find_component, module_of
from greenai_infra.scaffold.imports import defined_names, imports_any, with_copies
from greenai_infra.scaffold.upgrade import upgrade_of

if TYPE_CHECKING:
    from pathlib import Path

OWN = "own"
"""The folder in `stacks/`, which the engine has on the import path."""
HEAD = "# Copied from {module} of greenai-infra {version} by init --eject. Yours: no upgrade changes it.\n"


@dataclass(frozen=True)
class Ejected:
    """`file` is the copy, `changed` the files that now import it, `line` the import for other places.

    `users` are the components that still import the package's version.
    """

    component: str
    file: Path
    changed: tuple[Path, ...]
    line: str
    users: tuple[str, ...]


def eject(project_dir: Path, name: str) -> Ejected:
    """Copies the component and makes the project's programs import it. Raises InputError; never overwrites files."""
    if upgrade_of(project_dir).needed:
        raise InputError(f"{project_dir} is of an older version: move it first with init --upgrade {project_dir}")
    read_project(project_dir)
    component = find_component(name, clouds_of(project_dir))
    folder = project_dir / "stacks"
    source = components()[component]
    file = _copy(folder, source)
    if file.exists():
        raise InputError(f"{file} is there already, and is never overwritten")
    sources = {module_of(one): one for one in components().values() if one == source or _copy(folder, one).is_file()}
    copies = {module: f"{OWN}.{_copy(folder, one).stem}" for module, one in sources.items()}
    defined = {module: defined_names(one.read_text(encoding="utf-8")) for module, one in sources.items()}
    module, text = module_of(source), source.read_text(encoding="utf-8")
    others = {other: copy for other, copy in copies.items() if other != module}
    head = HEAD.format(module=module, version=greenai_infra.__version__)
    texts = {one: read_text(one) for one in sorted(folder.rglob("*.py")) if "__pycache__" not in one.parts}
    changed = {
        one: new for one, old in texts.items() if (new := with_copies(old, {module: copies[module]}, defined)) != old
    }
    _write(file, {file: head + with_copies(text, others, defined), **changed})
    names = {one.partition(".")[2] for one in components_in(source)}
    public = sorted(one for one in defined[module] if one in names or one.endswith("Args"))
    users = [
        one
        for one, where in components().items()
        if where not in sources.values() and imports_any(where.read_text(encoding="utf-8"), [module])
    ]
    line = f"from {copies[module]} import {', '.join(public)}"
    return Ejected(component, file, tuple(changed), line, tuple(users))


def _copy(folder: Path, source: Path) -> Path:
    """Where the copy of a file of the package goes: named after its component, or as the file if it has several."""
    cloud, _, short = components_in(source)[0].partition(".")
    name = source.stem if len(components_in(source)) > 1 else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", short).lower()
    return folder / OWN / f"{cloud}_{name}.py"


def _write(file: Path, texts: dict[Path, str]) -> None:
    """Writes all files and the folder of the copy, or undoes everything."""
    new = not file.parent.exists()
    try:
        file.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{file.parent} can't be made: {error.strerror}") from None
    try:
        write_all(texts)
    except InputError:
        if new:
            file.parent.rmdir()
        raise
