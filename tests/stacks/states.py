"""A small interpreter of Amazon States Language: the states, paths and intrinsic functions that our definitions use.

Tasks are answered by a function, waits are only noted. What it doesn't know raises, so that a definition can't pass
because a part of it was skipped.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATH = r"\$(?:[\w.$]|\[(?:\d+|\*|\?\([^)]*\))\])*"
_TOKEN = re.compile(rf"\s*(?:(?P<call>[A-Za-z]+\.[A-Za-z]+)\(|(?P<path>{_PATH})|'(?P<text>[^'\\]*)'|(?P<int>-?\d+))")
_STEP = re.compile(
    r"\.?(?P<key>\w+)|\[(?P<index>\d+)\]|\[(?P<all>\*)\]|\[\?\(@\.(?P<field>\w+) == (?P<value>[^)]+)\)\]"
)
END = "End"
"""What a run inside a Map ends in: a state with `"End": true`."""


class TaskError(Exception):
    """A task fails with an error name and a cause, as Step Functions reports it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


@dataclass
class Execution:
    """One run of a state machine: the states it went through, and how it ended."""

    definition: dict[str, Any]
    task: Callable[[str, dict[str, Any], float | None], Any]
    context: dict[str, Any]
    path: list[str] = field(default_factory=list)
    waits: list[Any] = field(default_factory=list)
    output: Any = None

    def run(self, given: dict[str, Any], limit: int = 1000) -> str:
        """`Succeed` or `Fail`, whichever the execution ends in."""
        name, data = self.definition["StartAt"], copy.deepcopy(given)
        for _ in range(limit):
            self.path.append(name)
            state = self.definition["States"][name]
            if state["Type"] in ("Succeed", "Fail"):
                return str(state["Type"])
            name, data = getattr(self, f"_{state['Type'].lower()}")(state, data)
            if name == END:
                self.output = data
                return END
        raise AssertionError(f"no end after {limit} states: {self.path[-10:]}")

    def _pass(self, state: dict[str, Any], data: Any) -> tuple[str, Any]:
        return _next(state), _placed(data, self.fill(state["Parameters"], data), state.get("ResultPath", "$"))

    def _map(self, state: dict[str, Any], data: Any) -> tuple[str, Any]:
        results = []
        for item in self.value(state["ItemsPath"], data):
            inner = Execution(state["ItemProcessor"], self.task, self.context)
            ended = inner.run(item)
            assert ended == END, f"an iteration ended in {ended}"
            results.append(inner.output)
        return _next(state), _placed(data, results, state.get("ResultPath", "$"))

    def _wait(self, state: dict[str, Any], data: Any) -> tuple[str, Any]:
        path = state.get("TimestampPath")
        self.waits.append(self.value(path, data) if path else state["Seconds"])
        return state["Next"], data

    def _choice(self, state: dict[str, Any], data: Any) -> tuple[str, Any]:
        fitting = (choice["Next"] for choice in state["Choices"] if self._holds(choice, data))
        return next(fitting, state["Default"]), data

    def _task(self, state: dict[str, Any], data: Any) -> tuple[str, Any]:
        parameters = self.fill(state["Parameters"], data)
        timeout = self.value(state["TimeoutSecondsPath"], data) if "TimeoutSecondsPath" in state else None
        tries = [retry["MaxAttempts"] for retry in state.get("Retry", [])]
        while True:
            try:
                result = self.task(state["Resource"], parameters, timeout)
                if "ResultSelector" in state:
                    result = self.fill(state["ResultSelector"], result)
                return _next(state), _placed(data, result, state.get("ResultPath", "$"))
            except TaskError as error:
                used = next((n for n, r in enumerate(state.get("Retry", [])) if _names(r, error)), None)
                if used is not None and tries[used]:
                    tries[used] -= 1
                    continue
                caught = next((catch for catch in state.get("Catch", []) if _names(catch, error)), None)
                if caught is None:
                    raise
                what = {"Error": error.error, "Cause": error.cause}
                return caught["Next"], _placed(data, what, caught["ResultPath"])

    def _holds(self, rule: dict[str, Any], data: Any) -> bool:
        if "And" in rule:
            return all(self._holds(part, data) for part in rule["And"])
        if "Or" in rule:
            return any(self._holds(part, data) for part in rule["Or"])
        if "Not" in rule:
            return not self._holds(rule["Not"], data)
        if "IsPresent" in rule:
            return _present(rule["Variable"], data) is bool(rule["IsPresent"])
        value = self.value(rule["Variable"], data)
        if "StringEquals" in rule:
            return bool(value == rule["StringEquals"])
        if "StringMatches" in rule:
            return bool(fnmatch.fnmatchcase(value, rule["StringMatches"]))
        if "BooleanEquals" in rule:
            return value is rule["BooleanEquals"]
        if "NumericEquals" in rule:
            return bool(value == rule["NumericEquals"])
        if "NumericLessThanPath" in rule:
            return bool(value < self.value(rule["NumericLessThanPath"], data))
        return bool(value < rule["NumericLessThan"])

    def fill(self, template: Any, data: Any) -> Any:
        """A payload template with its `KEY.$` entries worked out."""
        if isinstance(template, list):
            return [self.fill(item, data) for item in template]
        if not isinstance(template, dict):
            return template
        return {
            key.removesuffix(".$"): self.value(item, data) if key.endswith(".$") else self.fill(item, data)
            for key, item in template.items()
        }

    def value(self, expression: str, data: Any) -> Any:
        """What a path or an intrinsic function gives."""
        value, rest = self._parse(expression, data)
        assert not rest.strip(), f"{expression!r}: {rest!r} is left over"
        return value

    def _parse(self, text: str, data: Any) -> tuple[Any, str]:
        token = _TOKEN.match(text)
        assert token, f"can't read {text!r}"
        rest = text[token.end() :]
        if token["path"]:
            source = self.context if token["path"].startswith("$$") else data
            return _at(token["path"].lstrip("$"), source), rest
        if token["text"] is not None:
            return token["text"], rest
        if token["int"]:
            return int(token["int"]), rest
        arguments = []
        while not rest.lstrip().startswith(")"):
            value, rest = self._parse(rest.lstrip().removeprefix(","), data)
            arguments.append(value)
        return _INTRINSICS[token["call"]](*arguments), rest.lstrip()[1:]


