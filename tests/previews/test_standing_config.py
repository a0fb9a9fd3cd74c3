"""Which carbon budget a preview shows: the stack's own, or that of the stack that watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from greenai_infra.previews.standing.config import budget, program_section
from greenai_infra.project.project import read_stack

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = "{daily_budget_kg: 4, monthly_budget_kg: 40, notify: {emails: [a@example.com]}}"


def project(folder: Path, **stacks: str) -> Path:
    """A project whose stacks have these lines of config."""
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "__main__.py").write_text("")
    for name, lines in stacks.items():
        (folder / f"Pulumi.{name}.yaml").write_text(f"config:\n  aws:region: eu-north-1\n{lines}")
    return folder


def test_a_budget_of_its_own(tmp_path: Path) -> None:
    project(tmp_path, dev=f"  shop:alarms: {LIMITS}\n")
    assert budget(read_stack(tmp_path, "dev")) == {"daily_kg": 4.0, "monthly_kg": 40.0, "stack": "dev"}


def test_a_budget_that_another_stack_watches(tmp_path: Path) -> None:
    project(tmp_path, dev="  shop:alarms-stack: watch\n", watch=f"  shop:alarms: {LIMITS}\n")
    assert budget(read_stack(tmp_path, "dev")) == {"daily_kg": 4.0, "monthly_kg": 40.0, "stack": "watch"}


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "  shop:alarms-stack: nowhere\n",
        "  shop:alarms-stack: watch\n",
        "  shop:alarms: [1]\n",
        "  shop:alarms: {daily_budget_kg: 4}\n",
        "  shop:alarms: {daily_budget_kg: lots, monthly_budget_kg: 40}\n",
    ],
)
def test_no_budget(tmp_path: Path, lines: str) -> None:
    project(tmp_path, dev=lines, watch="")
    assert budget(read_stack(tmp_path, "dev")) is None


def test_the_section_is_that_of_the_stack_s_program(tmp_path: Path) -> None:
    project(
        tmp_path,
        dev="  shop:program: cache\n  shop:cache: {region: eu-north-1}\n  shop:training: {region: us-east-1}\n",
        old="  shop:training: {region: us-east-1}\n",
        odd="  shop:program: cache\n  shop:cache: text\n",
    )
    assert program_section(read_stack(tmp_path, "dev")) == {"region": "eu-north-1"}
    assert program_section(read_stack(tmp_path, "old")) == {"region": "us-east-1"}
    assert program_section(read_stack(tmp_path, "odd")) == {}
