"""A Pulumi project on disk: which program a stack runs and with which config, read as the engine reads them.

`Pulumi.yaml` names the program and may give config defaults; `Pulumi.<stack>.yaml` holds the stack's config. Objects
reach the program as JSON text. Encrypted values can't be read without the stack's passphrase or key: unknown here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.read import near
from greenai_infra.contracts.declared import UNKNOWN_MARK
from greenai_infra.contracts.programs import program_names
from greenai_infra.contracts.stack import programs
from greenai_infra.errors import InputError
from greenai_infra.files import read_text
from greenai_infra.project import yaml_edit
from greenai_infra.project.stack_files import config_of, read_project, require_stack

KEYS = ("program", "selected", "no-capacity", "alarms-stack", "budget-ledger")
"""Config keys known to the toolkit's programs and to `select`, beside the sections and secrets of programs."""

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class StackProgram:
    """The inputs for running a stack's program."""

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
    """Returns a stack's program and config; the default is the only stack or the chosen stack. Raises InputError."""
    root = project_dir.resolve()
    project = read_project(root)
    name, content = project.name, project.content
    runtime = content.get("runtime")
    runtime_name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if runtime_name != "python":
        raise InputError(f"{project.file}: runtime is {runtime_name!r}; the offline preview runs Python programs only")
    stack_name = require_stack(root, stack)
    config_file = next(file for file in project.config_files(stack_name) if file.is_file())
    own = config_of(yaml_edit.load(read_text(config_file), str(config_file)), config_file)
    config, encrypted = _read_config(own, name, config_file)
    _add_defaults(config, config_of(content, project.file), name, config_file, project.file)
    program = _program(root, content)
    if _is_of_the_toolkit(program):
        _refuse_misspelt(config, name, config_file, program)
    return StackProgram(name, stack_name, root, program, config, encrypted, config_file.name)


def _is_of_the_toolkit(program: Path) -> bool:
    """Whether `init` wrote the program, in this version or an older version."""
    main = program / "__main__.py"
    return (program / "programs" / "__init__.py").is_file() or (
        main.is_file() and "greenai_infra.stacks" in main.read_text(encoding="utf-8", errors="replace")
    )


def _refuse_misspelt(config: dict[str, str], project: str, config_file: Path, program: Path) -> None:
    """Raises InputError for a likely typo of a toolkit key: a stack with `alarm` would have no alarms."""
    keys = [*KEYS, *programs()]
    users = program_names(program)  # users' programs may have sections under any name
    for key in config:
        own = key.removeprefix(f"{project}:")
        if own != key and own not in keys and own not in users and (hint := near(own, keys, 0.8)):
            raise InputError(f"{config_file.name}: config: unknown key '{key}'{hint}")


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


def _read_config(own: dict[str, Any], project: str, file: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    config, encrypted = {}, []
    for key, value in own.items():
        full = key if ":" in key else f"{project}:{key}"
        hidden = hide_encrypted(value)
        if hidden != value:
            encrypted.append(full)
        config[full] = _as_text(hidden, full, file)
    return config, tuple(encrypted)


def hide_encrypted(value: Any) -> Any:
    """The value with an unknown in place of each `secure:` value."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return UNKNOWN_MARK
        return {key: hide_encrypted(item) for key, item in value.items()}
    return [hide_encrypted(item) for item in value] if isinstance(value, list) else value


def _add_defaults(
    config: dict[str, str], declared: dict[str, Any], project: str, config_file: Path, project_file: Path
) -> None:
    """The config block of Pulumi.yaml: defaults, fixed values, and keys that a stack must set."""
    for key, entry in declared.items():
        full = key if ":" in key else f"{project}:{key}"
        if full in config:
            continue
        if not isinstance(entry, dict):
            config[full] = _as_text(entry, full, project_file)
        elif "default" in entry or "value" in entry:
            config[full] = _as_text(entry.get("default", entry.get("value")), full, project_file)
        elif "type" in entry:
            raise InputError(f"{config_file}: config key {full} ({entry['type']}) is missing; Pulumi.yaml requires it")


def _as_text(value: Any, key: str, file: Path) -> str:
    """`as_text`, with an InputError for what only YAML has: binary data, sets, times with a tag."""
    try:
        return as_text(value)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{file}: config: {key}: expected text, a number, true or false, a list, or keys with values ({error})"
        ) from None


def as_text(value: Any) -> str:
    """A config value as the program receives it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
