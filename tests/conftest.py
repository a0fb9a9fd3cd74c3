"""Options of the fault campaign (tests/campaign), which pytest knows only from here; no catalogue of the user's."""

from collections.abc import Iterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fault campaign")
    group.addoption("--campaign-seed", type=int, default=20261123, help="what the faults are drawn from")
    group.addoption("--campaign-cases", type=int, default=1500, help="how many faults to inject into live sources")


@pytest.fixture(autouse=True, scope="session")
def _embedded_prices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prices that somebody has fetched on this machine are none of the tests'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield
