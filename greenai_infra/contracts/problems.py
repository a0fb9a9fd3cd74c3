"""What is wrong with a config or a plan, in words: the key, the value, and what is expected there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenai_infra.catalog.read import near
from greenai_infra.contracts.examples import expected_at, keys_at

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails


def describe_validation_error(
    error: ValidationError,
    where: str,
    kind: type[BaseModel],
    example: str | None = None,
    secret_below: tuple[str, ...] = (),
) -> str:
    """One line a problem: the config key, what is wrong with which value, and what is expected there.

    `kind` is the model that was read, `example` the least that it holds. Values at `secret_below` and deeper are not
    shown.
    """
    lines = []
    for problem in error.errors():
        hidden = bool(secret_below) and problem["loc"][: len(secret_below)] == secret_below
        lines.append("; ".join(filter(None, _parts(problem, where, kind, example, "" if hidden else _shown(problem)))))
    return "\n".join(lines)


def _parts(
    problem: ErrorDetails, where: str, kind: type[BaseModel], example: str | None, shown: str
) -> tuple[str, str]:
    """What is wrong, and what is expected instead."""
    location = problem["loc"]
    key = ".".join(map(str, location))
    if problem["type"] == "extra_forbidden":
        known = keys_at(kind, location[:-1])
        advice = near(str(location[-1]), known) or f"; known here: {', '.join(known)}"
        return _line(where, f"unknown key '{key}'{advice}"), ""
    message = problem["msg"].removeprefix("Value error, ") + shown
    is_section = problem["type"] == "value_error" and isinstance(problem["input"], dict)
    expected = expected_at(kind, location, example) if location and not is_section else ""
    if problem["type"] == "model_type":  # pydantic names the class, which says nothing to whoever wrote the file
        message = f"Input should be a section with keys and values{shown}"
        expected = expected or (f"as in\n{example}" if example else "")
    return _line(where, key, message), expected


def _line(*parts: str) -> str:
    return ": ".join(filter(None, parts))


def _shown(problem: ErrorDetails) -> str:
    """The value as the file has it, if it is no section or list."""
    value: Any = problem.get("input")
    if isinstance(value, dict | list) or problem["type"] == "missing":
        return ""
    return f" (is {json.dumps(value) if value is None or isinstance(value, bool) else repr(value)})"
