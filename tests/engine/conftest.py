"""Fixtures for the tests on the real engine: `engine`, and `project` for a small program of the test's own."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .engine_cli import Engine, exec_script, find_engine
from .project import Project, write_project
from .warm import Warm

MakeProject = Callable[..., Project]

pytest.register_assert_rewrite(f"{__package__}.lifecycle")  # or its failures would not show the values


@pytest.fixture(scope="session")
def binary() -> Path:
    """The real engine; without one tests skip."""
    found, reason = find_engine()
    if found is None:
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def warm(binary: Path) -> Iterator[Warm]:
    warm = Warm(str(exec_script(binary)))
    yield warm
    warm.close()


@pytest.fixture(scope="module")
def engine(binary: Path, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The real engine, attached to the doubles in this process, with state of its own for each file."""
    return Engine.in_folder(binary, tmp_path_factory.mktemp("engine"), warm)


@pytest.fixture(scope="module")
def cold_engine(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The real engine as a user's runs: it starts plugins from its PATH, and they a new interpreter for the program."""
    return Engine.in_folder(binary, tmp_path_factory.mktemp("engine"))


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> MakeProject:
    """Makes a project from a program's text, with a fresh stack: `project(text, {"aws:region": "eu-north-1"})`."""
    return projects(engine, tmp_path)


@pytest.fixture
def cold_project(cold_engine: Engine, tmp_path: Path) -> MakeProject:
    return projects(cold_engine, tmp_path)


def projects(engine: Engine, folder: Path) -> MakeProject:
    def make(program: str, config: dict[str, str] | None = None) -> Project:
        write_project(folder, program)
        made = Project(engine, folder, f"test-{uuid.uuid4().hex[:8]}")
        made.pulumi("stack", "init", "--no-select")
        made.set(**(config or {"aws:region": "eu-north-1"}))
        return made

    return make
