"""The carbon gate of a project: where its settings are, and the verdict on what a program declares.

A project has a gate if the folder `policy` beside its program (`stacks/policy/`) holds a policy pack. The folder may
also hold the settings, `greenai-policy.yaml`; without the file the rules' defaults apply. The offline preview, the pack
under the engine and `check` read the same file, so they reach the same verdict.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenai_infra.clock import now as clock_now
from greenai_infra.errors import InputError
from greenai_infra.files import read_text
from greenai_infra.policy.judge import judge
from greenai_infra.policy.rule import Stack, Standing
from greenai_infra.policy.settings import EXAMPLE, GateSettings
from greenai_infra.previews.sdk import wire
from greenai_infra.project import yaml_edit
from greenai_infra.project.stack_files import read_project
from greenai_infra.project.yaml_scalars import PlainNumbersLoader
from greenai_infra.typed_yaml.problems import described
from greenai_infra.typed_yaml.values import Unreadable, read_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from greenai_infra.contracts.declared import DeclaredResource
    from greenai_infra.policy.judge import Verdict
    from greenai_infra.project.project import StackProgram

PACK_FOLDER = "policy"
PACK_FILE = "PulumiPolicy.yaml"
SETTINGS_FILE = "greenai-policy.yaml"
PACK_NAME = "greenai-carbon-gate"


@dataclass(frozen=True)
class Gate:
    """The settings to judge by; `pack` is the policy pack's folder, None if the gate runs without the engine."""

    settings: GateSettings
    pack: Path | None = None


def project_pack(program: StackProgram) -> Path | None:
    """Returns the project's policy pack, if any."""
    beside = program.program if program.program.is_dir() else program.program.parent
    return beside / PACK_FOLDER if (beside / PACK_FOLDER / PACK_FILE).is_file() else None


def pack_folder(project_dir: Path) -> Path:
    """Returns the folder of a project's policy pack, if any: `project_pack` before a stack is known."""
    if not any((project_dir / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml")):
        return project_dir / PACK_FOLDER
    main = project_dir / str(read_project(project_dir).content.get("main") or ".")
    return (main if main.is_dir() else main.parent) / PACK_FOLDER


def open_gate(pack: Path) -> Gate:
    """The gate of a policy pack. Raises InputError for another folder, or for unusable settings."""
    if not (pack / PACK_FILE).is_file():
        raise InputError(f"{pack} is no policy pack: it has no {PACK_FILE}; the project's own is stacks/policy")
    return Gate(read_settings(pack / SETTINGS_FILE, required=False), pack)


def project_gate(program: StackProgram) -> Gate | None:
    """The project's gate, or None."""
    pack = project_pack(program)
    return open_gate(pack) if pack else None


def project_gate_or_defaults(program: StackProgram) -> Gate:
    """The gate that the project has, or the rules with their defaults."""

    return project_gate(program) or Gate(GateSettings())


def read_settings(file: Path, *, required: bool = True) -> GateSettings:
    """Reads the settings file; returns the defaults if an optional file is missing. Raises InputError."""

    if not file.is_file() and not required:
        return GateSettings()
    values = _without_nulls(yaml_edit.load(read_text(file), str(file), PlainNumbersLoader), file.name)
    try:
        return read_values(values, GateSettings)
    except Unreadable as error:
        raise InputError(described(error.problems, file.name, values, GateSettings, EXAMPLE)) from None


def _without_nulls(content: dict[str, Any], name: str, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Drops empty sections and rules, which YAML yields where all their lines are commented out.

    Raises InputError for a setting without a value: it would silently switch off a limit.
    """
    kept = {}
    for key, value in content.items():
        at = (*path, str(key))
        if value is None and len(at) > 2:
            raise InputError(f"{name}: {'.'.join(at)}: nothing stands after it; write a value, or take the key out")
        if value is not None:
            kept[key] = _without_nulls(value, name, at) if isinstance(value, dict) else value
    return kept


def judge_resources(
    gate: Gate,
    stack: str,
    resources: Sequence[DeclaredResource],
    config: Mapping[str, Any],
    now: datetime | None = None,
    standing: Standing | None = None,
) -> Verdict:
    """Returns the verdict on what a stack declares; `config` comes from `config_values`."""

    return judge(Stack(stack, resources, config, now or clock_now(), standing), gate.settings)


def standing_totals(figures: Mapping[str, Any]) -> Standing:
    """What the caps hold a limit against, of a preview's part `standing`."""

    total, intensity, rows = figures["total"], figures["intensity"] or {}, figures["resources"]
    return Standing(
        total["emissions_kg_per_month"],
        total["cost_usd_per_month"],
        str(intensity.get("basis", "")),
        str(intensity.get("signal", "")),
        unmeasured=tuple(row["name"] for row in rows if row["emissions_kg_per_month"] is None),
        unpriced=tuple(figures["unpriced"]),
        cost_usd_per_month_high=total.get("cost_usd_per_month_high"),
    )


def config_values(config: Mapping[str, str], project: str) -> dict[str, Any]:
    """Returns the config values by key, without the project prefix: objects parsed, encrypted values UNKNOWN."""
    prefix = f"{project}:"
    return {key.removeprefix(prefix): _value(text) for key, text in config.items() if key.startswith(prefix)}


def _value(text: str) -> Any:
    if text[:1] in ("{", "["):
        try:
            return wire.decode(json.loads(text))
        except ValueError:
            return text
    return wire.decode(text)
