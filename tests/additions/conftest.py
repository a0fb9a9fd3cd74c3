"""A file that is added to a folder of the package for one test, as if it had always lain there."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

Add = Callable[..., None]


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
