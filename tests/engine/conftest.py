"""Fixtures for the tests on the real engine: `engine`, and `project` for a small program of the test's own."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from .engine_cli import Engine, find_engine
from .project import Project, write_project

pytest.register_assert_rewrite(f"{__package__}.lifecycle")  # or its failures would not show the values


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The real engine with the stand-ins on its PATH, with state of its own for each file; without one tests skip."""
    binary, reason = find_engine()
    if binary is None:
        pytest.skip(reason)
    return Engine.in_folder(binary, tmp_path_factory.mktemp("engine"))


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> Callable[..., Project]:
    """Makes a project from a program's text, with a fresh stack: `project(text, {"aws:region": "eu-north-1"})`."""

    def make(program: str, config: dict[str, str] | None = None) -> Project:
        write_project(tmp_path, program)
        made = Project(engine, tmp_path, f"test-{uuid.uuid4().hex[:8]}")
        made.pulumi("stack", "init", "--no-select")
        made.set(**(config or {"aws:region": "eu-north-1"}))
        return made

    return make