def _format(template: str, *values: Any) -> str:
    assert template.count("{}") == len(values), f"{template!r} takes {template.count('{}')} values, has {len(values)}"
    return template.format(*values)


_INTRINSICS: dict[str, Callable[..., Any]] = {
    "States.Format": _format,
    "States.ArrayGetItem": lambda array, index: array[index],
    "States.StringSplit": lambda text, marks: [part for part in re.split(f"[{re.escape(marks)}]", text) if part],
    "States.ArrayLength": len,
    "States.JsonToString": lambda value: json.dumps(value, separators=(",", ":")),
    "States.MathAdd": lambda one, other: one + other,
}


def _at(path: str, data: Any) -> Any:
    """What a path leads to. After a filter or `[*]` it is a list of all that is found, which may be empty."""
    many = False
    at = 0
    path = path.lstrip(".")
    while at < len(path):
        step = _STEP.match(path, at)
        assert step, f"can't read {path[at:]!r} of a path"
        at = step.end()
        if step["all"] or step["field"]:
            wanted = json.loads(step["value"].replace("'", '"')) if step["field"] else None
            found = [item for item in data if not step["field"] or item.get(step["field"]) == wanted]
            data, many = found, True
        elif step["index"]:
            data = data[int(step["index"])]
        elif many:
            data = [item[step["key"]] for item in data if step["key"] in item]
        else:
            data = data[step["key"]]
    return data


def _next(state: dict[str, Any]) -> str:
    return END if state.get("End") else str(state["Next"])


def _present(path: str, data: Any) -> bool:
    try:
        _at(path.removeprefix("$"), data)
    except (KeyError, IndexError):
        return False
    return True


def _placed(data: Any, result: Any, path: str | None) -> Any:
    if path is None:
        return data
    if path == "$":
        return result
    key = path.removeprefix("$.")
    assert "." not in key, f"ResultPath {path} is deeper than this interpreter goes"
    return {**data, key: result}


def _names(rule: dict[str, Any], error: TaskError) -> bool:
    return any(name in ("States.ALL", error.error) for name in rule["ErrorEquals"])


def following(state: dict[str, Any]) -> Iterator[str]:
    """The names of all states that may come after a state."""
    for rule in (state, *state.get("Catch", []), *state.get("Choices", [])):
        if "Next" in rule:
            yield rule["Next"]
    if "Default" in state:
        yield state["Default"]


def definition_problems(definition: dict[str, Any]) -> list[str]:
    """Names that lead nowhere, states that nothing leads to, and states from which there is no end."""
    states = definition["States"]
    leads = {name: set(following(state)) for name, state in states.items()}
    leads[""] = {definition["StartAt"]}
    problems = [f"{name or 'StartAt'} names no state: {to}" for name in leads for to in leads[name] - states.keys()]
    reached = _closure({""}, lambda name: leads.get(name, set()))
    problems += [f"nothing leads to {name}" for name in states if name not in reached]
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail") or state.get("End")}
    ending = _closure(ends, lambda name: {before for before, after in leads.items() if name in after})
    return problems + [f"no end after {name}" for name in states if name not in ending]


def _closure(start: set[str], step: Callable[[str], set[str]]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        new = step(todo.pop()) - found
        found |= new
        todo += new
    return found


def parse(definition: str) -> dict[str, Any]:
    """The definition of a declared state machine."""
    parsed: dict[str, Any] = json.loads(definition)
    return parsed
