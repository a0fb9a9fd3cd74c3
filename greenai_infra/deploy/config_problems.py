"""What is wrong with a config or a plan, in words: the key, the value, and what is expected there."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING

import yaml

from greenai_infra.clock import format_time

if TYPE_CHECKING:
    from pydantic import ValidationError

_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a string", list: "a list", date: "a date"}


def _example_of(location: tuple[int | str, ...], example: str, *, whole: bool) -> str:
    """What is expected at a place in the config, with the example's value; empty where the example has none."""
    values = next(iter(yaml.safe_load(example).values()))
    for part in location:
        try:
            values = values[0 if isinstance(part, int) else part]
        except (KeyError, IndexError, TypeError):
            return ""
    if isinstance(values, dict):
        return f"expected a section with {', '.join(values)}"
    shown = _as_json(values) if isinstance(values, date) else json.dumps(values, default=_as_json)
    kind = "a whole number" if whole else _KINDS.get(type(values), "a time")
    return f"expected {kind}, for example {shown}"


def _as_json(value: date) -> str:
    return format_time(value) if isinstance(value, datetime) else value.isoformat()


def describe_validation_error(
    error: ValidationError, where: str, example: str | None = None, secret_below: tuple[str, ...] = ()
) -> str:
    """One line a problem: the config key, what is wrong with which value, and what is expected there.

    Values at `secret_below` and deeper are not shown.
    """
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        value = problem.get("input")
        hidden = bool(secret_below) and problem["loc"][: len(secret_below)] == secret_below
        shown = f" (is {value!r})"
        if hidden or isinstance(value, dict | list) or problem["type"] == "missing":
            shown = ""
        whole = problem["type"].startswith("int_")
        expected = _example_of(problem["loc"], example, whole=whole) if example and problem["loc"] else ""
        message = problem["msg"].removeprefix("Value error, ") + shown
        lines.append("; ".join(filter(None, (": ".join(filter(None, (where, key, message))), expected))))
    return "\n".join(lines)
