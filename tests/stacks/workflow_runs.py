"""Runs a Google Cloud Workflow as its reference describes it, against a made-up clock and a made-up Vertex AI.

Written from Google's manual ("Syntax overview", "Standard library"), not from the toolkit's own check of sources.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = {"GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": "e-1"}


class Raised(Exception):
    """What a workflow raised: a text or a map."""

    def __init__(self, value: Any) -> None:
        super().__init__(str(value))
        self.value = value


class Map(dict[str, Any]):
    """A map whose fields are read as `map.field`."""

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise Raised(f"KeyError: {name}")
        return self[name]


def mapped(value: Any) -> Any:
    if isinstance(value, dict):
        return Map({key: mapped(item) for key, item in value.items()})
    return [mapped(item) for item in value] if isinstance(value, list) else value


@dataclass
class Execution:
    """One execution: `call(name, arguments)` answers what isn't of the language itself."""

    call: Callable[[str, Map], Any]
    now: datetime
    environment: dict[str, str]
    sleeps: list[Any] = field(default_factory=list)
    notices: list[Map] = field(default_factory=list)
    steps: int = 0

    def run(self, workflow: dict[str, Any], argument: Any) -> Any:
        """What the workflow returns. Raises Raised for what it raises."""
        main = workflow["main"]
        return self._steps(main["steps"], {name: mapped(argument) for name in main["params"]})[1]

    def _steps(self, steps: list[Any], variables: dict[str, Any]) -> tuple[str, Any]:
        """(`return`, `jump` or `next`; value or name of the step)."""
        names = [next(iter(step)) for step in steps]
        position = 0
        while position < len(steps):
            self.steps += 1
            assert self.steps < 100_000, "Google ends an execution after so many steps"
            how, value = self._step(steps[position][names[position]], variables)
            if how == "return":
                return how, value
            if how == "jump":
                if value == "end":
                    return "return", None
                if value not in names:
                    raise AssertionError(f"a jump out of nested steps, to {value}")
                position = names.index(value)
            else:
                position += 1
        return "next", None

    def _step(self, body: dict[str, Any], variables: dict[str, Any]) -> tuple[str, Any]:
        if "assign" in body:
            for one in body["assign"]:
                for name, value in one.items():
                    variables[name] = self.value(value, variables)
        elif "call" in body:
            self._call(body, variables)
        elif "try" in body:
            try:
                inner = dict(variables)
                self._call(body["try"], inner)
                # What a try makes ends with it; what was there before keeps its new value.
                variables.update({name: inner[name] for name in variables})
            except Raised as error:
                inner = {**variables, body["except"]["as"]: mapped(error.value)}
                how, value = self._steps(body["except"]["steps"], inner)
                variables.update({name: inner[name] for name in variables})
                if how == "return":
                    return how, value
        elif "switch" in body:
            for one in body["switch"]:
                if self.value(one["condition"], variables) is True:
                    if "steps" in one:
                        how, value = self._steps(one["steps"], variables)
                        if how == "return":
                            return how, value
                    if "next" in one:
                        return "jump", one["next"]
                    break
        elif "return" in body:
            return "return", self.value(body["return"], variables)
        elif "raise" in body:
            raise Raised(self.value(body["raise"], variables))
        return ("jump", body["next"]) if "next" in body else ("next", None)

    def _call(self, body: dict[str, Any], variables: dict[str, Any]) -> None:
        arguments = self.value(body.get("args", {}), variables)
        if body["call"] == "sys.sleep":
            self._sleep(arguments.seconds)
            answer: Any = None
        elif body["call"] == "sys.sleep_until":
            until = datetime.fromisoformat(arguments.time)
            self.sleeps.append(arguments.time)
            self.now = max(self.now, until)
            answer = None
        elif body["call"] == "sys.log":
            self.notices.append(Map({**arguments.json, "severity": arguments.severity}))
            answer = None
        else:
            answer = mapped(self.call(body["call"], arguments))
        if "result" in body:
            variables[body["result"]] = answer

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now = datetime.fromtimestamp(self.now.timestamp() + seconds, UTC)

    def value(self, value: Any, variables: dict[str, Any]) -> Any:
        if isinstance(value, dict):
            return Map({self.value(key, variables): self.value(item, variables) for key, item in value.items()})
        if isinstance(value, list):
            return [self.value(item, variables) for item in value]
        if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
            return self._expression(value[2:-1], variables)
        assert not (isinstance(value, str) and "${" in value), f"text and expression are mixed: {value}"
        return value

    def _expression(self, text: str, variables: dict[str, Any]) -> Any:
        assert len(text) <= 400, "Google takes expressions of at most 400 characters"
        python = re.sub(r"\bif\(", "if_(", text)
        python = re.sub(r"\b(sys|map|math|text|time|json)\.(\w+)\(", r"\1_\2(", python)
        functions = {
            "if_": lambda condition, yes, no: yes if condition else no,
            "default": lambda value, other: other if value is None else value,
            "string": lambda value: f"{value:g}" if isinstance(value, float) else str(value),
            "len": len,
            "null": None,
            "sys_now": lambda: self.now.timestamp(),
            "sys_get_env": lambda name: {**ENVIRONMENT, **self.environment}[name],
            "map_get": _map_get,
            "math_max": max,
            "math_min": min,
            "text_match_regex": lambda source, pattern: re.search(pattern, source) is not None,
            "text_substring": lambda source, start, end: source[start:end],
            "time_parse": lambda source: datetime.fromisoformat(source).timestamp(),
            "time_format": lambda seconds: f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "json_encode_to_string": json.dumps,
        }
        return eval(python, {"__builtins__": {}}, {**functions, **variables})


def _map_get(value: Any, keys: Any) -> Any:
    for key in keys if isinstance(keys, list) else [keys]:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


@dataclass
class Vertex:
    """Vertex AI and the bucket with the marker. `outcomes`: for each job, its states at each look, or an error.

    A job whose last state is `RUNNING` runs until it is cancelled.
    """

    outcomes: list[Any]
    marked: bool = False
    requests: list[Map] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    markers: list[Map] = field(default_factory=list)

    def __call__(self, name: str, arguments: Map) -> Any:
        if name == "http.post":
            self.markers.append(arguments)
            if self.marked:
                raise Raised({"code": 412, "tags": ["HttpError"], "message": "conditionNotMet"})
            self.marked = True
            return {"code": 200}
        verb = name.rpartition(".")[2]
        assert name == f"googleapis.aiplatform.v1.projects.locations.customJobs.{verb}"
        if verb == "create":
            self.requests.append(arguments)
            outcome = self.outcomes[len(self.requests) - 1]
            if isinstance(outcome, dict):
                raise Raised(outcome)
            return {"name": f"{arguments.parent}/customJobs/{len(self.requests)}", "state": "JOB_STATE_QUEUED"}
        if verb == "cancel":
            self.cancelled.append(arguments.name)
            return {}
        states = self.outcomes[len(self.requests) - 1]
        if arguments.name in self.cancelled:
            return {"name": arguments.name, "state": "JOB_STATE_CANCELLED"}
        state, _, message = (states.pop(0) if len(states) > 1 else states[0]).partition(": ")
        job = {"name": arguments.name, "state": f"JOB_STATE_{state}"}
        return {**job, "error": {"code": 8, "message": message}} if message else job
