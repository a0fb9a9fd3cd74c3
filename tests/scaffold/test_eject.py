"""One component as the user's own: copied, imported by the programs, and building the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.errors import InputError
from greenai_infra.previews.run import preview
from greenai_infra.scaffold.eject import components, eject, find_component

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "tests" / "stacks" / "configs"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "stack", "program"),
    [
        ("aws.TrainingRegion", "sliced", "training"),
        ("aws.InferenceEndpoint", "inferentia", "inference"),
        ("CarbonLedger", "ledger", "ledger"),
        ("aws.InferenceCache", "cache-nodes", "cache"),
        ("gcp.InferenceCache", "gcp-cache", "cache"),
    ],
)
def test_a_program_imports_the_copy_and_builds_the_same(project: Path, name: str, stack: str, program: str) -> None:
    shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", project)
    before = {one.urn for one in preview(project, stack).resources}

    ejected = eject(project, name)
    assert ejected.changed == (project / "stacks" / f"{program}.py",)
    source = components()[ejected.component].read_text()
    assert ejected.file.read_text() == source
    assert {one.urn for one in preview(project, stack).resources} == before

    ejected.file.write_text(source.replace("(self, name: str", "(self, name: str", 1) + "\nraise ImportError('mine')\n")
    assert "mine" in str([one.message for one in preview(project, stack).findings])


def test_a_part_of_a_component_names_who_uses_it(project: Path) -> None:
    ejected = eject(project, "aws.PrivateNetwork")
    assert ejected.changed == ()
    assert "aws.TrainingRegion" in ejected.users

    assert eject(project, "aws.TrainingRegion").changed == (project / "stacks" / "training.py",)


def test_nothing_is_overwritten(project: Path) -> None:
    eject(project, "CarbonLedger")
    before = {file: file.read_bytes() for file in (project / "stacks").rglob("*.py")}
    with pytest.raises(InputError, match="is there already, and is never overwritten"):
        eject(project, "CarbonLedger")
    assert {file: file.read_bytes() for file in (project / "stacks").rglob("*.py")} == before


def test_a_name_that_both_clouds_have_and_one_that_none_has() -> None:
    with pytest.raises(InputError, match=r"say aws\.PrivateNetwork or gcp\.PrivateNetwork"):
        find_component("PrivateNetwork")
    with pytest.raises(InputError, match=r"unknown component 'CarbonLedgr'.*did you mean CarbonLedger"):
        find_component("CarbonLedgr")


def test_a_project_with_copies_of_everything_is_to_be_upgraded_first(project: Path) -> None:
    (project / "stacks" / "components").mkdir()
    with pytest.raises(InputError, match="init --upgrade"):
        eject(project, "CarbonLedger")
