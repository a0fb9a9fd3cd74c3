"""Sources of Google Cloud Workflows: that they can be read, have a workflow `main`, and lead to steps that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra import safe_yaml
from greenai_infra.policy.resource_types import WORKFLOW
from greenai_infra.previews.checks.text_documents import Problem, document_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource, Finding

JUMPS = frozenset({"end", "break", "continue"})
"""Words that `next` takes beside the names of steps. Source: Google Cloud Workflows, "Syntax overview"."""


def check_workflow(resource: DeclaredResource) -> Iterator[Finding]:
    """The source of a workflow, as far as it is known before `up`."""
    if resource.type == WORKFLOW:
        yield from document_findings(resource, "sourceContents", "workflow-malformed", source_problems)


def source_problems(source: str) -> Iterator[Problem]:
    """(what is wrong, what to do) for each fault."""
    try:
        document = safe_yaml.load(source)  # JSON is YAML
    except yaml.YAMLError as error:
        yield f"the source is neither YAML nor JSON: {' '.join(str(error).split())}", "write it with json.dumps"
        return
    workflows = {"main": {"steps": document}} if isinstance(document, list) else document
    if not isinstance(workflows, dict) or "main" not in workflows:
        yield "there is no workflow 'main'", "write {main: {steps: [...]}}, or a list of steps"
        return
    for name, workflow in workflows.items():
        if not isinstance(workflow, dict) or not isinstance(workflow.get("steps"), list) or not workflow["steps"]:
            yield f"workflow '{name}' has no steps", "give it at least one step"
            continue
        names = set(_names(workflow))
        for target in dict.fromkeys(_targets(workflow)):
            if target not in names | JUMPS:
                yield f"next names no step of '{name}': '{target}'", f"name one of: {', '.join(sorted(names))}"


def _names(body: Any) -> Iterator[str]:
    """Names of all steps, those inside others too."""
    if isinstance(body, list):
        for item in body:
            yield from _names(item)
    elif isinstance(body, dict):
        for key, value in body.items():
            if key == "steps" and isinstance(value, list):
                yield from (str(name) for step in value if isinstance(step, dict) for name in step)
            yield from _names(value)


def _targets(body: Any) -> Iterator[str]:
    """Where steps lead by name; arguments and variables may be called `next` too."""
    if isinstance(body, list):
        for item in body:
            yield from _targets(item)
    elif isinstance(body, dict):
        for key, value in body.items():
            if key == "next" and isinstance(value, str):
                yield value
            elif key not in ("args", "assign", "return", "raise"):
                yield from _targets(value)
