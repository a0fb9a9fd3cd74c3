"""One component as the user's own: copied, imported by the programs, and building the same."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from greenai_infra.errors import InputError
from greenai_infra.previews.offline.program import run_program
from greenai_infra.previews.run import preview
from greenai_infra.previews.sdk.providers import Providers
from greenai_infra.project.project import read_stack
from greenai_infra.scaffold.components import components, find_component
from greenai_infra.scaffold.eject import eject
from greenai_infra.scaffold.imports import with_copies

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "tests" / "stacks" / "configs"


OF_PROGRAMS = [
    ("TrainingRegion", "sliced", "training"),
    ("aws.TrainingRegion", "budgeted", "training"),
    ("gcp.TrainingRegion", "gcp-slices", "training"),
    ("aws.InferenceEndpoint", "inferentia", "inference"),
    ("InferenceEndpoint", "tpu-vm", "inference"),
    ("CarbonLedger", "ledger", "ledger"),
    ("aws.InferenceCache", "cache-nodes", "cache"),
    ("gcp.InferenceCache", "gcp-cache", "cache"),
    ("CarbonBudget", "budget", "alarms"),
    ("CarbonBudget", "gcp-budget", "alarms"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    return tmp_path


def urns(project: Path, stack: str) -> set[str]:
    program = read_stack(project, stack)
    recorded, failure = run_program(program, Providers(program.config).check)
    assert failure is None, failure
    return set(recorded.registrations)


@pytest.mark.parametrize(("name", "stack", "program"), OF_PROGRAMS)
def test_a_program_imports_the_copy_and_builds_the_same(project: Path, name: str, stack: str, program: str) -> None:
    shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", project)
    before = urns(project, stack)

    ejected = eject(project, name)

    source = components()[ejected.component].read_text()
    assert ejected.changed == (project / "stacks" / f"{program}.py",)
    assert ejected.file.read_text().partition("\n")[2] == source
    assert urns(project, stack) == before
    ejected.file.write_text("raise ImportError('this is the copy')\n")  # and so it is the copy that runs
    result = preview(project, stack)
    assert "this is the copy" in str([one.message for one in result.findings])


@pytest.mark.parametrize("order", [("aws.TrainingRegion", "aws.PrivateNetwork"), ("PrivateNetwork", "TrainingRegion")])
def test_a_copy_and_a_copy_of_its_part_find_each_other(project: Path, order: tuple[str, str]) -> None:
    shutil.copy(CONFIGS / "Pulumi.sliced.yaml", project)
    before = urns(project, "sliced")

    for name in order:
        eject(project, name)

    assert urns(project, "sliced") == before
    network = project / "stacks" / "own" / "aws_private_network.py"
    network.write_text(network.read_text().replace('"greenai:aws:', '"mine:aws:'))
    assert any("mine:aws:" in urn for urn in urns(project, "sliced"))


def test_a_part_of_a_component_names_who_uses_it_and_the_line_to_write(project: Path) -> None:
    ejected = eject(project, "aws.PrivateNetwork")

    assert ejected.changed == ()
    assert {"aws.TrainingRegion", "aws.InferenceEndpoint"} <= set(ejected.users)
    assert ejected.line == "from own.aws_private_network import NetworkArgs, PrivateNetwork"


COPIES = {"greenai_infra.stacks.aws.training.region": "own.aws_training_region"}
DEFINED = {"greenai_infra.stacks.aws.training.region": ["TrainingRegion", "TrainingRegionArgs"]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from greenai_infra.stacks.aws import (\n    CarbonBudget,\n    TrainingRegion as Region,  # é\n)\nx = 1\n",
            "from greenai_infra.stacks.aws import CarbonBudget\n"
            "from own.aws_training_region import TrainingRegion as Region\nx = 1\n",
        ),
        (
            "é = 1; from greenai_infra.stacks.aws import TrainingRegion, CarbonBudget; y = 2\n",
            "é = 1; from greenai_infra.stacks.aws import CarbonBudget; from own.aws_training_region import "
            "TrainingRegion; y = 2\n",
        ),
        ("from greenai_infra.stacks.aws.training.region import X", "from own.aws_training_region import X"),
        ("from greenai_infra.stacks.gcp import TrainingRegion\n", None),
        ("from elsewhere import TrainingRegion\n", None),
        ("# from greenai_infra.stacks.aws import TrainingRegion\n", None),
        ("from greenai_infra.stacks.aws import TrainingRegion (\n", None),
    ],
)  # fmt: skip
def test_imports_are_rewritten_however_they_are_written(before: str, after: str | None) -> None:
    assert with_copies(before, COPIES, DEFINED) == (after or before)


def test_nothing_is_overwritten(project: Path) -> None:
    eject(project, "CarbonLedger")
    before = {file: file.read_bytes() for file in (project / "stacks").rglob("*.py")}
    with pytest.raises(InputError, match="is there already, and is never overwritten"):
        eject(project, "CarbonLedger")
    assert {file: file.read_bytes() for file in (project / "stacks").rglob("*.py")} == before


def test_a_full_disk_leaves_the_project_as_it_was(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {file: file.read_bytes() if file.is_file() else None for file in project.rglob("*")}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        eject(project, "CarbonLedger")
    assert {file: file.read_bytes() if file.is_file() else None for file in project.rglob("*")} == before


def test_a_name_that_both_clouds_have_and_an_unknown_one() -> None:
    both = ("aws", "gcp")
    with pytest.raises(InputError, match=r"say aws\.PrivateNetwork or gcp\.PrivateNetwork"):
        find_component("PrivateNetwork", both)
    assert find_component("PrivateNetwork", ("gcp",)) == "gcp.PrivateNetwork"
    assert find_component("gcp.PrivateNetwork", ("aws",)) == "gcp.PrivateNetwork"
    with pytest.raises(InputError, match=r"unknown component 'CarbonLedgr'; did you mean CarbonLedger.*\?$"):
        find_component("CarbonLedgr", both)
    with pytest.raises(InputError, match=r"unknown component 'xyzzy'; there are Alerts, .*TrainingWorkflow$"):
        find_component("xyzzy", both)


def test_a_project_with_copies_of_everything_is_to_be_upgraded_first(project: Path) -> None:
    with tarfile.open(Path(__file__).parent / "project-0.1.tar.gz") as archive:
        archive.extractall(project / "old", filter="data")

    with pytest.raises(InputError, match="init --upgrade"):
        eject(project / "old", "CarbonLedger")


def test_the_command_says_what_it_has_done(project: Path, greenai: Command) -> None:
    done = greenai("init", project, "--eject=CarbonLedger")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"wrote {project}/stacks/own/aws_carbon_ledger.py: aws.CarbonLedger is yours now",
        f"changed {project}/stacks/ledger.py, which imports it",
    ]
    again = greenai("init", "--eject", "CarbonLedger", cwd=project)
    assert (again.code, "never overwritten" in again.err) == (2, True)
