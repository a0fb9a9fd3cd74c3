"""`init`: a project that previews at once, or nothing at all."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenai_infra import __version__
from greenai_infra.contracts.plan import read_plan_file
from greenai_infra.errors import NoPlacement
from greenai_infra.planning.workload_file import read_workload
from greenai_infra.project.stack_files import stack_files
from tests.reporting.previews import preview as document

if TYPE_CHECKING:
    from .conftest import Command

ROOT = Path(__file__).parents[2]
OWN = {".dockerignore", ".gitignore", "Pulumi.yaml", "plan.json", "requirements.txt", "stacks", "training"}
OWN |= {"workload.yaml"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def everything(folder: Path) -> dict[str, bytes | None]:
    """Each file and folder below, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def check_project(folder: Path) -> None:
    """All of a project is there, its plan is what its stacks say, and nothing temporary is."""
    pinned = stack_files(folder)
    plan = read_plan_file(folder / "plan.json")
    assert names(folder) >= OWN | {one.path.name for one in pinned}
    assert [one.stack for one in pinned if one.selected] == [f"{plan.workload.name}-{plan.placement.region}"]
    assert {one.section["planned"]["plan_id"] for one in pinned} == {plan.plan_id}
    assert len(pinned) == 3
    left = [path for path in folder.parent.rglob("*") if re.search(r"__pycache__|\.pyc$|greenai-infra-init", str(path))]
    assert left == []


@pytest.mark.parametrize("target", ["project", "a project with spaces", "a/new/folder", "projekt-é"])
def test_a_new_folder_becomes_a_project(tmp_path: Path, greenai: Command, target: str) -> None:
    done = greenai("init", target)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"wrote {target}: .dockerignore, .gitignore, Pulumi.finetune-7b-")
    check_project(tmp_path / target)
    shown = next(line for line in done.out.splitlines() if line.startswith("  cd "))
    assert subprocess.run(f"{shown} && pwd", shell=True, cwd=tmp_path, capture_output=True, text=True).stdout == (
        f"{tmp_path / target}\n"
    )


def test_the_programs_are_few_short_and_import_the_components(tmp_path: Path, greenai: Command) -> None:
    greenai("init", "project")

    stacks = tmp_path / "project" / "stacks"
    assert {str(path.relative_to(stacks)) for path in stacks.rglob("*") if path.is_file()} == {
        "README.md", "__main__.py", "alarms.py", "cache.py", "inference.py", "ledger.py", "training.py",
        "policy/PulumiPolicy.yaml", "policy/__main__.py", "policy/greenai-policy.yaml",
    }  # fmt: skip
    texts = {path.name: path.read_text() for path in stacks.rglob("*.py")}
    assert {name: len(text.splitlines()) for name, text in texts.items() if len(text.splitlines()) > 50} == {}
    assert re.search(r"from greenai_infra\.stacks\.aws import .*\bTrainingRegion\b", texts["training.py"])


def test_an_empty_folder_becomes_a_project_from_inside(tmp_path: Path, greenai: Command) -> None:
    (tmp_path / "project").mkdir()

    done = greenai("init", ".", cwd=tmp_path / "project")

    assert done.code == 0
    check_project(tmp_path / "project")


def test_what_is_in_the_folder_already_stays(tmp_path: Path, greenai: Command) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (project / "train.py").write_text("print('mine')\n")
    before = everything(project)

    done = greenai("init", "project")

    assert done.code == 0
    check_project(project)
    assert {path: content for path, content in everything(project).items() if path in before} == before


@pytest.mark.parametrize("name", ["Pulumi.yaml", "workload.yaml", "plan.json", ".gitignore", "stacks"])
def test_a_file_that_is_there_already_is_never_overwritten(tmp_path: Path, greenai: Command, name: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / name).write_text("mine")

    done = greenai("init", "project")

    assert (done.code, done.out) == (2, "")
    assert f"{project} already has {name}, which is never overwritten; name another folder" in done.err
    assert everything(project) == {name: b"mine"}


def test_a_link_that_leads_nowhere_is_something_that_is_there(tmp_path: Path, greenai: Command) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "Pulumi.yaml").symlink_to("nowhere")

    done = greenai("init", "project")

    assert done.code == 2
    assert names(tmp_path / "project") == {"Pulumi.yaml"}


def test_a_project_is_not_written_twice(tmp_path: Path, greenai: Command) -> None:
    greenai("init", "project")
    before = everything(tmp_path / "project")

    done = greenai("init", "project")

    assert done.code == 2
    assert "already has .gitignore, Pulumi.yaml, requirements.txt, stacks, training, workload.yaml" in done.err
    assert f"or move that project to this version: greenai-infra init --upgrade {tmp_path / 'project'}" in done.err
    assert everything(tmp_path / "project") == before


@pytest.mark.parametrize(
    ("target", "message"), [("file", "file is a file; name a folder"), ("file/inside", "can't be written")]
)
def test_a_file_is_no_folder(tmp_path: Path, greenai: Command, target: str, message: str) -> None:
    (tmp_path / "file").write_text("mine")

    done = greenai("init", target)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert everything(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, greenai: Command) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)

    done = greenai("init", "locked/project")

    assert done.code == 2
    assert "can't be written: Permission denied" in done.err
    assert everything(tmp_path) == {"locked": None}


