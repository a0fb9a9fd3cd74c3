"""What a change does to the gate itself: rules that weigh less, and settings that ask less."""

from __future__ import annotations

from typing import Any

import pytest

from greenai_infra.contracts.preview import rules_in
from greenai_infra.policy.rules import RULES
from greenai_infra.previews import gate_change as module
from greenai_infra.previews.gate_change import gate_change, looser

from .test_preview_diff import diff, finding, preview


def rule(id_: str, severity: str = "mandatory", **more: Any) -> dict[str, Any]:
    return {"id": id_, "title": id_, "severity": severity, "violations": 0, "not_run": 0, **more}


def policy(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"policy": {"rules": list(rules)}}


def weaker(what: str, base: Any, head: Any) -> dict[str, Any]:
    return {"rule": "cap", "what": what, "base": base, "head": head}


@pytest.mark.parametrize(
    ("base", "head", "change"),
    [
        ("mandatory", "advisory", ["mandatory", "advisory"]),
        ("mandatory", "disabled", ["mandatory", "disabled"]),
        ("advisory", "disabled", ["advisory", "disabled"]),
        ("mandatory", None, ["mandatory", "missing"]),
        ("disabled", None, None),
        ("disabled", "mandatory", None),
        ("advisory", "mandatory", None),
        ("mandatory", "mandatory", None),
    ],
)
def test_a_rule_that_weighs_less_is_told(base: str, head: str | None, change: list[str] | None) -> None:
    after = [rule("tags")] + ([rule("cap", head)] if head else [])
    found = diff(preview(**policy(rule("tags"), rule("cap", base))), preview(**policy(*after)))["gate"]
    assert found == {"removed": False, "weaker": [weaker("severity", *change)] if change else []}


@pytest.mark.parametrize("head", [{}, policy(), policy(rule("cap", "disabled")), {"policy": None}])
def test_a_gate_without_a_rule_in_force_is_removed(head: dict[str, Any]) -> None:
    assert diff(preview(**policy(rule("cap"))), preview(**head))["gate"]["removed"]
    assert not diff(preview(**policy(rule("cap", "disabled"))), preview(**head))["gate"]["removed"]
    assert not gate_change([], rules_in(preview(**head), "head"))["removed"]


@pytest.mark.parametrize(
    ("base", "head", "told"),
    [
        ({"max_g_per_kwh": 100.0}, {"max_g_per_kwh": 500.0}, True),
        ({"max_g_per_kwh": 100.0}, {"max_g_per_kwh": 50.0}, False),
        ({"max_g_per_kwh": 100.0}, {"max_g_per_kwh": None}, True),
        ({"known_only": False}, {"known_only": True}, True),
        ({"known_only": True}, {"known_only": False}, False),
        ({"customer_managed_keys": True}, {"customer_managed_keys": False}, True),
        ({"allowed": ["ml.p5.*"]}, {"allowed": ["ml.p5.*", "*"]}, True),
        ({"allowed": ["ml.p5.*", "*"]}, {"allowed": ["ml.p5.*"]}, False),
        ({"keys": ["a", "b"]}, {"keys": ["a"]}, True),
        ({"keys": ["a"]}, {"keys": ["a", "b"]}, False),
        ({"basis": "lifecycle"}, {"basis": "direct"}, True),
        ({}, {"max_g_per_kwh": 500.0}, False),  # a preview of an earlier release does not tell its settings
    ],
)
def test_a_setting_that_asks_less_is_told(base: dict[str, Any], head: dict[str, Any], told: bool) -> None:
    before, after = (preview(**policy(rule("cap", settings=one))) for one in (base, head))
    ((name, value),) = head.items()
    expected = [weaker(name, base[name], value)] if told else []
    assert diff(before, after)["gate"]["weaker"] == expected


def test_more_resources_let_off_are_told() -> None:
    before, after = (preview(**policy(rule("cap", exempted=count))) for count in (1, 3))
    assert diff(before, after)["gate"]["weaker"] == [weaker("exempted", 1, 3)]
    assert diff(after, before)["gate"]["weaker"] == []


def test_the_direction_of_every_setting_is_known() -> None:
    names = {name for one in RULES for name in one.settings.__struct_fields__} - {"stated_severity"}
    directed = {*module.LOOSER_FLAGS, *module.ALLOWING, *module.ASKING, *module.OTHER_MEASURE}
    assert {name for name in names if not name.startswith(module.LIMIT)} == directed
    assert not any(looser(name, value, value) for name in names for value in (None, 1, True, ["a"]))


@pytest.mark.parametrize(
    "head", [policy(), policy(rule("cap", "disabled")), {**policy(rule("cap", not_run=1)), "stopped": True}]
)
def test_a_finding_whose_rule_no_longer_runs_is_not_resolved(head: dict[str, Any]) -> None:
    left = (finding("program-failed"),) if head.pop("stopped", False) else ()
    base = preview(findings=(finding("cap"), finding("bad-tag")), **policy(rule("cap", violations=1)))
    found = diff(base, preview(findings=left, **head))["findings"]
    assert [one["code"] for one in found["not_judged"]] == ["cap"]
    assert [one["code"] for one in found["resolved"]] == ["bad-tag"]
    kept = diff(base, preview(**policy(rule("cap"))))["findings"]
    assert [one["code"] for one in kept["resolved"]] == ["cap", "bad-tag"]
    assert kept["not_judged"] == []
