"""A file that is added to a folder of the package for one test, as if it had always lain there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

Add = Callable[..., None]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """`add(package, name, text, *registries)`: writes the module, and makes the registries read the folder again."""
    added: list[tuple[str, str]] = []
    cached: list[Any] = []

    def write(package: str, name: str, text: str, *registries: Callable[[], object]) -> None:
        folder = tmp_path / package
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
        module = import_module(package)
        monkeypatch.setattr(module, "__path__", [*module.__path__, str(folder)])
        added.append((package, name))
        cached.extend(registries)
        for registry in registries:
            registry.cache_clear()  # type: ignore[attr-defined]

    yield write
    monkeypatch.undo()
    for package, name in added:
        sys.modules.pop(f"{package}.{name}", None)
        vars(sys.modules[package]).pop(name, None)
    for registry in cached:
        registry.cache_clear()


class Copy:
    """A copy of the package, in which a file can be added, and the commands that run from it as a user runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "greenai_infra"
        shutil.copytree(ROOT / "greenai_infra", self.package)  # with what is compiled, which starts sooner
        for name in ("Pulumi.yaml", "stacks", "templates", "training"):
            (folder / name).symlink_to(ROOT / name)

    def write(self, path: str, text: str) -> None:
        """Add one file."""
        assert not (self.package / path).exists()
        (self.package / path).write_text(dedent(text), encoding="utf-8")

    def append(self, path: str, row: str) -> None:
        """Add one row to a table."""
        table = (self.package / path).read_text(encoding="utf-8")
        (self.package / path).unlink()
        (self.package / path).write_text(table + row, encoding="utf-8")

    def run(self, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run `greenai-infra ARGUMENTS` from this copy."""
        return self._run("-m", "greenai_infra", *map(str, arguments), cwd=cwd)

    def python(self, code: str) -> str:
        """What a few lines that import this copy print."""
        done = self._run("-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(self.folder), "GREENAI_CACHE_DIR": str(self.folder / "cache")}
        folder = cwd or self.folder
        return subprocess.run(
            [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of the package for one test."""
    (tmp_path / "copy").mkdir()
    return Copy(tmp_path / "copy")
