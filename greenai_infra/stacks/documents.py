"""JSON documents with a few outputs in them, such as policies, state machines and dashboards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class _Hole:
    """Where an output stands."""

    number: int


def json_document(document: Any) -> pulumi.Output[str]:
    """Returns the text of `pulumi.Output.json_dumps`, with a single output.

    The SDK makes an output for every key and list of a document: hundreds for a dashboard.
    """
    outputs: list[pulumi.Output[Any]] = []
    form = _form(document, outputs)
    return pulumi.Output.all(*outputs).apply(lambda values: json.dumps(_filled(form, values)))


def _form(value: Any, outputs: list[pulumi.Output[Any]]) -> Any:
    """The value with a hole for each output, which is added to `outputs`."""
    if isinstance(value, pulumi.Output):
        outputs.append(value)
        return _Hole(len(outputs) - 1)
    if isinstance(value, Mapping):
        return {key: _form(one, outputs) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_form(one, outputs) for one in value]
    return value


def _filled(form: Any, values: Sequence[Any]) -> Any:
    if isinstance(form, _Hole):
        return values[form.number]
    if isinstance(form, dict):
        return {key: _filled(one, values) for key, one in form.items()}
    if isinstance(form, list):
        return [_filled(one, values) for one in form]
    return form
