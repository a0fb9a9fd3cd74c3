"""What the engine's events about policies mean to us, without an engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from greenai_infra.engine.policy_events import PolicyEvents, own_python_first
from greenai_infra.errors import Refused
from greenai_infra.previews.gate import PACK_NAME

CAN_NOT = "can't run policy 'naive' from policy pack 'x@v1' during preview: string value at .tags can't be known"
URN = "urn:pulumi:dev::shop::aws:sns/topic:Topic::news"


def event(message: str, level: str = "advisory", pack: str = PACK_NAME, urn: str = URN) -> Any:
    return SimpleNamespace(
        message=message, enforcement_level=level, policy_name="naive", policy_pack_name=pack, resource_urn=urn
    )


@pytest.mark.parametrize(
    "message", [CAN_NOT, f"{CAN_NOT}\n", f"<{{%fg 3%}}>{CAN_NOT}<{{%reset%}}>\n", f"\x1b[33m{CAN_NOT}\x1b[0m"]
)
def test_a_rule_of_ours_that_could_not_run_is_refused(message: str) -> None:
    events = PolicyEvents()
    events.note(event(message))

    with pytest.raises(Refused, match="the gate stays shut"):
        events.require_all_ran("dev")


@pytest.mark.parametrize("passing", [event("Topics\nneed tags"), event(CAN_NOT, pack="another")])
def test_advice_and_other_packs_are_not(passing: Any) -> None:
    events = PolicyEvents()
    events.note(passing)
    events.require_all_ran("dev")
    events.require_kept("dev", ["error: preview failed"])


def test_a_mandatory_violation_is_named_with_its_resource() -> None:
    events = PolicyEvents()
    events.note(event("Topics need tags.\nlacks the tags team\n-> add it", "mandatory"))

    with pytest.raises(Refused) as refused:
        events.require_kept("dev", ["failed to run policy: context canceled", "preview failed"])
    assert "  | [naive] news: lacks the tags team -> add it\n" in str(refused.value)


def test_what_else_went_wrong_is_told_first() -> None:
    events = PolicyEvents()
    events.note(event("Topics need tags.\nno", "mandatory"))
    events.require_kept("dev", ["an unhandled error occurred: ..."])


def test_our_own_python_is_found_first() -> None:
    assert own_python_first("/usr/bin").endswith(":/usr/bin")
    assert own_python_first("").count(":") == 0
