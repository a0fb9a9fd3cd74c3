"""Projects that version 0.1 wrote: they preview as they are, and an upgrade builds the same under the same names."""

from __future__ import annotations

import hashlib
import io
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
from greenai_infra.project.stack_files import read_project
from greenai_infra.scaffold.upgrade import former, upgrade_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Command

ARCHIVE = Path(__file__).parent / "project-0.1.tar.gz"
"""What `init` of version 0.1 wrote: Pulumi.yaml, requirements.txt, stacks/ with 115 files; and 22 stacks."""
MADE_UP = {"passwords", "secretString"}
"""Inputs that hold a password: another one in every run."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path / "old", filter="data")
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


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in folder.rglob("*")}


def test_an_old_project_still_runs_and_its_upgrade_changes_no_resource(old: Path) -> None:
    stacks = read_project(old).stack_names()
    before = {stack: declared(old, stack) for stack in stacks}
    upgrade_of(old).apply()

    assert len(stacks) == 22
    for stack in stacks:
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
    assert re.fullmatch(r"replace stacks/README\.md: [0-9]+ lines", said[2])

    upgrade.apply()
    assert sorted(file.name for file in (old / "stacks").iterdir()) == [
        "README.md", "__main__.py", "alarms.py", "cache.py", "inference.py", "ledger.py", "policy", "training.py",
    ]  # fmt: skip
    assert not upgrade_of(old).needed


def test_what_the_user_has_changed_or_added_is_never_lost(old: Path, greenai: Command) -> None:
    stacks = old / "stacks"
    for name in ("components/aws/network.py", "components/aws/policy.py", "programs/aws_inference.py", "__main__.py"):
        (stacks / name).write_text((stacks / name).read_text() + "# mine\n")
    mine = {
        "stacks/programs/mine.py": b"import components\n",
        "stacks/helper.py": b"from components.aws.site import Site\n",
        "stacks/notes.txt": b"notes\n",
        "stacks/policy/greenai-policy.yaml": (stacks / "policy/greenai-policy.yaml").read_bytes() + b"# mine\n",
        "stacks/policy/PulumiPolicy.yaml": b"name: mine\n",
        "Pulumi.yaml": (old / "Pulumi.yaml").read_bytes() + b"# mine\n",
        "before-upgrade": b"a file of that name\n",
    }
    for name, content in mine.items():
        (old / name).write_bytes(content)
    tags = stacks / "components" / "tags.py"
    tags.write_bytes(tags.read_bytes().replace(b"\n", b"\r\n"))  # as git writes it on Windows: no change of the user's
    before = texts(old)

    done = greenai("init", "--upgrade", "--yes", old)

    kept = "before-upgrade-2"
    lines = done.out.splitlines()
    said = {
        line: lines[number + 1].strip() for number, line in enumerate(lines) if line.startswith(("move ", "leave "))
    }
    changed = f"to {kept}/, as you have changed it:"
    inside = "import greenai_infra.stacks in place of components and programs"
    assert said == {
        f"move stacks/__main__.py {changed}": "make your change in stacks/__main__.py",
        f"move stacks/components/aws/network.py {changed}": "then init --eject aws.PrivateNetwork, and make your "
        "change there",
        f"move stacks/components/aws/policy.py {changed}": "then init --eject the component that uses it, and import "
        "your file there",
        f"move stacks/programs/aws_inference.py {changed}": "make your change in stacks/inference.py",
        "leave stacks/helper.py, your own:": inside,
        "leave stacks/programs/mine.py, your own:": f"if it is a program, move it to stacks/mine.py; {inside}",
    }
    after = texts(old)
    assert {name: after[name] for name in mine} == mine
    moved = [line.split(" ")[1] for line in said if line.startswith("move ")]
    assert {name: after[f"{kept}/{name}"] for name in moved} == {name: before[name] for name in moved}
    assert [name for name in after if name.startswith("stacks/components")] == []
    assert greenai("init", old, "--upgrade").out == f"{old} is up to date\n"


@pytest.mark.parametrize("number", [1, 60, 110, 111, 119])
def test_a_failure_in_the_middle_leaves_the_project_as_it_was(
    old: Path, greenai: Command, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (old / "stacks" / "programs" / "training.py").write_text("# mine\n")
    before = everything(old)
    calls = iter(range(1, 1000))

    def full_at(move: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
        def moved(path: Path, target: Path) -> Path:
            if next(calls) == number:
                raise OSError(28, "No space left on device", str(path))
            return move(path, target)

        return moved

    for name in ("rename", "replace"):
        monkeypatch.setattr(Path, name, full_at(getattr(Path, name)))
    done = greenai("init", "--upgrade", "--yes", old)

    assert (done.code, "No space left on device" in done.err) == (2, True)
    assert everything(old) == before


def test_a_file_of_the_user_s_with_the_name_of_a_new_program_is_to_be_renamed_first(old: Path) -> None:
    (old / "stacks" / "training.py").write_text("# mine\n")
    before = everything(old)

    with pytest.raises(InputError, match=r"stacks/training\.py is your own, and has the name of a program"):
        upgrade_of(old)
    assert everything(old) == before


def test_a_project_of_this_version_is_left_alone_whatever_its_owner_changed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    shutil.copytree(root / "stacks", tmp_path / "stacks")
    shutil.copy(root / "Pulumi.yaml", tmp_path)
    (tmp_path / "stacks" / "ledger.py").unlink()
    (tmp_path / "stacks" / "training.py").write_text("# mine\n")
    assert not upgrade_of(tmp_path).needed


def test_every_file_of_the_older_version_is_known(old: Path) -> None:
    written = {name: content for name, content in texts(old / "stacks").items() if name != "policy/greenai-policy.yaml"}

    assert len(written) == 114
    assert {f"stacks/{name}" for name in written} <= former().keys()
    for name, content in written.items():
        assert hashlib.sha256(content).hexdigest() in former()[f"stacks/{name}"], name


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
    assert "--- stacks/programs/training.py\n+++ stacks/training.py\n" in done.out
    assert "add --yes" in done.err

    done = greenai("init", "--upgrade", old, "--yes")
    assert done.code == 0
    assert not (old / "stacks" / "components").exists()
    assert greenai("init", "--upgrade", cwd=old).out == f"{old} is up to date\n"


@pytest.mark.parametrize(("answer", "code", "moved"), [("y\n", 0, True), ("n\n", 1, False), ("", 1, False)])
def test_on_a_terminal_it_asks(
    old: Path, greenai: Command, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, moved: bool
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)

    done = greenai("init", "--upgrade", old)

    assert (done.code, (old / "stacks" / "components").exists()) == (code, not moved)
    assert "Change the project?" in done.out


@pytest.mark.parametrize(
    ("line", "after", "said"),
    [
        ("greenai-infra[aws,gcp]==0.1.0", f"greenai-infra[aws,gcp]=={__version__}", False),
        ("greenai-infra==0.1.0  # ours", f"greenai-infra=={__version__}  # ours", False),
        ("greenai-infra[aws] @ git+https://git.example.com/t/g@0a0a", None, True),
        ("other-greenai-infra==0.1.0", None, False),
    ],
)
def test_the_requirement_is_moved_or_named(old: Path, line: str, after: str | None, said: bool) -> None:
    file = old / "requirements.txt"
    file.write_text(f"pulumi\n{line}\n")

    upgrade = upgrade_of(old)
    upgrade.apply()

    assert file.read_text() == f"pulumi\n{after or line}\n"
    assert (f"leave requirements.txt: let its line `{line}` install {__version__} or later\n" in upgrade.text()) is said
