"""Which changes are worth a comment of their own, and whose project a comment is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenai_infra.contracts.preview import read_preview
from greenai_infra.reporting.comment.making import When, gate_comments

from .previews import STACK, finding, preview, resource, rule, run, standing, stands, write

if TYPE_CHECKING:
    from pathlib import Path

    from greenai_infra.reporting.comment.making import Comment

OLD = standing(stands("endpoint", 100.0, 2.0, 300.0), run=run(4.0, 480))
DEARER = standing(stands("endpoint", 100.0, 2.0, 300.0), run=run(4.0, 485))
DIRTIER = standing(stands("endpoint", 100.0, 3.5, 300.0), run=run(4.0, 480))
UNKNOWN = standing(stands("endpoint", 100.0, None, 300.0), run=run(4.0, 480))


def comment(
    tmp_path: Path, head: dict[str, Any], base: dict[str, Any] | None, when: When | None = None, scope: str = ""
) -> Comment:
    one = read_preview(write(tmp_path / "head.json", head))
    bases = [read_preview(write(tmp_path / "base.json", base))] if base else []
    ((made,), _) = gate_comments([one], bases, [], [], "error", when=when, scope=scope)
    return made


@pytest.mark.parametrize(
    ("head", "base", "worth"),
    [
        (preview(standing=OLD), preview(standing=OLD), False),
        (preview(standing=DEARER), preview(standing=OLD), True),
        (preview(standing=OLD), None, True),
        (preview(resources=[resource("a")]), preview(resources=[resource("a")]), False),
        (preview(resources=[resource("a")]), preview(resources=[]), True),
        (preview(resources=[resource("a", x=1)]), preview(resources=[resource("a", x=2)]), True),
        (preview(findings=[finding("new", "warning")]), preview(), True),
    ],
)
def test_only_what_changes_something(
    tmp_path: Path, head: dict[str, Any], base: dict[str, Any] | None, worth: bool
) -> None:
    assert comment(tmp_path, head, base, When(only_changes=True)).worth is worth
    assert comment(tmp_path, head, base).worth


@pytest.mark.parametrize(
    ("now", "limits", "worth"),
    [
        (DEARER, When(at_least_usd=5.0), True),
        (DEARER, When(at_least_usd=5.01), False),
        (DEARER, When(at_least_kg=0.1), False),
        (DIRTIER, When(at_least_kg=1.5), True),
        (DIRTIER, When(at_least_kg=1.6), False),
        (DIRTIER, When(at_least_kg=1.6, at_least_usd=0.0), True),
        (UNKNOWN, When(at_least_kg=1000.0), True),
    ],
)
def test_only_from_a_threshold_and_what_is_not_known_may_be_over_it(
    tmp_path: Path, now: dict[str, Any], limits: When, worth: bool
) -> None:
    assert comment(tmp_path, preview(standing=now), preview(standing=OLD), limits).worth is worth


def test_a_shut_gate_is_always_told(tmp_path: Path) -> None:
    shut = preview(policy={"rules": [rule("carbon-tags", violations=1)]}, findings=[finding("carbon-tags")])
    assert comment(tmp_path, shut, shut, When(only_changes=True, at_least_kg=1e6)).worth


def test_the_folder_tells_projects_of_one_name_apart(tmp_path: Path) -> None:
    first, second = (comment(tmp_path, preview(), None, scope=one) for one in ("a/infra", "b/infra"))
    assert first.marker == f"<!-- greenai-infra: a/infra assistants/{STACK} -->"
    assert first.marker != second.marker
    assert first.body.splitlines()[0] == first.marker
    assert "`assistants` in `a/infra`" in first.body
