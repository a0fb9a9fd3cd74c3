"""Projects that version 0.1 wrote: they preview as they are, and an upgrade builds the same under the same names."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pulumi_aws", reason="the aws extra is not installed")
pytest.importorskip("pulumi_gcp", reason="the gcp extra is not installed")

from google.protobuf.json_format import MessageToDict

from greenai_infra import __version__
from greenai_infra.errors import InputError
from greenai_infra.previews.offline.program import run_program
from greenai_infra.previews.sdk.providers import Providers
from greenai_infra.project.project import read_stack
from greenai_infra.scaffold.upgrade import KEPT, former, upgrade_of

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ARCHIVE = Path(__file__).parent / "project-0.1.tar.gz"
"""What `init` of version 0.1 wrote: Pulumi.yaml, requirements.txt, stacks/ with 114 files."""
CONFIGS = Path(__file__).parents[1] / "stacks" / "configs"
STACKS = sorted(file.name.split(".")[1] for file in CONFIGS.glob("Pulumi.*.yaml"))
MADE_UP = {"passwords", "secretString"}
"""Inputs that hold a password: another one in every run."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path / "old", filter="data")
    for stack in STACKS:
        shutil.copy(CONFIGS / f"Pulumi.{stack}.yaml", tmp_path / "old")
    return tmp_path / "old"


def texts(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def declared(project: Path, stack: str) -> dict[str, dict[str, object]]:
    """URN -> inputs of all that a stack's program registers."""
    program = read_stack(project, stack)
    recorded, failure = run_program(program, Providers(program.config).check)
    assert failure is None, (stack, failure)
    inputs = {urn: MessageToDict(one.inputs) for urn, one in recorded.registrations.items()}
    return {urn: {key: value for key, value in some.items() if key not in MADE_UP} for urn, some in inputs.items()}


def test_an_old_project_still_runs_and_its_upgrade_changes_no_resource(old: Path) -> None:
    before = {stack: declared(old, stack) for stack in STACKS}
    upgrade_of(old).apply()

    assert len(STACKS) >= 22
    for stack in STACKS:
        assert len(before[stack]) > 1
        assert declared(old, stack) == before[stack], stack


@pytest.mark.parametrize("stack", ["budgeted", "tpu-vm"])
def test_an_old_project_previews_and_passes_the_gate(old: Path, greenai: Command, stack: str) -> None:
    for command in (("preview", "--offline"), ("check",)):
        done = greenai(*command, "--stack", stack, cwd=old)

        assert (done.code, bool(re.search("Carbon gate:? open", done.out))) == (0, True), done


def test_what_init_wrote_goes_and_the_short_programs_come(old: Path) -> None:
    shutil.rmtree(old / "stacks" / "__pycache__", ignore_errors=True)
    upgrade = upgrade_of(old)
    said = upgrade.text().splitlines()

    assert said[:2] == [
        "remove stacks/components: 98 files, unchanged since init wrote them",
        "remove stacks/programs: 12 files, unchanged since init wrote them",
    ]
    assert "+from greenai_infra.stacks.program import run_program" in said
    assert f"+greenai-infra[aws]=={__version__}" in said
    assert (upgrade.kept, upgrade.own) == ((), ())

    upgrade.apply()
    assert sorted(file.name for file in (old / "stacks").iterdir()) == [
        "README.md", "__main__.py", "alarms.py", "cache.py", "inference.py", "ledger.py", "policy", "training.py",
    ]  # fmt: skip
    assert not upgrade_of(old).needed


def test_what_the_user_has_changed_or_added_is_never_lost(old: Path) -> None:
    changed = old / "stacks" / "components" / "aws" / "network.py"
    changed.write_text(changed.read_text() + "# mine\n")
    (old / "stacks" / "__main__.py").write_text("# all mine\n")
    (old / "stacks" / "programs" / "mine.py").write_text("import components\n")
    (old / "stacks" / "training.py").write_text("# mine too\n")
    settings = (old / "stacks" / "policy" / "greenai-policy.yaml").read_bytes()
    (old / "stacks" / "policy" / "greenai-policy.yaml").write_bytes(settings + b"# mine\n")

    upgrade = upgrade_of(old)
    assert upgrade.kept == ("stacks/__main__.py", "stacks/components/aws/network.py")
    assert upgrade.own == ("stacks/programs/mine.py",)
    upgrade.apply()

    assert (old / KEPT / "stacks/components/aws/network.py").read_text().endswith("# mine\n")
    assert (old / KEPT / "stacks/__main__.py").read_text() == "# all mine\n"
    assert (old / "stacks/training.py").read_text() == "# mine too\n"
    assert (old / "stacks/programs/mine.py").is_file()
    assert (old / "stacks/policy/greenai-policy.yaml").read_bytes() == settings + b"# mine\n"
    assert not upgrade_of(old).needed or not upgrade_of(old).written


def test_a_failure_in_the_middle_leaves_the_project_as_it_was(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = texts(old)

    def full(_: object) -> None:
        raise OSError(28, "No space left on device", "stacks/__main__.py")

    monkeypatch.setattr("greenai_infra.scaffold.upgrade.write_all", full)
    with pytest.raises(InputError, match="No space left on device"):
        upgrade_of(old).apply()
    assert texts(old) == before


def test_a_project_of_this_version_is_left_alone_whatever_its_owner_changed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    shutil.copytree(root / "stacks", tmp_path / "stacks")
    shutil.copy(root / "Pulumi.yaml", tmp_path)
    (tmp_path / "stacks" / "ledger.py").unlink()
    (tmp_path / "stacks" / "training.py").write_text("# mine\n")
    assert not upgrade_of(tmp_path).needed


def test_every_file_of_the_older_version_is_known() -> None:
    with tarfile.open(ARCHIVE) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
    assert {name for name in former() if name not in names} == set()
    assert len(former()) == 114


def test_a_folder_that_init_did_not_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no Pulumi\.yaml"):
        upgrade_of(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    with pytest.raises(InputError, match="init has not written this project"):
        upgrade_of(tmp_path)


def test_the_command_shows_the_diff_and_changes_nothing_without_yes(old: Path, greenai: Command) -> None:
    before = texts(old)
    done = greenai("init", "--upgrade", old)
    assert (done.code, texts(old)) == (1, before)
    assert "+run_program(Path(__file__).parent)" in done.out
    assert "say --yes" in done.err

    done = greenai("init", "--upgrade", old, "--yes")
    assert done.code == 0
    assert not (old / "stacks" / "components").exists()
    assert greenai("init", "--upgrade", cwd=old).out == f"{old} is up to date\n"
