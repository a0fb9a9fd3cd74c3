"""A stack that leaves its alarms to another one: what the offline preview says of that other stack's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.previews.run import preview

from .offline_project import write_project

if TYPE_CHECKING:
    from pathlib import Path

OWN = """\
config:
  aws:region: eu-north-1
  shop:program: training
  shop:training: {project: assistant, region: eu-north-1}
  shop:alarms-stack: budget
"""
ALONE = """\
config:
  shop:program: alarms
  shop:alarms: {project: %s, region: %s, daily_budget_kg: 4, monthly_budget_kg: 40}
"""
BESIDE = """\
config:
  shop:program: training
  shop:training: {project: assistant, region: eu-north-1}
  shop:alarms: {daily_budget_kg: 4, monthly_budget_kg: 40}
"""


@pytest.mark.parametrize(
    ("other", "codes"),
    [
        (ALONE % ("assistant", "eu-north-1"), []),
        (BESIDE, []),
        (ALONE % ("mail", "eu-north-1"), ["alarms-stack-elsewhere"]),
        (ALONE % ("mail", "us-west-2"), ["alarms-stack-elsewhere"] * 2),
        ("config: {shop:program: training}\n", ["alarms-stack-without-alarms"]),
        (None, ["alarms-stack-unknown"]),
    ],
)
def test_the_other_stack_s_file_is_held_against_this_one(tmp_path: Path, other: str | None, codes: list[str]) -> None:
    write_project(tmp_path, 'aws.sns.Topic("t")', OWN)
    if other is not None:
        (tmp_path / "Pulumi.budget.yaml").write_text(other)
    found = preview(tmp_path, "dev").findings
    assert [one.code for one in found] == codes
    assert {one.severity for one in found} <= {"error"}
    assert all(one.property == "shop:alarms-stack" and one.remedy for one in found)