@pytest.mark.parametrize("target", ["project", "a/b/project", "there"])
def test_a_failure_in_the_middle_leaves_nothing(
    tmp_path: Path, greenai: Command, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    def no_plan(*_: object, **__: object) -> None:
        raise NoPlacement("no region fits")

    (tmp_path / "there").mkdir()
    monkeypatch.setattr("greenai_infra.planning.make.make_plan", no_plan)

    done = greenai("init", target)

    assert (done.code, done.out) == (1, "")
    assert done.err == "error: no region fits\n"
    assert everything(tmp_path) == {"there": None}


@pytest.mark.parametrize("number", [1, 4, 9])
def test_a_full_disk_while_the_files_move_in_leaves_the_folder_as_it_was(
    tmp_path: Path, greenai: Command, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "mine.txt").write_text("mine")
    rename, calls = Path.rename, iter(range(1, 100))

    def full(path: Path, target: Path) -> Path:
        if next(calls) == number:
            raise OSError(28, "No space left on device", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", full)
    done = greenai("init", "project")

    assert (done.code, done.out) == (2, "")
    assert "can't be written: No space left on device" in done.err
    assert everything(tmp_path) == {"project": None, "project/mine.txt": b"mine"}


def test_the_workload_the_plan_and_the_requirement_can_be_used(tmp_path: Path, greenai: Command) -> None:
    greenai("init", "project")
    project = tmp_path / "project"

    explained = greenai("explain", "plan.json", cwd=project)
    planned = greenai("plan", "workload.yaml", "--hardware", "--out", "plan.json", cwd=project)
    chosen = greenai("select", "plan.json", cwd=project)

    assert read_workload(project / "workload.yaml").name == "finetune-7b"
    assert (explained.code, explained.err) == (0, "")
    assert explained.out.startswith("finetune-7b: ")
    assert (planned.code, chosen.code) == (0, 0)
    assert f"greenai-infra[aws]=={__version__}" in (project / "requirements.txt").read_text().splitlines()


def test_the_modes_are_those_of_files_that_the_user_makes(tmp_path: Path, greenai: Command) -> None:
    before = os.umask(0o027)
    try:
        greenai("init", "project")
    finally:
        os.umask(before)

    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in [tmp_path / "project", *tmp_path.rglob("*")]}
    assert modes == {True: 0o750, False: 0o640}


def preview(project: Path, *python: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *python, "-m", "greenai_infra", "preview", "--offline"],
        capture_output=True,
        encoding="utf-8",
        cwd=project,
        env={**os.environ, **environment},
    )


def test_a_new_project_previews_at_once(tmp_path: Path, greenai: Command) -> None:
    greenai("init", "my project")

    done = preview(tmp_path / "my project")

    assert done.returncode == 0, done.stderr
    assert "Offline preview of greenai-infra/finetune-7b-" in done.stdout
    assert "0 errors, 1 warning." in done.stdout  # whom the alarms should reach only the user knows
    assert "notify names nobody" in done.stdout
    assert "Carbon gate: open" in done.stdout


SOURCE = f"git+https://git.example.com/tools/greenai-infra@{'0a' * 20}"


@pytest.mark.skipif(find_spec("hatchling") is None, reason="building a wheel needs hatchling: pip install hatchling")
def test_an_installed_package_writes_a_project_without_a_clone(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    # Without `site`, and so without the .pth file of an editable install: the clone is on no path.
    outside = {"PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{sysconfig.get_path('purelib')}"}
    where = subprocess.run(
        [sys.executable, "-S", "-c", "import greenai_infra, sys; print(greenai_infra.__file__, *sys.path, sep='\\n')"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, **outside},
    ).stdout.splitlines()

    done = subprocess.run(
        [sys.executable, "-S", "-m", "greenai_infra", "init", "project"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env={**os.environ, **outside},
    )
    shown = preview(tmp_path / "project", "-S", **outside)
    (tmp_path / "project" / ".git").mkdir()
    (tmp_path / "head.json").write_text(json.dumps(document()))
    written, commented = (
        subprocess.run(
            [sys.executable, "-S", "-m", "greenai_infra", *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path / "project",
            env={**os.environ, **outside},
        )
        for arguments in (
            ("init", "ci", "--github", "--gitlab", "--install", SOURCE),
            ("comment", "../head.json", "--dry-run"),
        )
    )

    assert where[0].startswith(str(tmp_path / "site"))
    assert str(ROOT) not in where
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "project") >= OWN
    assert shown.returncode == 0, shown.stderr
    assert "0 errors, 1 warning." in shown.stdout
    assert written.returncode == 0, written.stderr
    assert (tmp_path / "project" / ".github" / "workflows" / "carbon-preview.yml").is_file()
    assert commented.returncode == 0, commented.stderr
    assert "Carbon gate: passes" in commented.stdout
