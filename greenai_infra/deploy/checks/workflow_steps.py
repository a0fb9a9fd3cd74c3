"""Going through the steps of a workflow: their names, the variables they make, where they lead, their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def parameter(one: Any) -> str:
    """Name of a parameter, which may have a default value."""
    return next(iter(one)) if isinstance(one, dict) else str(one)


def _nested(body: Any) -> Iterator[list[Any]]:
    """The lists of steps inside a step."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key == "steps" and isinstance(value, list):
                yield value
            elif key in ("try", "except", "for", "parallel", "switch", "branches"):
                yield from _nested(value)
    elif isinstance(body, list):
        for item in body:
            if isinstance(item, dict):
                yield from _nested(item)
                for inner in item.values():
                    if isinstance(inner, dict) and "steps" in inner and "condition" not in item:
                        yield from _nested(inner)


def names(steps: list[Any]) -> Iterator[str]:
    """Names of all steps, those inside others too."""
    for step in steps:
        if isinstance(step, dict):
            for name, body in step.items():
                yield str(name)
                for inner in _nested(body):
                    yield from names(inner)


def made(steps: list[Any]) -> Iterator[str]:
    """Variables that steps make, wherever."""
    for step in steps:
        for body in step.values() if isinstance(step, dict) else ():
            if not isinstance(body, dict):
                continue
            for assignment in body["assign"] if isinstance(body.get("assign"), list) else ():
                if isinstance(assignment, dict):
                    yield from (str(name).split(".")[0].split("[")[0] for name in assignment)
            for holder in (body, body.get("try")):
                if isinstance(holder, dict) and isinstance(holder.get("result"), str):
                    yield holder["result"]
            if isinstance(caught := body.get("except"), dict):
                yield str(caught.get("as"))
            parallel = body.get("parallel")
            loop = body.get("for") or (parallel.get("for") if isinstance(parallel, dict) else None)
            if isinstance(loop, dict):
                yield from (str(loop[key]) for key in ("value", "index") if key in loop)
            for inner in _nested(body):
                yield from made(inner)


def jumps(body: Any) -> Iterator[str]:
    """What a step may lead to by name."""
    if isinstance(body, dict):
        for key, value in body.items():
            if key == "next" and isinstance(value, str):
                yield value
            elif key != "args":
                yield from jumps(value)
    elif isinstance(body, list):
        for item in body:
            yield from jumps(item)


def texts(value: Any) -> Iterator[str]:
    """Every text of a step that may be an expression."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("next", "result"):
                yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
