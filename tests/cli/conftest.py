"""The command line in this process: `greenai("select", "plan.json", cwd=folder)`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from greenai_infra.cli import main

ROOT = Path(__file__).parents[2]


class Done(NamedTuple):
    """What a command has printed, and its exit code."""

    code: int
    out: str
    err: str


class Command(Protocol):
    """Runs a command in a folder."""

    def __call__(self, *arguments: object, cwd: Path | None = None) -> Done: ...


@pytest.fixture
def greenai(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """The command line, without settings of the user and with its streams captured."""
    for name in ("ELECTRICITYMAPS_TOKEN", "ELECTRICITYMAPS_BASE_URL", "COLUMNS", "GREENAI_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(main, "_start_lightly", lambda: None)

    def run(*arguments: object, cwd: Path | None = None) -> Done:
        monkeypatch.setattr(sys, "argv", ["greenai-infra", *map(str, arguments)])
        monkeypatch.chdir(cwd or tmp_path)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.run()
        out, err = capsys.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    """A folder with this repository's own project, without a stack."""
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks", folder / "stacks", ignore=shutil.ignore_patterns("__pycache__"))
    return folder
