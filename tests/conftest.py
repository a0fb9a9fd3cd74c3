"""What holds for all tests: how many processes they run in, and that nothing of the user's reaches them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PROCESSES = 8

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does: each process is one of several

# How fast an example is says how busy the machine is.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the fault campaign (tests/campaign), which pytest knows only from here."""
    group = parser.getgroup("fault campaign")
    group.addoption("--campaign-seed", type=int, default=20261123, help="what the faults are drawn from")
    group.addoption("--soak-requests", type=int, default=50_000, help="how many requests the soak of the cache sends")
    group.addoption("--campaign-cases", type=int, default=1500, help="how many faults to inject into live sources")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run folders of tests in a process for each processor, unless `-n` or `-p no:xdist` says otherwise.

    One process is enough for files that are named one by one, and benchmarks want the machine for themselves.
    """
    in_worker = hasattr(config, "workerinput")
    if in_worker or not config.pluginmanager.hasplugin("xdist") or config.option.numprocesses is not None:
        return
    files_only = all(name.partition("::")[0].endswith(".py") for name in config.args)
    if not (files_only or config.option.usepdb or config.getoption("--benchmark-only", default=False)):
        config.option.numprocesses = min(max(2, os.cpu_count() or 2), MOST_PROCESSES)
        config.option.dist = "worksteal"


@pytest.fixture(autouse=True, scope="session")
def _embedded_prices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prices that somebody has fetched on this machine are none of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield
