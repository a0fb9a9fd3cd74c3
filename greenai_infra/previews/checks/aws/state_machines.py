"""Step Functions definitions (Amazon States Language): the graph of states, and the API call behind each task."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from greenai_infra.policy.resource_types import STATE_MACHINE
from greenai_infra.previews.checks.text_documents import Problem, document_findings
from greenai_infra.previews.sdk import aws_models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenai_infra.contracts.declared import DeclaredResource, Finding

TYPES = frozenset({"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"})
_ENDS = frozenset({"Succeed", "Fail", "Choice"})
_TASK = re.compile(r"arn:aws[a-z-]*:states:[^:]*:[^:]*:(aws-sdk:)?([a-zA-Z0-9-]+):([A-Za-z0-9]+)(?:\.[\w:]+)?")
# Step Functions' word for a service -> botocore's
_SERVICES = {"sfn": "stepfunctions", "states": "stepfunctions"}
# What Step Functions itself takes beside the parameters of the API call.
_EXTRA = frozenset({"AssociateWithJob"})


def check_state_machine(resource: DeclaredResource) -> Iterator[Finding]:
    """Checks the definition of a state machine, as far as it is known before `up`."""
    if resource.type == STATE_MACHINE:
        yield from document_findings(resource, "definition", "state-machine-malformed", definition_problems)


def definition_problems(text: str) -> Iterator[Problem]:
    """(what is wrong, what to do) for each fault of a definition."""
    try:
        machine = json.loads(text)
    except json.JSONDecodeError as error:
        yield f"the definition is not JSON: {error}", "write it with json.dumps or Output.json_dumps"
        return
    if not isinstance(machine, dict):
        yield "the definition is not an object", "it has StartAt and States"
        return
    yield from _graph_problems(machine, "")


def _graph_problems(machine: dict[str, Any], path: str) -> Iterator[Problem]:
    states = machine.get("States")
    where = f" in {path}" if path else ""
    if not isinstance(states, dict) or not states:
        yield f"no States{where}", "define at least one state"
        return
    listed = f"name one of: {', '.join(states)}"
    start = machine.get("StartAt")
    if start not in states:
        yield f"StartAt{where} names no state: '{start}'", listed
    reached, todo = set(), [start] if start in states else list(states)
    while todo:
        name = todo.pop()
        if name in reached:
            continue
        reached.add(name)
        for _, target in _targets(states[name]):
            if target in states:
                todo.append(target)
    for name in states:
        if name not in reached:
            yield f"state '{name}'{where} is never reached", "lead to it from another state, or remove it"
    for name, state in states.items():
        yield from _state_problems(state, f"{path}/{name}" if path else name, states, listed)


def _state_problems(state: Any, path: str, states: dict[str, Any], listed: str) -> Iterator[Problem]:
    if not isinstance(state, dict) or state.get("Type") not in TYPES:
        kind = state.get("Type") if isinstance(state, dict) else state
        yield f"state '{path}' has the unknown Type {kind!r}", f"use one of {', '.join(sorted(TYPES))}"
        return
    for field, target in _targets(state):
        if target not in states:
            yield f"{field} of state '{path}' names no state: '{target}'", listed
    if state["Type"] not in _ENDS and ("Next" in state) == (state.get("End") is True):
        yield f"state '{path}' needs either Next or End", 'add "Next": "<state>" or "End": true'
    if state["Type"] == "Choice" and not state.get("Choices"):
        yield f"state '{path}' has no Choices", "add at least one choice"
    if state["Type"] == "Task":
        yield from _task_problems(state, path)
    for index, branch in enumerate(state.get("Branches") or []):
        yield from _graph_problems(branch, f"{path}/branch {index}")
    inner = state.get("ItemProcessor") or state.get("Iterator")
    if isinstance(inner, dict):
        yield from _graph_problems(inner, path)


def _targets(state: Any) -> Iterator[tuple[str, Any]]:
    """(field, name of the state that it leads to)"""
    if not isinstance(state, dict):
        return
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for group in ("Catch", "Choices"):
        for index, item in enumerate(state.get(group) or []):
            if isinstance(item, dict) and "Next" in item:
                yield f"{group}[{index}].Next", item["Next"]


def _task_problems(state: dict[str, Any], path: str) -> Iterator[Problem]:
    resource = state.get("Resource")
    if not isinstance(resource, str):
        yield f"task '{path}' has no Resource", "name the ARN of what it calls"
        return
    parameters = state.get("Arguments", state.get("Parameters"))
    match = _TASK.fullmatch(resource)
    if match is None or not isinstance(parameters, dict):
        return
    service = _SERVICES.get(match[2], match[2])
    try:
        operation = aws_models.operation(service, match[3])
    except KeyError:
        return
    if operation is None:
        if match[1] or service in ("sagemaker", "sns", "sqs"):
            yield f"task '{path}' calls {match[3]}, which {service} does not have", "correct the Resource"
        return
    shape = operation.get("input", {}).get("shape")
    if shape:
        yield from _call_problems(parameters, service, shape, f"task '{path}': ")


def _call_problems(value: Any, service: str, shape_name: str, where: str, path: str = "") -> Iterator[Problem]:
    """Checks the parameters of an API call against botocore's shape; accepts values that are computed at run time."""
    shape = aws_models.shape(service, shape_name)
    if shape["type"] == "structure" and isinstance(value, dict):
        members = {name.lower(): (name, member) for name, member in shape["members"].items()}
        given = {key.removesuffix(".$").lower() for key in value}
        for key, item in value.items():
            member = members.get(key.removesuffix(".$").lower())
            if member is None and key not in _EXTRA:
                listed = ", ".join(sorted(shape["members"]))
                yield f"{where}{shape_name} has no member '{path}{key}'", f"it has {listed}"
            elif member is not None and not key.endswith(".$"):
                yield from _call_problems(item, service, member[1]["shape"], where, f"{path}{key}.")
        for name in shape.get("required", []):
            if name.lower() not in given:
                yield f"{where}{path}{name} is required and not set", f"give {name} a value"
    elif shape["type"] == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _call_problems(item, service, shape["member"]["shape"], where, f"{path[:-1]}[{index}].")
    elif isinstance(value, str) and value not in shape.get("enum", [value]) and not value.startswith(("{%", "$")):
        yield f"{where}{path[:-1]} is '{value}', unknown to botocore's {shape_name}", "use a value that AWS knows"
