"""A document's text, and what is known of it, are those that the SDK's own `Output.json_dumps` gives."""

import asyncio
from typing import Any

import pulumi
import pytest

UNKNOWN = object()
SECRET = object()
CASES: list[Any] = [
    {"Version": "2012-10-17", "Statement": [{"Action": ["a:B"], "Resource": "*"}]},
    {"a": "known", "b": [1, 2.5, None, True, ("x", {"é": "ü"})]},
    {"arn": pulumi.Output, "list": [pulumi.Output, {"deep": pulumi.Output}]},
    [pulumi.Output, "text"],
    pulumi.Output,
    "text",
    {},
    {"arn": UNKNOWN, "other": pulumi.Output},
    {"token": SECRET},
    {"token": SECRET, "arn": UNKNOWN},
]


def told(value: Any, loop: asyncio.AbstractEventLoop) -> Any:
    """The case with outputs in it."""
    if value is pulumi.Output:
        return pulumi.Output.from_input({"nested": ["arn:aws:s3:::data"]})
    if value is SECRET:
        return pulumi.Output.secret("hush")
    if value is UNKNOWN:
        known: asyncio.Future[bool] = loop.create_future()
        known.set_result(False)
        nothing: asyncio.Future[Any] = loop.create_future()
        nothing.set_result(None)
        return pulumi.Output(set(), nothing, known)
    if isinstance(value, dict):
        return {key: told(one, loop) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(told(one, loop) for one in value)
    return value


@pytest.mark.parametrize("case", CASES)
def test_it_is_what_the_sdk_gives(case: Any) -> None:
    async def both() -> list[tuple[Any, bool, bool]]:
        document = told(case, asyncio.get_running_loop())
        ways: tuple[pulumi.Output[str], ...] = (json_document(document), pulumi.Output.json_dumps(document))
        return [(await one.future(), await one.is_known(), await one.is_secret()) for one in ways]

    from greenai_infra.stacks.documents import json_document

    ours, theirs = asyncio.run(both())

    assert ours == theirs
    leaves = list(case.values()) if isinstance(case, dict) else []
    assert ours[1:] == (UNKNOWN not in leaves, SECRET in leaves)
