"""A Pulumi project on disk: which program a stack runs and with which config, read as the engine reads them.

`Pulumi.yaml` names the program and may give config defaults; `Pulumi.<stack>.yaml` holds the stack's config. Objects
reach the program as JSON text. Encrypted values can't be read without the stack's passphrase or key: unknown here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.read import near
from greenai_infra.deploy import yaml_edit
from greenai_infra.deploy.stack_files import read_project, read_text
from greenai_infra.deploy.wire import UNKNOWN_MARK
from greenai_infra.errors import InputError

KEYS = ("program", "selected", "no-capacity", "alarms", "alarms-stack", "cache", "inference", "training")
"""What the toolkit's own programs and `select` know, beside the secrets of a program."""

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.deploy.stack_files import Project


@dataclass(frozen=True)
class StackProgram:
    """What is needed to run the program of one stack."""

    project: str
    stack: str
    root: Path
    program: Path
    """A file, or a folder with `__main__.py`."""
    config: dict[str, str]
    encrypted: tuple[str, ...]
    config_file: str = ""

    @property
    def region(self) -> str:
        """The region of the stack's default provider, or empty."""
        return self.config.get("aws:region") or self.config.get("gcp:region") or ""


def read_stack(project_dir: Path, stack: str | None) -> StackProgram:
    """The program and config of a stack; without a name, of the only stack there is. Raises InputError."""
    root = project_dir.resolve()
    project = read_project(root)
    name, content = project.name, project.content
    runtime = content.get("runtime")
    runtime_name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if runtime_name != "python":
        raise InputError(f"{project.file}: runtime is {runtime_name!r}; the offline preview runs Python programs only")
    config_file = _find_config(project, stack)
    stack_name = config_file.name.removeprefix("Pulumi.").rsplit(".", 1)[0]
    config, encrypted = _read_config(yaml_edit.load(read_text(config_file), str(config_file)), name)
    _add_defaults(config, content.get("config") or {}, name, config_file)
    program = _program(root, content)
    if (program / "programs" / "__init__.py").is_file():
        _refuse_misspelt(config, name, config_file)
    return StackProgram(name, stack_name, root, program, config, encrypted, config_file.name)


def _refuse_misspelt(config: dict[str, str], project: str, config_file: Path) -> None:
    """Raises InputError for a key that is nearly one of the toolkit's: a stack with `alarm` would have no alarms."""
    for key in config:
        own = key.removeprefix(f"{project}:")
        if own != key and own not in KEYS and (hint := near(own, KEYS, 0.8)):
            raise InputError(f"{config_file.name}: config: unknown key '{key}'{hint}")


def _find_config(project: Project, stack: str | None) -> Path:
    found = project.stack_names()
    if stack is None:
        if len(found) == 1:
            stack = found[0]
        elif found:
            raise InputError(f"there are {len(found)} stacks here; choose one with --stack: {', '.join(found)}")
        else:
            raise InputError(
                f"{project.config_dir} has no Pulumi.<stack>.yaml; write one with: greenai-infra select plan.json"
            )
    for file in project.config_files(stack):
        if file.is_file():
            return file
    there = f"stacks here: {', '.join(found)}" if found else "there is none here; greenai-infra select writes them"
    raise InputError(f"no stack config Pulumi.{stack}.yaml in {project.config_dir}; {there}")


def _program(root: Path, project: dict[str, Any]) -> Path:
    main = str(project.get("main") or ".")
    program = (root / main).resolve()
    if program != root and root not in program.parents:
        raise InputError(f"{root / 'Pulumi.yaml'}: main: {main} lies outside the project")
    if program.is_dir():
        if not (program / "__main__.py").is_file():
            raise InputError(f"{program} has no __main__.py, which main: {main} in Pulumi.yaml asks for")
    elif not program.is_file():
        raise InputError(f"{root / 'Pulumi.yaml'}: main: {main} does not exist")
    return program


def _read_config(content: dict[str, Any], project: str) -> tuple[dict[str, str], tuple[str, ...]]:
    config, encrypted = {}, []
    for key, value in (content.get("config") or {}).items():
        full = key if ":" in key else f"{project}:{key}"
        hidden = hide_encrypted(value)
        if hidden != value:
            encrypted.append(full)
        config[full] = as_text(hidden)
    return config, tuple(encrypted)


def hide_encrypted(value: Any) -> Any:
    """The value with an unknown in place of each `secure:` value."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return UNKNOWN_MARK
        return {key: hide_encrypted(item) for key, item in value.items()}
    return [hide_encrypted(item) for item in value] if isinstance(value, list) else value


def _add_defaults(config: dict[str, str], declared: dict[str, Any], project: str, config_file: Path) -> None:
    """The config block of Pulumi.yaml: defaults, fixed values, and keys that a stack must set."""
    for key, entry in declared.items():
        full = key if ":" in key else f"{project}:{key}"
        if full in config:
            continue
        if not isinstance(entry, dict):
            config[full] = as_text(entry)
        elif "default" in entry or "value" in entry:
            config[full] = as_text(entry.get("default", entry.get("value")))
        elif "type" in entry:
            raise InputError(f"{config_file}: config key {full} ({entry['type']}) is missing; Pulumi.yaml requires it")


def as_text(value: Any) -> str:
    """A config value as the program receives it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
