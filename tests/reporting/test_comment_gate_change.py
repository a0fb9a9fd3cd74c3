"""A change that switches the gate off, or loosens it, is told first of all, and can't pass by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.preview import read_preview
from greenai_infra.reporting.comment.making import gate_comments

from .previews import finding, preview, rule, write

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.reporting.comment.making import Comment

BASE = {"policy": {"rules": [rule("tags"), rule("cap")]}}
REMOVED: list[dict[str, Any]] = [
    {"policy": {"rules": []}},
    {"policy": ...},
    {"policy": {"rules": [rule("tags", "disabled"), rule("cap", "disabled")]}},
]
LOOSER = {"policy": {"rules": [rule("tags"), rule("cap", "disabled")]}}


def judged(tmp_path: Path, head: dict[str, Any], base: dict[str, Any], fail_on: str = "error") -> Comment:
    one = read_preview(write(tmp_path / "head.json", head))
    before = read_preview(write(tmp_path / "base.json", base))
    ((comment,), _) = gate_comments([one], [before], [], [], fail_on)
    assert comment.verdict is not None
    return comment


@pytest.mark.parametrize("changes", REMOVED)
@pytest.mark.parametrize("fail_on", ["error", "warning"])
def test_a_change_that_removes_the_gate_fails(tmp_path: Path, changes: dict[str, Any], fail_on: str) -> None:
    comment = judged(tmp_path, preview(**changes), preview(**BASE), fail_on)
    lines = comment.body.splitlines()
    assert lines[1] == "## ❌ Carbon gate: the change removes the carbon gate"
    gone = "disabled" if changes["policy"] is not ... and changes["policy"]["rules"] else "missing"
    assert lines[3:5] == [f"- `tags`: mandatory -> {gone}", f"- `cap`: mandatory -> {gone}"]
    assert comment.verdict is not None
    assert comment.verdict.fails
    assert comment.verdict.why_words == ": the change removes the carbon gate"


def test_removing_it_is_told_beside_what_else_stops_and_where_it_is_reported_only(tmp_path: Path) -> None:
    head = preview(**REMOVED[0], findings=[finding("bad-tag")])
    line = judged(tmp_path, head, preview(**BASE)).body.splitlines()[1]
    assert line == "## ❌ Carbon gate: the change removes the carbon gate; stopped by 1 check"
    comment = judged(tmp_path, preview(**REMOVED[0]), preview(**BASE), "never")
    assert comment.body.splitlines()[1] == "## ⚠️ Carbon gate: the change removes the carbon gate, reported only"
    assert comment.verdict is not None
    assert not comment.verdict.fails


def test_a_stack_under_a_new_name_does_not_get_round_it(tmp_path: Path) -> None:
    comment = judged(tmp_path, preview(**REMOVED[0], stack="renamed"), preview(**BASE))
    assert comment.verdict is not None
    assert comment.verdict.removes_gate
    other_project = judged(tmp_path, preview(**REMOVED[0], project="other"), preview(**BASE))
    assert other_project.verdict is not None
    assert not other_project.verdict.fails


@pytest.mark.parametrize(
    ("fail_on", "fails", "heading"),
    [
        ("error", False, "## ⚠️ Carbon gate: passes, but the change loosens the carbon gate"),
        ("never", False, "## ⚠️ Carbon gate: passes, but the change loosens the carbon gate"),
        ("warning", True, "## ❌ Carbon gate: ⚠️ the change loosens the carbon gate"),
    ],
)
def test_a_change_that_loosens_the_gate_is_loud(tmp_path: Path, fail_on: str, fails: bool, heading: str) -> None:
    comment = judged(tmp_path, preview(**LOOSER), preview(**BASE), fail_on)
    lines = comment.body.splitlines()
    assert lines[1] == heading
    assert lines[3] == "- `cap`: mandatory -> disabled"
    assert comment.verdict is not None
    assert comment.verdict.fails == fails


def test_a_looser_limit_is_told_with_both_values(tmp_path: Path) -> None:
    before, after = ({**rule("region-intensity"), "settings": {"max_g_per_kwh": value}} for value in (100, 1500))
    body = judged(tmp_path, preview(policy={"rules": [after]}), preview(policy={"rules": [before]})).body
    assert "- `region-intensity`: `max_g_per_kwh` 100 -> 1,500\n" in body
    tighter = judged(tmp_path, preview(policy={"rules": [before]}), preview(policy={"rules": [after]})).body
    assert tighter.splitlines()[1] == "## ✅ Carbon gate: passes"


def test_what_stops_comes_first_and_a_gate_as_strict_as_before_is_not_mentioned(tmp_path: Path) -> None:
    head = preview(policy={"rules": [rule("tags", violations=1)]})
    line = judged(tmp_path, head, preview(**BASE)).body.splitlines()[1]
    assert line == "## ❌ Carbon gate: stopped by 1 rule; ⚠️ the change loosens the carbon gate"
    stricter = judged(tmp_path, preview(**BASE), preview(**LOOSER)).body
    assert stricter.splitlines()[1] == "## ✅ Carbon gate: passes"
    assert "->" not in stricter.partition("**Carbon budget:**")[0].replace("-->", "")
