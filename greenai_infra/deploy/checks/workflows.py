"""Sources of Google Cloud Workflows: the graph of steps, the calls, the variables."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from greenai_infra import safe_yaml
from greenai_infra.deploy.checks import workflow_language as language
from greenai_infra.deploy.checks import workflow_steps as steps_of
from greenai_infra.deploy.checks.text_documents import Problem, document_findings
from greenai_infra.policy.declared import plain
from greenai_infra.policy.resource_types import WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenai_infra.policy.declared import DeclaredResource, Finding


def check_workflow(resource: DeclaredResource) -> Iterator[Finding]:
    """The source of a workflow, as far as it is known before `up`, and the variables it reads."""
    if resource.type == WORKFLOW:
        variables = plain(resource.inputs.get("userEnvVars"))
        given = set(variables) if isinstance(variables, dict) else set()
        problems = partial(source_problems, variables=given)
        yield from document_findings(resource, "sourceContents", "workflow-malformed", problems)


def source_problems(source: str, variables: set[str] | None = None) -> Iterator[Problem]:
    """(what is wrong, what to do) for each fault; without `variables`, what `sys.get_env` reads is not looked at."""
    if len(source.encode()) > language.SOURCE_BYTES:
        yield f"the source has {len(source.encode())} bytes", "Workflows takes 128 KB; split it into workflows"
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
        steps = workflow.get("steps") if isinstance(workflow, dict) else None
        if not isinstance(steps, list) or not steps:
            yield f"workflow '{name}' has no steps", "give it at least one step"
            continue
        yield from _Workflow(name, workflow, set(workflows) - {"main"}, variables).problems()


@dataclass
class _Workflow:
    """One workflow or subworkflow while it is looked at."""

    name: str
    body: Mapping[str, Any]
    others: set[str]
    variables: set[str] | None
    known: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)

    def problems(self) -> Iterator[Problem]:
        steps = self.body["steps"]
        self.known = {steps_of.parameter(one) for one in self.body.get("params") or []} | set(steps_of.made(steps))
        names = list(steps_of.names(steps))
        self.targets = set(names)
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two steps of '{self.name}' are named '{name}'", "give each step a name of its own"
        yield from self._steps(steps)
        yield from self._unreached(steps)

    def _steps(self, steps: Any) -> Iterator[Problem]:
        if not isinstance(steps, list):
            yield f"steps of '{self.name}' are no list", "write a list of {name: {...}}"
            return
        for step in steps:
            if not isinstance(step, dict) or len(step) != 1:
                yield f"a step of '{self.name}' is not one name with one body: {_cut(step)}", "write {name: {...}}"
                continue
            [(name, body)] = step.items()
            if isinstance(body, dict):
                yield from self._step(str(name), body)
            else:
                yield f"step '{name}' has no body", "let it assign, call, switch, return or raise"

    def _step(self, name: str, body: dict[str, Any]) -> Iterator[Problem]:
        kinds = [kind for kind in language.STEP_KINDS if kind in body and kind != "next"] or ["next"]
        if len(kinds) > 1 or kinds[0] not in body:
            done = " and ".join(kinds) if kinds[0] in body else "nothing"
            yield f"step '{name}' does {done}", "a step does exactly one thing; split it"
            return
        kind = kinds[0]
        for key in body:
            if key != kind and key not in language.STEP_KINDS[kind]:
                yield f"step '{name}' has the unknown key '{key}'", _listed({kind, *language.STEP_KINDS[kind]})
        yield from self._jump(body.get("next"), f"next of step '{name}'")
        if kind == "call":
            yield from self._call(name, body)
        elif kind == "try":
            yield from self._try(name, body)
        elif kind == "switch":
            yield from self._switch(name, body["switch"])
        elif kind in ("for", "steps"):
            inner = body[kind].get("steps") if kind == "for" and isinstance(body[kind], dict) else body[kind]
            yield from self._steps(inner)
        elif kind == "parallel":
            yield from self._parallel(name, body["parallel"])
        elif kind == "assign":
            yield from self._assign(name, body["assign"])
        if kind not in ("try", "switch", "for", "steps", "parallel"):
            yield from self._expressions(name, body)

    def _assign(self, name: str, assigned: Any) -> Iterator[Problem]:
        if not isinstance(assigned, list) or not all(isinstance(one, dict) and len(one) == 1 for one in assigned):
            yield f"step '{name}' assigns no list of variables", "write assign: [{variable: value}, ...]"
        elif len(assigned) > language.ASSIGNMENTS:
            yield f"step '{name}' has {len(assigned)} assignments", f"at most {language.ASSIGNMENTS}; split it"

    def _call(self, name: str, body: dict[str, Any]) -> Iterator[Problem]:
        called, args = body["call"], body.get("args") or {}
        if called in self.others:
            return
        needed = language.CALLS.get(called)
        if needed is None:
            if not isinstance(called, str) or not language.CONNECTOR.fullmatch(called):
                near = difflib.get_close_matches(str(called), [*language.CALLS, *self.others], n=1)
                advice = (
                    f"did you mean {near[0]}?" if near else "call a function of the standard library, or a connector"
                )
                yield f"step '{name}' calls '{called}', which there isn't", advice
            elif near := difflib.get_close_matches(called, language.CALLS, n=1, cutoff=0.95):
                yield f"step '{name}' calls '{called}', which there isn't", f"did you mean {near[0]}?"
            return
        for missing in sorted(needed - set(args if isinstance(args, dict) else ())):
            yield f"step '{name}': {called} needs the argument '{missing}'", f"give args.{missing} a value"

    def _try(self, name: str, body: dict[str, Any]) -> Iterator[Problem]:
        tried = body["try"]
        if isinstance(tried, dict) and "next" in tried:
            yield f"step '{name}': next stands inside its try", "put next beside try"
        if isinstance(tried, dict) and "steps" in tried:
            yield from self._steps(tried["steps"])
        elif isinstance(tried, dict) and "call" in tried:
            yield from self._call(name, tried)
            yield from self._expressions(name, tried)
        else:
            yield f"step '{name}' tries nothing", "let try hold a call, or steps"
        if "retry" not in body and "except" not in body:
            yield f"step '{name}' has neither retry nor except", "say what is to be done when it fails"
        caught = body.get("except")
        if caught is not None:
            if not isinstance(caught, dict) or not caught.get("steps") or not caught.get("as"):
                yield f"except of step '{name}' needs as and steps", "write {as: e, steps: [...]}"
            else:
                yield from self._steps(caught["steps"])

    def _switch(self, name: str, conditions: Any) -> Iterator[Problem]:
        if not isinstance(conditions, list) or not 1 <= len(conditions) <= language.CONDITIONS:
            yield f"step '{name}' switches on no conditions, or too many", f"write 1 to {language.CONDITIONS}"
            return
        for index, one in enumerate(conditions):
            if not isinstance(one, dict) or "condition" not in one:
                yield f"step '{name}': switch[{index}] has no condition", "write condition: ${...}"
                continue
            yield from self._jump(one.get("next"), f"switch[{index}].next of step '{name}'")
            yield from self._expressions(name, {key: value for key, value in one.items() if key != "steps"})
            if "steps" in one:
                yield from self._steps(one["steps"])

    def _parallel(self, name: str, body: Any) -> Iterator[Problem]:
        branches = body.get("branches") if isinstance(body, dict) else None
        loop = body.get("for") if isinstance(body, dict) else None
        inner = [one for branch in branches or [] if isinstance(branch, dict) for one in branch.values()]
        if not inner and not isinstance(loop, dict):
            yield f"step '{name}' runs nothing in parallel", "give it branches, or a for loop"
        for one in [*inner, *([loop] if isinstance(loop, dict) else [])]:
            yield from self._steps(one.get("steps") if isinstance(one, dict) else None)

    def _jump(self, target: Any, where: str) -> Iterator[Problem]:
        if target is not None and target not in self.targets | language.JUMPS:
            yield f"{where} names no step: '{target}'", f"name one of: {', '.join(sorted(self.targets))}"

    def _expressions(self, name: str, value: Any) -> Iterator[Problem]:
        for text in steps_of.texts(value):
            expression = language.expression_of(text)
            if expression is None:
                if "${" in text:
                    yield (
                        f"step '{name}': '{_cut(text)}' mixes text and an expression",
                        'write one expression, such as ${"text " + variable}',
                    )
                continue
            if len(expression) > language.EXPRESSION_LENGTH:
                yield f"step '{name}': an expression has {len(expression)} characters", "at most 400; split it"
            if language.unbalanced(expression):
                yield f"step '{name}': brackets or quotes don't match in '{_cut(text)}'", "close what is open"
                continue
            for unknown in sorted(language.used_names(expression) - self.known):
                if unknown.removesuffix("()") not in self.others:
                    what = "function" if unknown.endswith("()") else "variable"
                    yield (
                        f"step '{name}' uses the {what} '{unknown}', which nothing makes",
                        "assign it before, or correct it",
                    )
            for variable in language.read_variables(expression):
                built_in = language.BUILT_IN_VARIABLES.fullmatch(variable)
                if not built_in and self.variables is not None and variable not in self.variables:
                    message = f"step '{name}' reads the variable {variable}, which the workflow is not given"
                    yield message, "add it to userEnvVars"

    def _unreached(self, steps: list[Any]) -> Iterator[Problem]:
        """Steps of the first level that nothing leads to."""
        order = [str(next(iter(step))) for step in steps if isinstance(step, dict) and len(step) == 1]
        bodies = {str(name): body for step in steps if isinstance(step, dict) for name, body in step.items()}
        reached: set[str] = set()
        todo = order[:1]
        while todo:
            name = todo.pop()
            if name in reached:
                continue
            reached.add(name)
            body = bodies[name] if isinstance(bodies[name], dict) else {}
            todo += [target for target in steps_of.jumps(body) if target in bodies]
            position = order.index(name) + 1
            if position < len(order) and not {"next", "return", "raise"} & set(body):
                todo.append(order[position])
        for name in order:
            if name not in reached:
                yield f"step '{name}' of '{self.name}' is never reached", "lead to it from another step, or remove it"


def _listed(names: set[str]) -> str:
    return f"it takes {', '.join(sorted(names))}"


def _cut(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
