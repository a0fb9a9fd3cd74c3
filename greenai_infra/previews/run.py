"""Preview a stack with no Pulumi CLI, no account and no network: run its program, record what it declares, check it.

    from greenai_infra import preview
    result = preview(".", "finetune-7b-eu-north-1")

A program whose documents (policies, state machines) hold values that exist only after `up` is run a second time with
stand-ins in their place, so that the documents can be read; the rest of that run is discarded.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

import greenai_infra
from greenai_infra.catalog.availability import opt_in_note
from greenai_infra.catalog.regions import regions
from greenai_infra.contracts.declared import STACK_TYPE, DeclaredResource
from greenai_infra.errors import InputError
from greenai_infra.policy.judge import unjudged
from greenai_infra.previews.gate import config_values, judge_resources, project_gate, standing_totals
from greenai_infra.previews.result import PreviewResult
from greenai_infra.previews.run_findings import (
    alarms_stack_findings,
    below_root,
    carbon_findings,
    config_findings,
    program_findings,
)
from greenai_infra.previews.sdk import wire
from greenai_infra.previews.standing.assemble import standing
from greenai_infra.previews.standing.config import budget, program_sections
from greenai_infra.previews.standing.over_budget import over_budget
from greenai_infra.project.project import StackProgram, read_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from greenai_infra.policy.judge import Verdict
    from greenai_infra.previews.gate import Gate
    from greenai_infra.previews.offline.recorded import Recorded, Registration
    from greenai_infra.previews.sdk.providers import Providers

COMPONENTS = Path(greenai_infra.__file__).resolve().parent / "stacks"
"""Where the toolkit's own components are: `greenai_infra/stacks/...` stands for them wherever the package is."""


def preview(
    project_dir: Path | str = ".",
    stack: str | None = None,
    *,
    choose_gate: Callable[[StackProgram], Gate | None] = project_gate,
    now: datetime | None = None,
) -> PreviewResult:
    """Previews one stack of a project; without a name, the only stack or the stack that `select` chose.

    The result's findings list the program's faults and, as of `now`, the violations of the carbon gate's rules. Raises
    InputError if the program can't be run: no project, an unknown stack, or the SDK is not installed.
    """
    program = read_stack(Path(project_dir), stack)
    gate = choose_gate(program)
    _require("pulumi", "gcp" if any(key.startswith("gcp:") for key in program.config) else "aws")
    from greenai_infra.previews.checks.registry import run_checks  # these load the SDK, which an extra brings
    from greenai_infra.previews.documents import render_documents
    from greenai_infra.previews.not_judged import not_judged
    from greenai_infra.previews.offline.program import run_program
    from greenai_infra.previews.sdk.providers import Providers, package_of

    providers = Providers(program.config)
    recorded, failure = run_program(program, providers.check)
    findings = [*config_findings(program), *carbon_findings(program), *alarms_stack_findings(program)]
    findings += program_findings(recorded, failure)
    if any(package_of(one.request.type) == "aws" for one in recorded.registrations.values()):
        _require("botocore", "aws")  # what AWS allows is read from its models
    rendered: dict[str, dict[str, Any]] = {}
    if failure is None:
        rendered, unread = render_documents(program, recorded)
        findings += unread
    resources = _declared(program, recorded, rendered, providers)
    findings += run_checks(resources, program.config)
    sections = program_sections(program)
    figures = standing(resources, *sections) if failure is None else None
    limits = budget(program)
    if figures is not None:
        findings += over_budget(figures, limits, resources[0].urn if resources else "")
    verdict = _judge(program, gate, resources, figures, now)
    findings += verdict.findings if verdict else ()
    return PreviewResult(
        project=program.project,
        stack=program.stack,
        region=str(sections[0].get("region")) if len(sections) > 1 else program.region,
        resources=tuple(resources),
        outputs=_stack_outputs(recorded),
        findings=tuple(
            replace(one, message=below_root(one.message, program.root), remedy=below_root(one.remedy, program.root))
            for one in sorted(findings, key=lambda one: (one.severity, one.urn))
        ),
        messages=tuple(below_root(message, program.root) for level, message, _ in recorded.logs if level == "info"),
        standing=figures,
        budget=limits,
        verdict=verdict,
        not_judged=not_judged(resources) if verdict and figures is not None else {},
        notes=tuple(_to_enable(resources)),
    )


