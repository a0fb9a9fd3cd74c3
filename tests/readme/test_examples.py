"""The examples that the READMEs mark as running without account, key or network run, each as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.in_process import run_here
from tests.readme.documents import ROOT, Block, blocks, name_of, readmes, shell_lines

MARKED = [block for readme in readmes() for block in blocks(readme) if block.runs]
NOWHERE = "http://127.0.0.1:9"
RUNS_CSV = "model,gpu,batch\nLlama-3.1-8B-Instruct,H100,64\n"
EMISSIONS_CSV = (
    "timestamp,project_name,run_id,duration,emissions,energy_consumed,region,pue,codecarbon_version\n"
    "2026-11-30T12:00:00,tune-9,0b1c,3600,0.5,2.0,stockholm,1.0,3.3.0\n"
)


def _named(block: Block) -> str:
    number = [other for other in MARKED if other.readme == block.readme].index(block) + 1
    return f"{name_of(block.readme)}:{number}"


def _history() -> str:
    """Ten days of two zones, dirtier by day."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        f"{zone},{(start + timedelta(hours=hour)).isoformat()},{mean * (1.2 if 6 <= hour % 24 < 18 else 0.8)}"
        for zone, mean in (("SE-SE3", 20), ("CA-QC", 40))
        for hour in range(240)
    ]
    return "\n".join(["# signal: average", "# basis: lifecycle", "# kind: history", "zone,datetime,g_per_kwh", *rows])


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without settings, network or ledger, who has the checkout's examples and the files that the texts name."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GREENAI_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, NOWHERE)
    for name in ("GREENAI_LEDGER", "WHOSE", "COLUMNS", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")  # so that it is taken back what an example exports
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable), prepend=os.pathsep)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("templates", "tests"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "train.py").write_text("print('loss 0.1')\n", encoding="utf-8")
    (folder / "history.csv").write_text(_history(), encoding="utf-8")
    (folder / "runs.csv").write_text(RUNS_CSV, encoding="utf-8")
    (folder / "emissions.csv").write_text(EMISSIONS_CSV, encoding="utf-8")


@pytest.fixture(scope="session")
def made_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan that several texts go on from."""
    plan = tmp_path_factory.mktemp("plan") / "plan.json"
    finetune = ROOT / "templates/workloads/finetune-7b.yaml"
    assert run_here("plan", finetune, "--source", "embedded", "--out", plan).returncode == 0
    return plan


@pytest.fixture(scope="session")
def made_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as `init` writes it, in a repository."""
    project = tmp_path_factory.mktemp("project") / "demo"
    assert run_here("init", project).returncode == 0
    (project / ".git").mkdir()
    (project / "templates").symlink_to(ROOT / "templates")
    return project


@pytest.mark.parametrize("block", MARKED, ids=_named)
def test_a_marked_example_runs(
    block: Block, made_plan: Path, made_project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if block.in_project:
        shutil.copytree(made_project, "demo", symlinks=True)
        os.chdir("demo")
    else:
        shutil.copy(made_plan, "plan.json")
    if "greenai-infra " in block.text:
        for words in shell_lines(block.text):
            _run(words)
    else:
        exec(compile(block.text, name_of(block.readme), "exec"), {})
        for shown in re.findall(r"^print\(.*#  ?(.*)$", block.text, re.MULTILINE):
            assert capfd.readouterr().out == f"{shown}\n"


def _run(words: list[str]) -> None:
    if words[0] == "export":
        for setting in words[1:]:
            name, _, value = setting.partition("=")
            os.environ[name] = value
    elif words[0] == "cd":
        os.chdir(words[1])
    else:
        assert words[0] == "greenai-infra"
        words, target = (words[:-2], words[-1]) if ">" in words else (words, None)
        given = [part for word in words[1:] for part in (os.path.expandvars(word).split() if "$" in word else [word])]
        done = run_here(*given)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        assert done.stdout
        if target:
            Path(target).write_text(done.stdout, encoding="utf-8")


def test_the_comment_that_the_readme_shows_is_what_the_command_prints(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^>(?: (.*))?$", text, re.MULTILINE)
    project = tmp_path / "demo"
    assert run_here("init", project).returncode == 0
    preview = run_here("preview", "--offline", "--stack", "finetune-7b-eu-north-1", "--json", cwd=project)
    (tmp_path / "head.json").write_text(preview.stdout, encoding="utf-8")

    done = run_here("comment", tmp_path / "head.json", "--plan", "plan.json", "--dry-run", cwd=project)

    printed = [line for line in done.stdout.splitlines() if line]
    start = printed.index(quoted[0])
    assert printed[start:][: len([line for line in quoted if line])] == [line for line in quoted if line]
