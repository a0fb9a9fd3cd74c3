"""`preview --offline --base`: what has changed since another preview of the stack, as text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from greenai_infra.previews.diff import diff_previews

pytest.importorskip("pulumi_aws")

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

BASE = """
import pulumi_aws as aws
aws.kms.Key("key", description="old")
aws.sns.Topic("gone")
"""
HEAD = """
import pulumi_aws as aws
aws.kms.Key("key", description="new")
aws.kms.Key("second")  # longer than the base: Python takes a file of equal length and second for the same
"""
TEXT = """\
Against the base
  resources: 1 added, 1 changed, 1 removed
  + aws:kms:Key second
  ~ aws:kms:Key key (description)
  - aws:sns:Topic gone
                    base   now  change
  kWh, a month         ?     ?       ?
  kg CO2e, a month     ?     ?       ?
  USD, a month      1.00  2.00   +1.00
  kWh, a month: not compared, not known in base and head
  kg CO2e, a month: not compared, not known in base and head
  findings: 0 new, 0 resolved
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one stack, which is the head; `base.json` is the preview of its base."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-north-1\n")
    (tmp_path / "__main__.py").write_text(HEAD)
    return tmp_path


def previewed(greenai: Command, project: Path, program: str) -> Path:
    """The preview of another program of this project, in a file."""
    (project / "__main__.py").write_text(program)
    done = greenai("preview", "--offline", "--json", cwd=project)
    assert done.code == 0, done.err
    (project / "__main__.py").write_text(HEAD)
    (project / "base.json").write_text(done.out)
    return project / "base.json"


def test_text(greenai: Command, project: Path) -> None:
    base = previewed(greenai, project, BASE)
    done = greenai("preview", "--offline", "--base", base, cwd=project)
    assert done.code == 0
    assert TEXT in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_what_a_removed_rule_found_is_not_called_resolved(greenai: Command, project: Path) -> None:
    (project / "policy").mkdir()
    (project / "policy" / "PulumiPolicy.yaml").write_text("runtime: python\n")
    done = greenai("preview", "--offline", "--json", cwd=project)
    (project / "base.json").write_text(done.out)
    found = {one["code"] for one in json.loads(done.out)["findings"]}
    assert "carbon-tags" in found
    (project / "policy" / "greenai-policy.yaml").write_text("rules:\n  carbon-tags: {severity: disabled}\n")
    loosened = greenai("preview", "--offline", "--base", "base.json", cwd=project).out
    assert "findings: 0 new, 0 resolved, 2 not judged: the rule no longer runs\n" in loosened
    assert "! the change loosens the carbon gate:\n  ! carbon-tags: mandatory -> disabled\n" in loosened
    (project / "policy" / "PulumiPolicy.yaml").unlink()
    removed = greenai("preview", "--offline", "--base", "base.json", cwd=project).out
    assert "0 resolved" in removed
    assert "! the change removes the carbon gate:\n" in removed
    assert "! carbon-tags: mandatory -> missing\n" in removed


def test_json_has_the_change_beside_the_preview(greenai: Command, project: Path) -> None:
    base = previewed(greenai, project, BASE)
    document = json.loads(greenai("preview", "--offline", "--json", "--base", base, cwd=project).out)
    change = document.pop("change")
    assert change == diff_previews(json.loads(base.read_text()), document)
    assert change["standing"]["cost_usd_per_month"]["change"] == 1.0


def test_an_empty_file_is_a_stack_that_was_not_there(greenai: Command, project: Path) -> None:
    (project / "base.json").write_text("")
    out = greenai("preview", "--offline", "--base", "base.json", cwd=project).out
    assert "2 added, 0 changed, 0 removed; the base has no such stack" in out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read"),
        ("not json", "is not JSON"),
        ("[1]", "is no document of"),
        ('{"steps": []}', "is no document of"),
        ('{"schema_version": 9, "resources": [], "findings": []}', "has schema_version 9"),
        ('{"schema_version": 1, "resources": [], "findings": [], "project": "shop", "stack": "prod"}', "stack 'prod'"),
    ],
)
def test_a_base_that_can_t_be_used(greenai: Command, project: Path, content: str | None, words: str) -> None:
    if content is not None:
        (project / "base.json").write_text(content)
    done = greenai("preview", "--offline", "--base", "base.json", cwd=project)
    assert done.code == 2
    assert words in done.err
    assert not done.out


def test_base_needs_offline(greenai: Command, project: Path) -> None:
    done = greenai("preview", "--base", "base.json", cwd=project)
    assert done.code == 2
    assert "--offline" in done.err


@pytest.mark.parametrize(
    "spoilt", [{"resources": "x"}, {"findings": [{"a": 1}]}, {"standing": {"total": {"cost_usd_per_month": "much"}}}]
)
def test_a_base_that_is_no_whole_preview_is_refused(greenai: Command, project: Path, spoilt: dict[str, object]) -> None:
    base = previewed(greenai, project, BASE)
    base.write_text(json.dumps({**json.loads(base.read_text()), **spoilt}))

    done = greenai("preview", "--offline", "--base", base, cwd=project)

    assert done.code == 2
    assert "is no whole preview" in done.err