def _to_enable(resources: Sequence[DeclaredResource]) -> Iterator[str]:
    """The AWS regions in which something is built and which an account must enable first."""

    used = {one.region for one in resources if one.package == "aws" and one.custom and not one.is_provider}
    return (opt_in_note(one) for one in regions() if one.opt_in and one.name in used)


def _require(package: str, extra: str) -> None:
    if find_spec(package) is None:
        raise InputError(
            f"the offline preview needs {package}, which is not installed; "
            f"install it with: pip install 'greenai-infra[{extra}]'"
        )


def _judge(
    program: StackProgram,
    gate: Gate | None,
    resources: Sequence[DeclaredResource],
    figures: Mapping[str, Any] | None,
    now: datetime | None,
) -> Verdict | None:
    """Returns the verdict of the gate, if any; on a partial stack (no `figures`), that no rule could run."""
    if gate is None:
        return None

    if figures is None:
        return unjudged(gate.settings)
    config = config_values(program.config, program.project)
    return judge_resources(gate, program.stack, resources, config, now, standing_totals(figures))


def _declared(
    program: StackProgram, recorded: Recorded, rendered: dict[str, dict[str, Any]], providers: Providers
) -> list[DeclaredResource]:
    ordered = sorted(recorded.registrations.values(), key=lambda one: (one.request.type != STACK_TYPE, one.urn))
    return [_resource(program, one, rendered, providers) for one in ordered]


def _resource(
    program: StackProgram, one: Registration, rendered: dict[str, dict[str, Any]], providers: Providers
) -> DeclaredResource:
    from greenai_infra.previews.sdk.schema import resource_schema

    request = one.request
    custom = one.read or bool(request.custom)
    inputs = wire.decode_struct(one.inputs)
    schema = resource_schema(request.type) if custom else None
    return DeclaredResource(
        urn=one.urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=custom,
        inputs=inputs,
        rendered=rendered.get(one.urn, inputs),
        dependencies=tuple(sorted(request.dependencies)),
        provider=request.provider.rpartition("::")[0],
        region=providers.region(request.type, request.provider, inputs) if custom else "",
        options={} if one.read else _options(request),
        taggable=schema is not None and schema.taggable,
        read=one.read,
        source=_relative(one.source, program.root),
        property_dependencies={} if one.read else _property_dependencies(request),
        hides_its_parts=not one.read and bool(request.remote),
    )


# Option as Pulumi documents it -> field of the registration
_OPTIONS = {
    "protect": "protect",
    "deleteBeforeReplace": "deleteBeforeReplace",
    "retainOnDelete": "retainOnDelete",
    "import": "importId",
    "version": "version",
    "deletedWith": "deletedWith",
    "ignoreChanges": "ignoreChanges",
    "replaceOnChanges": "replaceOnChanges",
    "additionalSecretOutputs": "additionalSecretOutputs",
}


def _options(request: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, field in _OPTIONS.items():
        value = getattr(request, field)
        if value:
            options[name] = value if isinstance(value, str | bool) else list(value)
    aliases = [alias.urn or alias.spec.name or alias.spec.type or str(alias.spec) for alias in request.aliases]
    if aliases:
        options["aliases"] = aliases
    return options


def _property_dependencies(request: Any) -> dict[str, tuple[str, ...]]:
    return {name: tuple(on.urns) for name, on in request.propertyDependencies.items()}


def _stack_outputs(recorded: Recorded) -> dict[str, Any]:
    for urn, one in recorded.registrations.items():
        if one.request.type == STACK_TYPE and urn in recorded.outputs:
            return dict(sorted(wire.decode_struct(recorded.outputs[urn]).items()))
    return {}


def _relative(source: str, root: Path) -> str:
    """`path:line` below the project, or of a component of the toolkit below its package; empty for other code."""
    path, _, line = source.rpartition(":")
    for folder, above in ((root, root), (COMPONENTS, COMPONENTS.parents[1])):
        if path and Path(path).is_relative_to(folder):
            return f"{Path(path).relative_to(above)}:{line}"
    return ""
