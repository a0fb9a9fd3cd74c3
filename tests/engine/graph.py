"""The resources that `pulumi preview --json` shows, in a form that another preview can be compared with."""

from dataclasses import dataclass
from typing import Any

from .wire import UNKNOWN as WIRE_UNKNOWN
from .wire import is_secret

UNKNOWN = "<unknown>"
"""Stands for a value that is known only after `up`."""

SECRET = "<secret>"
"""Stands for a secret; `preview --json` shows none."""

ENGINE_SECRET = "[secret]"

GONE = {"delete", "delete-replaced", "discard-replaced", "read-discard", "remove-pending-replace"}
"""Steps that end a resource."""


@dataclass(frozen=True)
class Declared:
    """One resource as the program declares it.

    `inputs` are those of the program, nulls left out. What the provider's Check adds (made-up names, `tagsAll`) is left
    out too, and a string with a made-up name of another resource in it counts as unknown. The region that Check takes
    from the provider's settings stays in, as it can't be told from one the program gave.
    """

    type: str
    name: str
    parent: str | None
    inputs: dict[str, Any]


def declared(preview: dict[str, Any]) -> list[Declared]:
    """The resources after the previewed update, sorted by type and name; replaced ones once.

    A preview of an existing stack must have been made with `--show-sames`, or what stays as it is is missing.
    """
    states = [step["newState"] for step in preview["steps"] if step.get("newState") and step["op"] not in GONE]
    made_names = {name for state in states for name in _made_up(state.get("inputs", {})).values()}
    found = {state["urn"]: _declared(state, made_names) for state in states}
    return sorted(found.values(), key=lambda item: (item.type, item.name))


def _declared(state: dict[str, Any], made_names: set[str]) -> Declared:
    inputs = state.get("inputs", {})
    added = {"__defaults", "tagsAll", *_made_up(inputs)}
    own = {key: _marked(value, made_names) for key, value in inputs.items() if key not in added and value is not None}
    return Declared(state["type"], state["urn"].rsplit("::", 1)[1], state.get("parent"), own)


def _made_up(inputs: dict[str, Any]) -> dict[str, str]:
    """The names the provider made up for a resource, by property."""
    return {key: inputs[key] for key in inputs.get("__defaults", [])}


def _marked(value: Any, made_names: set[str]) -> Any:
    if value == ENGINE_SECRET or is_secret(value):
        return SECRET
    if isinstance(value, str) and (value == WIRE_UNKNOWN or any(name in value for name in made_names)):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _marked(item, made_names) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_marked(item, made_names) for item in value]
    return value
