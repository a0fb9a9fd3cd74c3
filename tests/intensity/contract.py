"""Checking requests and answers against an OpenAPI 3.0 file, so that a test server can't drift from it unnoticed."""

from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from .web import Asked, Reply

FOLDER = Path(__file__).with_name("contracts")
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_time_with_offset(value: object) -> bool:
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


class Contract:
    """What one OpenAPI file says about GET requests."""

    def __init__(self, name: str) -> None:
        self._document = _without_nullable(yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")))

    def request_problems(self, asked: Asked) -> list[str]:
        """What is wrong with a request: its path, or names, number, or types of its parameters."""
        operation = self._document["paths"].get(asked.path, {}).get("get")
        if operation is None:
            return [f"{asked.path} is not in the contract"]
        known = {one["name"]: one for one in operation.get("parameters", ())}
        given: dict[str, list[str]] = {}
        for name, text in asked.pairs:
            given.setdefault(name, []).append(text)
        problems = [f"{name} is not a parameter of {asked.path}" for name in given if name not in known]
        for name, parameter in known.items():
            texts = given.get(name, [])
            if parameter.get("required") and not any(texts):
                problems.append(f"{name} is required")
            is_array = parameter["schema"]["type"] == "array"
            if len(texts) > 1 and not is_array:
                problems.append(f"{name} is given {len(texts)} times")
            if texts:
                value = texts if is_array else _typed(texts[0], parameter["schema"]["type"])
                problems += self._problems(value, parameter["schema"], name)
        return problems

    def answer_problems(self, asked: Asked, reply: Reply) -> list[str]:
        """What is wrong with an answer: its status, or its body by the schema of that status."""
        responses = self._document["paths"][asked.path]["get"]["responses"]
        response = responses.get(str(reply.status))
        if response is None:
            return [f"{asked.path} does not answer with {reply.status}"]
        if "$ref" in response:
            response = self._document["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
        content = response.get("content", {}).get("application/json")
        return self._problems(reply.body, content["schema"], "answer") if content else []

    def properties(self, schema: str) -> set[str]:
        """The names of the properties of a schema."""
        return set(self._document["components"]["schemas"][schema]["properties"])

    def _problems(self, value: Any, schema: dict[str, Any], what: str) -> list[str]:
        whole = {**schema, "components": self._document["components"]}
        validator = jsonschema.Draft202012Validator(whole, format_checker=FORMATS)
        return [f"{what}: {error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def _typed(text: str, type_name: str) -> Any:
    return int(text) if type_name == "integer" and text.lstrip("-").isdecimal() else text


def _without_nullable(part: Any) -> Any:
    """The same in JSON Schema's words, which has no `nullable`; objects hold no other properties than are named."""
    if isinstance(part, list):
        return [_without_nullable(one) for one in part]
    if not isinstance(part, dict):
        return part
    changed = {key: _without_nullable(one) for key, one in part.items() if key != "nullable"}
    if part.get("nullable"):
        changed["type"] = [changed["type"], "null"]
    if changed.get("type") == "object" and isinstance(changed.get("properties"), dict):
        changed.setdefault("additionalProperties", False)
    return changed
