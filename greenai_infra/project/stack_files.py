"""The files `Pulumi.<stack>.yaml` of a project: reading them and finding the chosen stack.

The chosen stack of a workload has `greenai-infra:selected: true` in its file (the prefix is the project's name). A
region that reported no capacity for a plan has `greenai-infra:no-capacity: PLAN_ID`. Both marks are config, so they are
kept in version control with the rest; the program does not read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import parse_time
from greenai_infra.contracts.programs import DEFAULT_PROGRAM
from greenai_infra.contracts.stack.several_regions import running_section
from greenai_infra.errors import InputError
from greenai_infra.files import read_text, write_all
from greenai_infra.project import yaml_edit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

SELECTED = "selected"
NO_CAPACITY = "no-capacity"


@dataclass(frozen=True)
class StackFile:
    """A stack's config file; `text` is empty if the file does not exist yet."""

    stack: str
    path: Path
    text: str
    config: dict[str, Any]
    project: str

    def value(self, key: str) -> Any:
        """Returns a config value in the project's namespace; None if it is not set."""
        return self.config.get(f"{self.project}:{key}", self.config.get(key))

    def key(self, key: str) -> str:
        """Returns the config key as written in the file, with or without the namespace."""
        return key if key in self.config else f"{self.project}:{key}"

    @property
    def program(self) -> str:
        """The program that the stack runs; its section has the same name."""
        return str(self.value("program") or DEFAULT_PROGRAM)

    @property
    def section(self) -> dict[str, Any]:
        """The section of the stack's program, empty if missing; with several regions, the active region's."""
        section = self.value(self.program)
        return running_section(section) if isinstance(section, dict) else {}

    @property
    def place(self) -> str:
        """`provider:region`, as a plan names it; AWS if the section names no provider."""
        return f"{self.section.get('provider', 'aws')}:{self.section.get('region')}"

    @property
    def selected(self) -> bool:
        """Whether this is the chosen stack of its workload."""
        return self.value(SELECTED) in (True, "true")


@dataclass(frozen=True)
class Project:
    """What Pulumi.yaml, its `file`, says: the project's name, the folder of its stack files, and all the rest."""

    file: Path
    content: dict[str, Any]
    name: str
    config_dir: Path

    def config_files(self, stack: str) -> list[Path]:
        """Where the config of a stack may lie."""
        return [self.config_dir / f"Pulumi.{stack}.{ending}" for ending in ("yaml", "yml")]

    def stack_names(self) -> list[str]:
        """The stacks that have a config file, by name."""
        files = [file for pattern in ("Pulumi.*.yaml", "Pulumi.*.yml") for file in self.config_dir.glob(pattern)]
        return sorted({file.name.removeprefix("Pulumi.").rpartition(".")[0] for file in files if not file.is_dir()})


def read_project(project_dir: Path) -> Project:
    """The project in a folder. Raises InputError for a folder without Pulumi.yaml."""
    file = next((project_dir / name for name in ("Pulumi.yaml", "Pulumi.yml") if (project_dir / name).is_file()), None)
    if file is None:
        raise InputError(
            f"{project_dir.resolve()} has no Pulumi.yaml; run this in a project, name it with --dir, "
            "or write one with: greenai-infra init DIR"
        )
    content = yaml_edit.load(read_text(file), str(file))
    name = content.get("name")
    if not isinstance(name, str) or not name:
        raise InputError(f"{file}: 'name' is missing; give the project a name")
    return Project(file, content, name, project_dir / str(content.get("stackConfigDir") or ""))


def stack_file(project: Project, stack: str) -> StackFile:
    """Reads a stack's file; a missing file counts as empty."""
    paths = project.config_files(stack)
    path = next((one for one in paths if one.is_file()), paths[0])
    text = read_text(path) if path.is_file() else ""
    if path.is_dir():
        raise InputError(f"{path} is a folder; the config of stack {stack} would be a file of that name")
    return StackFile(stack, path, text, config_of(yaml_edit.load(text, str(path)), path), project.name)


def config_of(content: dict[str, Any], file: Path) -> dict[str, Any]:
    """The block `config` of a stack's file or of Pulumi.yaml. Raises InputError unless it is a mapping."""
    config = content.get("config")
    example = "for example aws:region: eu-north-1"
    if config is None:
        return {}
    if not isinstance(config, dict):
        raise InputError(f"{file}: config: expected a mapping, found {type(config).__name__}; {example}")
    for key in config:
        if not isinstance(key, str) or not key.strip():
            name = "null" if key is None else str(key).lower() if isinstance(key, bool) else repr(key)
            raise InputError(f"{file}: config: key {name}: expected a name, {example}")
    return config


def stack_files(project_dir: Path) -> list[StackFile]:
    """Every stack file of a project, by name."""
    project = read_project(project_dir)
    return [stack_file(project, name) for name in project.stack_names()]


def default_stack(project_dir: Path) -> str:
    """Returns the default stack: the only stack, or the only chosen stack. Raises InputError."""
    files = stack_files(project_dir)
    if not files:
        raise InputError(
            f"{project_dir.resolve()} has no Pulumi.<stack>.yaml; write one with: greenai-infra select plan.json"
        )
    for some in (files, [one for one in files if one.selected]):
        if len(some) == 1:
            return some[0].stack
    raise InputError(
        f"there are {len(files)} stacks here; choose one with --stack: {', '.join(one.stack for one in files)}"
    )


def require_stack(project_dir: Path, stack: str | None) -> str:
    """Returns the stack to work on: the named stack, if it has a config file, or the default. Raises InputError."""
    if stack is None:
        return default_stack(project_dir)
    project = read_project(project_dir)
    names = project.stack_names()
    if stack not in names:
        if folder := next((file for file in project.config_files(stack) if file.is_dir()), None):
            raise InputError(f"{folder} is a folder; the config of stack {stack} would be a file of that name")
        there = f"stacks here: {', '.join(names)}" if names else "greenai-infra select plan.json writes them"
        raise InputError(f"there is no Pulumi.{stack}.yaml in {project_dir.resolve()}; {there}")
    return stack


def passed_start(project_dir: Path, stack: str, now: datetime) -> datetime | None:
    """The planned start of a stack whose run is to be started by a schedule, if that lies in the past."""
    file = stack_file(read_project(project_dir), stack)
    if file.program != "training" or file.section.get("launch", "scheduled") != "scheduled":
        return None
    try:
        start = parse_time(str(file.section["slices"][0]["start"]))
    except (KeyError, IndexError, TypeError, InputError):
        return None  # the program says what is wrong with it
    return start if start <= now else None


def mark_built(project_dir: Path, plan_id: str, built: str, without_capacity: Sequence[str]) -> None:
    """Marks a stack as chosen, and the stacks tried before it as without capacity for that plan."""
    project = read_project(project_dir)
    texts: dict[Path, str] = {}
    for stack in (built, *without_capacity):
        file = stack_file(project, stack)
        marks = (
            {SELECTED: "true", NO_CAPACITY: yaml_edit.REMOVE}
            if stack == built
            else {SELECTED: yaml_edit.REMOVE, NO_CAPACITY: plan_id}
        )
        changes: dict[yaml_edit.Path, object] = {("config", file.key(key)): value for key, value in marks.items()}
        texts[file.path] = yaml_edit.edit(file.text, changes, str(file.path))
    write_all(texts)
