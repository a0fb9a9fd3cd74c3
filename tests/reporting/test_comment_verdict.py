"""The verdict and the exit code, from the counts of the rules and the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.preview import read_preview
from greenai_infra.reporting.comment.making import gate_comments

from .previews import finding, preview, rule, write

if TYPE_CHECKING:
    from pathlib import Path

PASSES: list[tuple[dict[str, Any], str, str]] = [
    ({}, "error", "passes"),
    ({"findings": [finding("live", "warning")]}, "error", "passes, 1 warning"),
    ({"policy": {"rules": [rule("live", "advisory", violations=3)]}}, "error", "passes"),
    ({"policy": {"rules": [rule("live", "disabled", violations=3, not_run=2)]}}, "warning", "passes"),
    ({"policy": {"rules": [rule("tags", violations=3)]}}, "never", "would be stopped by 1 rule, reported only"),
    ({"policy": ...}, "error", "passes, without policy rules"),
]
STOPS: list[tuple[dict[str, Any], str, str]] = [
    ({"policy": {"rules": [rule("tags", violations=1)]}, "findings": [finding("tags")]}, "error", "1 rule"),
    ({"policy": {"rules": [rule("tags", violations=2)]}, "findings": [finding("tags")] * 2}, "error", "1 rule"),
    ({"policy": {"rules": [rule("tags", violations=1), rule("cap", violations=1)]}}, "error", "2 rules"),
    ({"policy": {"rules": [rule("cap", not_run=4)]}}, "error", "1 rule that could not run"),
    ({"findings": [finding("unknown-region")]}, "error", "1 check"),
    (
        {
            "policy": {"rules": [rule("cap", violations=1)]},
            "findings": [finding("cap"), finding("bad-tag"), finding("bad-cron")],
        },
        "error",
        "1 rule and 2 checks",
    ),
    ({"findings": [finding("live", "warning")]}, "warning", "1 check"),
    ({"policy": {"rules": [rule("live", "advisory", violations=1)]}}, "warning", "1 rule"),
    ({"policy": {"rules": [rule("live", "advisory", not_run=1)]}}, "warning", "1 rule that could not run"),
    ({"policy": ..., "findings": [finding("tags")]}, "error", "1 check"),
]


def heading(tmp_path: Path, changes: dict[str, Any], fail_on: str) -> tuple[str, bool]:
    head = read_preview(write(tmp_path / "head.json", preview(**changes)))
    ((comment,), _) = gate_comments([head], None, [], [], fail_on)
    assert comment.verdict is not None
    return comment.body.splitlines()[1], comment.verdict.fails


@pytest.mark.parametrize(("changes", "fail_on", "words"), PASSES)
def test_passes(tmp_path: Path, changes: dict[str, Any], fail_on: str, words: str) -> None:
    line, fails = heading(tmp_path, changes, fail_on)
    assert line.endswith(f"Carbon gate: {words}")
    assert not fails


@pytest.mark.parametrize(("changes", "fail_on", "words"), STOPS)
def test_stops(tmp_path: Path, changes: dict[str, Any], fail_on: str, words: str) -> None:
    line, fails = heading(tmp_path, changes, fail_on)
    assert line == f"## ❌ Carbon gate: stopped by {words}"
    assert fails
