"""Steps in the syntax of Google Cloud Workflows, as data."""

from __future__ import annotations

from typing import Any

Step = dict[str, Any]


def step(name: str, **body: Any) -> Step:
    """Returns a step with this body; a key that is a Python keyword is written with a trailing `_`."""
    return {name: {key.rstrip("_"): value for key, value in body.items()}}


def assign(name: str, following: str = "", **values: Any) -> Step:
    """A step that sets variables, and goes on with the next step or with `following`."""
    body: dict[str, Any] = {"assign": [{key: value} for key, value in values.items()]}
    return {name: {**body, "next": following} if following else body}


def when(condition: str, following: str) -> dict[str, str]:
    """A branch of a `switch`."""
    return {"condition": f"${{{condition}}}", "next": following}


def retry(first_s: int, tries: int, longest_s: int) -> dict[str, Any]:
    """Try again what failed in passing: throttled, unavailable, timed out."""
    return {
        "predicate": "${http.default_retry_predicate}",
        "max_retries": tries,
        "backoff": {"initial_delay": first_s, "max_delay": longest_s, "multiplier": 2},
    }


def caught(name: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    """What to do with a problem: note it in variables, and go on."""
    return {"as": "e", "steps": [{name: {"assign": values}}]}
